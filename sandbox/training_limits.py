"""What a training job may ask for here: the rest is refused, as it would silently be something else than on SageMaker."""

from sandbox.aws_model import Json, RefusalError
from sandbox.container import OPT_ML


def require_supported(asked: Json) -> None:
    """Refuse a request that is valid in SageMaker and cannot be done here.

    Raises:
        RefusalError: Naming the parameter and the value.
    """
    specification = asked["AlgorithmSpecification"]
    if not specification.get("ContainerEntrypoint"):
        raise _unsupported("AlgorithmSpecification.ContainerEntrypoint", None)
    if specification["TrainingInputMode"] != "File":
        raise _unsupported("TrainingInputMode", specification["TrainingInputMode"])
    if (count := asked["ResourceConfig"].get("InstanceCount", 1)) != 1:
        kind = asked["ResourceConfig"].get("InstanceType")
        message = (
            f"The account-level service limit '{kind} for training job usage' is 1 Instances,"
            f" with current utilization of 0 Instances and a request delta of {count} Instances."
        )
        raise RefusalError("ResourceLimitExceeded", message)
    for channel in asked.get("InputDataConfig", []):
        source = channel["DataSource"].get("S3DataSource")
        kind = source and source["S3DataType"]
        if (
            kind not in ("S3Prefix", "ManifestFile")
            or channel.get("CompressionType", "None") != "None"
        ):
            raise _unsupported(f"InputDataConfig.{channel['ChannelName']}", channel)
    if asked.get("EnableManagedSpotTraining"):
        _require_wait(asked["StoppingCondition"])
    local = asked.get("CheckpointConfig", {}).get("LocalPath", OPT_ML)
    if not local.startswith(OPT_ML):
        raise _unsupported("CheckpointConfig.LocalPath", local)


def _require_wait(condition: Json) -> None:
    if condition.get("MaxWaitTimeInSeconds", 0) < condition["MaxRuntimeInSeconds"]:
        message = "MaxWaitTimeInSeconds must be equal to or greater than MaxRuntimeInSeconds"
        raise RefusalError("ValidationException", f"Invalid {message}, got {condition}")


def _unsupported(name: str, value: object) -> RefusalError:
    return RefusalError("ValidationException", f"{name}: the sandbox cannot run {value!r:.200}")
