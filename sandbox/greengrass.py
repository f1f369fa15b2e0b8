"""Greengrass v2 on this machine: its real API on loopback, and a device agent beside every simulated camera.

Components and deployments are the cloud's; which of them reach a device its thing's groups in AWS IoT say.
"""

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from sandbox.aws_model import Json, RefusalError
from sandbox.aws_service import Aws, AwsServer, Operation, filled, page, serving
from sandbox.device import Device
from sandbox.device_proof import Heard
from sandbox.device_work import Work
from sandbox.emulator import ACCOUNT, REGION, Emulator
from sandbox.gate import Gate, greengrass_resources
from sandbox.greengrass_components import Components, missing
from sandbox.greengrass_deployments import Deployments
from sandbox.nucleus import Cloud, Process

_PAGE = 100
_PATIENCE_S = 90.0
_NUCLEUS = "2.6.0"
_PLATFORM = {"platform": "linux", "architecture": "aarch64", "runtime": "aws_nucleus_lite"}


@dataclass
class Greengrass:
    """The running service; devices join when their cameras are enrolled.

    Attributes:
        devices: By the name of their thing.
    """

    folder: Path
    patience_s: float
    devices: dict[str, Device] = field(default_factory=dict)
    components: Components = field(init=False)
    deployments: Deployments = field(init=False)
    _tags: dict[str, dict[str, str]] = field(default_factory=dict)
    _aws: Aws | None = None
    _heard: Heard | None = None
    _server: AwsServer | None = None

    def __post_init__(self) -> None:
        self.components = Components(self._connected)
        self.deployments = Deployments(self._targets_of, self._require_target)

    @property
    def endpoint(self) -> str:
        """Return the URL that clients of Greengrass v2 are pointed at."""
        return self._server.address if self._server else ""

    def connect(self, aws: Aws, heard: Heard) -> None:
        """Learn where S3 and AWS IoT are, and how cameras' heartbeats are read; an emulator also says who may call."""
        self._aws, self._heard = aws, heard
        if self._server and isinstance(aws, Emulator):
            self._server.check = Gate(aws, "greengrass", greengrass_resources).check

    def join(self, thing: str, camera: Process) -> Device:
        """Start the device agent of a camera; its thing may be in groups already, or be added later.

        Raises:
            RefusalError: If `connect` was not called.
        """
        work = Work(self.folder / "devices" / thing, thing)
        aws, heard = self._connected(), self._heard
        if heard is None:
            raise _not_up()
        cloud = Cloud(self.components, self.deployments, aws, heard)
        device = self.devices[thing] = Device(work, camera, cloud, self.patience_s)
        device.start()
        return device

    def operations(self) -> dict[str, Operation]:
        """Return what each operation does."""
        return {
            "CreateComponentVersion": self.components.create,
            "GetComponent": self.components.get,
            "DescribeComponent": self.components.describe,
            "ListComponentVersions": self.components.list_versions,
            "DeleteComponent": self.components.delete,
            "CreateDeployment": self.deployments.create,
            "GetDeployment": self.deployments.get,
            "ListDeployments": self.deployments.list,
            "CancelDeployment": self.deployments.cancel,
            "ListEffectiveDeployments": self._list_effective,
            "ListCoreDevices": self._list_devices,
            "GetCoreDevice": self._get_device,
            "ListInstalledComponents": self._list_installed,
            "TagResource": self._tag,
            "UntagResource": self._untag,
            "ListTagsForResource": self._list_tags,
        }

    def _connected(self) -> Aws:
        if self._aws is None:
            raise _not_up()
        return self._aws

    def _targets_of(self, thing: str) -> list[str]:
        iot = self._connected().client("iot")
        groups = iot.list_thing_groups_for_thing(thingName=thing)["thingGroups"]
        return [_arn("thing", thing), *(each["groupArn"] for each in groups)]

    def _require_target(self, arn: str) -> None:
        iot = self._connected().client("iot")
        kind, _, name = arn.rpartition(":")[2].partition("/")
        try:
            if kind == "thinggroup":
                iot.describe_thing_group(thingGroupName=name)
            else:
                iot.describe_thing(thingName=name)
        except iot.exceptions.ResourceNotFoundException as error:
            raise missing(kind, arn) from error

    def _device(self, asked: Json) -> Device:
        thing = asked["coreDeviceThingName"]
        if thing not in self.devices:
            raise missing("coreDevice", thing)
        return self.devices[thing]

    def _list_effective(self, asked: Json) -> Json:
        self._device(asked)
        return self.deployments.list_effective(asked)

    def _list_devices(self, asked: Json) -> Json:
        group, status = asked.get("thingGroupArn"), asked.get("status", "HEALTHY")
        found = [
            _summary(each)
            for each in self.devices.values()
            if status == "HEALTHY" and (group is None or group in self._targets_of(each.thing))
        ]
        shown, token = page(found, asked.get("maxResults", _PAGE), asked.get("nextToken"))
        return filled(coreDevices=shown, nextToken=token)

    def _get_device(self, asked: Json) -> Json:
        return _summary(self._device(asked)) | {"coreVersion": _NUCLEUS, "tags": {}}

    def _list_installed(self, asked: Json) -> Json:
        device = self._device(asked)
        found = [
            {
                "componentName": name,
                "componentVersion": each.version,
                "lifecycleState": "RUNNING",
                "isRoot": True,
                "lastStatusChangeTimestamp": each.since_s,
                "lastReportedTimestamp": device.told_s,
                "lastInstallationSource": each.source,
            }
            for name, each in sorted(device.installed.items())
        ]
        shown, token = page(found, asked.get("maxResults", _PAGE), asked.get("nextToken"))
        return filled(installedComponents=shown, nextToken=token)

    def _tag(self, asked: Json) -> Json:
        self._tags.setdefault(asked["resourceArn"], {}).update(asked["tags"])
        return {}

    def _untag(self, asked: Json) -> Json:
        for key in asked["tagKeys"]:
            self._tags.get(asked["resourceArn"], {}).pop(key, None)
        return {}

    def _list_tags(self, asked: Json) -> Json:
        return {"tags": self._tags.get(asked["resourceArn"], {})}


@contextlib.contextmanager
def greengrass(state_dir: Path, patience_s: float = _PATIENCE_S) -> Iterator[Greengrass]:
    """Serve Greengrass until the block ends; `connect` it to an emulator when there is one, then let devices `join`.

    Args:
        state_dir: Keeps the devices' disks and the log of calls, under `greengrass`.
        patience_s: How long a new model has to show in a camera's heartbeat.
    """
    folder = state_dir / "greengrass"
    folder.mkdir(parents=True, exist_ok=True)
    service = Greengrass(folder, patience_s)
    with serving("greengrassv2", service.operations(), folder / "calls.log") as server:
        service._server = server  # noqa: SLF001 - the port is known only now
        try:
            yield service
        finally:
            for device in service.devices.values():
                device.end()


def _summary(device: Device) -> Json:
    return {
        "coreDeviceThingName": device.thing,
        "status": "HEALTHY",
        "lastStatusUpdateTimestamp": device.told_s,
        **_PLATFORM,
    }


def _arn(kind: str, name: str) -> str:
    return f"arn:aws:iot:{REGION}:{ACCOUNT}:{kind}/{name}"


def _not_up() -> RefusalError:
    return RefusalError("InternalServerException", "the sandbox is not up yet", 500)
