import hashlib
import io
import json
import os
import time
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import yaml
from botocore.exceptions import ClientError
from sandbox_aws import Moto, client_of, eventually, mocked

from fabwafer.bundle import MANIFEST, read_bundle, sealed
from sandbox.aws_model import model_of
from sandbox.device import Device
from sandbox.device_proof import MODEL, SHADOW, Beat
from sandbox.greengrass import Greengrass, greengrass

ROOT = Path(__file__).resolve().parents[2]
THING, OTHER = "faba--camera1", "faba--camera2"
GROUP, EARLY = "FabWaferModelCanary", "FabWaferModelEarly"
GROUP_ARN = f"arn:aws:iot:eu-central-1:123456789012:thinggroup/{GROUP}"
OVER = ("SUCCEEDED", "FAILED", "REJECTED")
PATIENCE_S = 3.0


@dataclass
class Camera:
    """Reads its bundles as the edge component does, and beats at once."""

    device: Device | None = None
    running: bool = False
    refuses: str | None = None
    starts: list[float] = field(default_factory=list)
    model: str | None = None

    def start(self) -> None:
        self.running = True
        self.starts.append(time.time())
        wanted = _model(self.device.model_dir)
        self.model = self.model if wanted == self.refuses else wanted

    def stop(self) -> None:
        self.running = False

    def beat(self) -> Beat:
        now = time.time()
        shadow = _model(self.device.shadow_dir)
        return Beat(
            received_s=now,
            uptime_s=now - self.starts[-1],
            model=self.model,
            shadow=None if shadow == self.refuses else shadow,
            degraded=("shadow: not signed",) if shadow and shadow == self.refuses else (),
        )


def _model(folder: Path) -> str | None:
    return read_bundle(folder).model if (folder / MANIFEST).exists() else None


@dataclass
class Fleet:
    """A service with one device, whose thing is in a group."""

    service: Greengrass
    client: Any
    aws: Moto
    camera: Camera
    device: Device

    def put(self, version: str, name: str = MODEL, serial: int = 1) -> None:
        self.aws.client("s3").put_object(
            Bucket="models", Key=_key(name, serial), Body=bundle(version)
        )
        self.client.create_component_version(inlineRecipe=recipe(name, serial))

    def deploy(self, components: dict[str, int], target: str = GROUP_ARN, **more: Any) -> str:
        wanted = {
            name: {"componentVersion": f"{serial}.0.0"} for name, serial in components.items()
        }
        asked = {"targetArn": target, "components": wanted} | more
        return self.client.create_deployment(**asked)["deploymentId"]

    def fate(self, deployment: str) -> dict[str, Any]:
        found = self.client.list_effective_deployments(coreDeviceThingName=THING)
        return {each["deploymentId"]: each for each in found["effectiveDeployments"]}[deployment]

    def settled(self, deployment: str) -> dict[str, Any]:
        eventually(
            "the deployment is over",
            lambda: self.fate(deployment)["coreDeviceExecutionStatus"] in OVER,
        )
        return self.fate(deployment)

    def done(self, components: dict[str, int], **more: Any) -> None:
        fate = self.settled(self.deploy(components, **more))
        assert fate["coreDeviceExecutionStatus"] == "SUCCEEDED", fate

    def runs(self, name: str = MODEL) -> str | None:
        return _model(self.device.work.bundle(name))

    def installed(self) -> dict[str, str]:
        found = self.client.list_installed_components(coreDeviceThingName=THING)
        return {
            each["componentName"]: each["componentVersion"] for each in found["installedComponents"]
        }


def bundle(version: str) -> bytes:
    """A bundle of the shipped model's manifest, with other weights and another version."""
    weights = f"weights of {version}".encode()
    shipped = json.loads((ROOT / "models" / "wafer-map" / MANIFEST).read_text())
    manifest = shipped | {
        "version": version,
        "policy": shipped["policy"] | {"model": f"{shipped['name']}@{version}"},
        "files": {"model.onnx": hashlib.sha256(weights).hexdigest()},
    }
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("model.onnx", weights)
        archive.writestr(MANIFEST, json.dumps(sealed(manifest)))
    return packed.getvalue()


def recipe(name: str, serial: int) -> bytes:
    """The shipped recipe, as the loop fills it in."""
    text = (ROOT / "edge_component" / "model_recipe.yaml").read_text()
    told = yaml.safe_load(text.replace("{COMPONENT_VERSION}", f"{serial}.0.0"))
    told["ComponentName"] = name
    told["Manifests"][0]["Artifacts"][0]["Uri"] = f"s3://models/{_key(name, serial)}"
    return json.dumps(told).encode()


def _key(name: str, serial: int) -> str:
    return f"{name}/{serial}/wafer-map.zip"


@pytest.fixture(scope="module")
def aws() -> Iterator[Moto]:
    with mocked() as aws:
        location = {"LocationConstraint": "eu-central-1"}
        aws.client("s3").create_bucket(Bucket="models", CreateBucketConfiguration=location)
        for group in (GROUP, EARLY):
            aws.client("iot").create_thing_group(thingGroupName=group)
        for thing in (THING, OTHER):
            aws.client("iot").create_thing(thingName=thing)
        yield aws


@pytest.fixture
def fleet(aws: Moto, tmp_path: Path) -> Iterator[Fleet]:
    with greengrass(tmp_path, PATIENCE_S) as service:
        iot = aws.client("iot")
        iot.add_thing_to_thing_group(thingGroupName=GROUP, thingName=THING)
        for group, thing in ((EARLY, THING), (GROUP, OTHER)):
            iot.remove_thing_from_thing_group(thingGroupName=group, thingName=thing)
        camera = Camera()
        service.connect(aws, lambda _: camera.beat())
        camera.device = device = service.join(THING, camera)
        made = Fleet(service, client_of("greengrassv2", service.endpoint), aws, camera, device)
        made.put("1.0")
        made.done({MODEL: 1})
        camera.start()
        yield made


def code(call: Callable[[], Any]) -> str:
    with pytest.raises(ClientError) as refused:
        call()
    return refused.value.response["Error"]["Code"]


def test_a_deployed_bundle_runs_after_a_restart_of_the_camera(fleet: Fleet) -> None:
    fleet.put("2.0", serial=2)
    fleet.done({MODEL: 2})
    assert fleet.camera.model == "wafer-map@2.0"
    assert len(fleet.camera.starts) == 2
    assert fleet.installed() == {MODEL: "2.0.0"}


def test_a_shadow_comes_beside_and_goes_without_a_restart(fleet: Fleet) -> None:
    fleet.put("2.0", SHADOW, 2)
    fleet.done({MODEL: 1, SHADOW: 2})
    assert fleet.runs(SHADOW) == "wafer-map@2.0"
    fleet.done({MODEL: 1})
    assert fleet.runs(SHADOW) is None
    assert fleet.installed() == {MODEL: "1.0.0"}
    assert len(fleet.camera.starts) == 1


def test_a_bundle_that_the_camera_refuses_comes_off_again(fleet: Fleet) -> None:
    fleet.put("2.0", serial=2)
    fleet.camera.refuses = "wafer-map@2.0"
    fate = fleet.settled(fleet.deploy({MODEL: 2}))
    assert fate["coreDeviceExecutionStatus"] == "FAILED"
    assert fate["reason"].startswith("FAILED_ROLLBACK_COMPLETE")
    assert fate["statusDetails"]["errorStack"] == ["DEPLOYMENT_FAILURE", "COMPONENT_BROKEN"]
    assert fleet.runs() == fleet.camera.model == "wafer-map@1.0"
    assert fleet.installed() == {MODEL: "1.0.0"}


def test_a_shadow_that_the_camera_refuses_comes_off_again(fleet: Fleet) -> None:
    fleet.put("2.0", SHADOW, 2)
    fleet.camera.refuses = "wafer-map@2.0"
    fate = fleet.settled(fleet.deploy({MODEL: 1, SHADOW: 2}))
    assert "not signed" in fate["reason"]
    assert fleet.runs(SHADOW) is None
    assert fleet.camera.model == "wafer-map@1.0"


def test_a_bundle_altered_on_the_way_changes_nothing(fleet: Fleet) -> None:
    fleet.put("2.0", serial=2)
    fleet.device.corrupt_next()
    fate = fleet.settled(fleet.deploy({MODEL: 2}))
    assert fate["reason"].startswith("FAILED_NO_STATE_CHANGE: ARTIFACT_CHECKSUM_MISMATCH")
    assert len(fleet.camera.starts) == 1
    fleet.done({MODEL: 2})


def test_a_bundle_altered_on_the_disk_is_not_installed(fleet: Fleet) -> None:
    fleet.put("2.0", serial=2)
    fleet.device.corrupt_next(checked=True)
    fate = fleet.settled(fleet.deploy({MODEL: 2}))
    assert fate["coreDeviceExecutionStatus"] == "FAILED"
    assert fleet.runs() == fleet.camera.model == "wafer-map@1.0"


def test_a_full_disk_changes_nothing_until_there_is_room(fleet: Fleet) -> None:
    fleet.put("2.0", serial=2)
    fleet.device.fill_disk(100)
    fate = fleet.settled(fleet.deploy({MODEL: 2}))
    assert fate["reason"].startswith("FAILED_NO_STATE_CHANGE: DISK_SPACE_CRITICAL")
    assert fleet.runs() == "wafer-map@1.0"
    fleet.device.empty_disk()
    fleet.done({MODEL: 2})


def test_a_device_may_turn_a_deployment_down(fleet: Fleet) -> None:
    fleet.put("2.0", serial=2)
    fleet.device.refuse_next()
    fate = fleet.settled(fleet.deploy({MODEL: 2}))
    assert fate["coreDeviceExecutionStatus"] == "REJECTED"
    assert fleet.runs() == "wafer-map@1.0"


def test_a_device_that_was_offline_gets_the_latest_and_nothing_between(fleet: Fleet) -> None:
    fleet.put("2.0", serial=2)
    fleet.put("3.0", serial=3)
    fleet.device.go_offline()
    between = fleet.deploy({MODEL: 2})
    assert fleet.fate(between)["coreDeviceExecutionStatus"] == "QUEUED"
    latest = fleet.deploy({MODEL: 3})
    time.sleep(0.5)
    assert fleet.fate(latest)["coreDeviceExecutionStatus"] == "QUEUED"
    fleet.device.come_back()
    assert fleet.settled(latest)["coreDeviceExecutionStatus"] == "SUCCEEDED"
    assert fleet.camera.model == "wafer-map@3.0"
    assert len(fleet.camera.starts) == 2


def test_a_canceled_deployment_does_not_reach_a_device_that_comes_back(fleet: Fleet) -> None:
    fleet.put("2.0", serial=2)
    fleet.device.go_offline()
    deployment = fleet.deploy({MODEL: 2})
    fleet.client.cancel_deployment(deploymentId=deployment)
    fleet.device.come_back()
    time.sleep(0.5)
    assert fleet.camera.model == "wafer-map@1.0"
    cancel = fleet.client.cancel_deployment
    assert code(lambda: cancel(deploymentId=deployment)) == "ConflictException"


def test_a_way_back_runs_the_older_bundle_under_a_new_version(fleet: Fleet) -> None:
    fleet.put("2.0", serial=2)
    fleet.done({MODEL: 2})
    fleet.put("1.0", serial=3)
    fleet.done({MODEL: 3})
    assert fleet.camera.model == "wafer-map@1.0"
    assert fleet.installed() == {MODEL: "3.0.0"}


def test_a_device_whose_camera_rests_installs_without_proof(fleet: Fleet) -> None:
    fleet.camera.stop()
    fleet.put("2.0", serial=2)
    fleet.done({MODEL: 2})
    assert fleet.runs() == "wafer-map@2.0"
    assert len(fleet.camera.starts) == 1


def test_a_camera_that_stays_silent_fails_the_deployment(fleet: Fleet) -> None:
    silent_since = fleet.camera.beat()
    fleet.service.connect(fleet.aws, lambda _: silent_since)
    fleet.aws.client("iot").add_thing_to_thing_group(thingGroupName=GROUP, thingName=OTHER)
    other = fleet.service.join(OTHER, fleet.camera)
    eventually("it gave up", lambda: other._done)
    found = fleet.client.list_effective_deployments(coreDeviceThingName=OTHER)
    assert "in a heartbeat" in found["effectiveDeployments"][0]["reason"]


def test_two_groups_that_want_different_versions_are_told_so(fleet: Fleet) -> None:
    fleet.put("2.0", serial=2)
    early = GROUP_ARN.replace(GROUP, EARLY)
    fleet.aws.client("iot").add_thing_to_thing_group(thingGroupName=EARLY, thingName=THING)
    fate = fleet.settled(fleet.deploy({MODEL: 2}, early))
    assert "both 1.0.0 and 2.0.0" in fate["reason"]
    assert fleet.runs() == "wafer-map@1.0"


def test_a_thing_that_changed_its_group_follows_the_new_one(fleet: Fleet) -> None:
    fleet.put("2.0", serial=2)
    iot = fleet.aws.client("iot")
    iot.remove_thing_from_thing_group(thingGroupName=GROUP, thingName=THING)
    iot.add_thing_to_thing_group(thingGroupName=EARLY, thingName=THING)
    fleet.done({MODEL: 2}, target=GROUP_ARN.replace(GROUP, EARLY))
    assert fleet.camera.model == "wafer-map@2.0"


def test_a_version_that_is_not_there_changes_nothing(fleet: Fleet) -> None:
    fate = fleet.settled(fleet.deploy({MODEL: 9}))
    assert fate["statusDetails"]["errorStack"][1] == "NO_AVAILABLE_COMPONENT_VERSION"
    assert fleet.runs() == "wafer-map@1.0"


def test_other_components_are_noted_as_installed(fleet: Fleet) -> None:
    fleet.done({MODEL: 1, "com.fabwafer.Edge": 4})
    assert fleet.installed() == {MODEL: "1.0.0", "com.fabwafer.Edge": "4.0.0"}
    assert len(fleet.camera.starts) == 1


def test_failures_beyond_the_criteria_end_the_deployment(fleet: Fleet) -> None:
    criterion = {
        "failureType": "FAILED",
        "action": "CANCEL",
        "thresholdPercentage": 10.0,
        "minNumberOfExecutedThings": 1,
    }
    deployment = fleet.deploy(
        {MODEL: 9}, iotJobConfiguration={"abortConfig": {"criteriaList": [criterion]}}
    )
    fleet.settled(deployment)
    found = fleet.client.get_deployment(deploymentId=deployment)
    assert found["deploymentStatus"] == "CANCELED"


def test_a_new_revision_takes_the_place_of_the_one_before(fleet: Fleet) -> None:
    (first,) = fleet.client.list_deployments(targetArn=GROUP_ARN)["deployments"]
    fleet.deploy({MODEL: 1})
    (latest,) = fleet.client.list_deployments(targetArn=GROUP_ARN)["deployments"]
    assert (latest["revisionId"], latest["deploymentStatus"]) == ("2", "ACTIVE")
    before = fleet.client.get_deployment(deploymentId=first["deploymentId"])
    assert (before["deploymentStatus"], before["isLatestForTarget"]) == ("INACTIVE", False)
    every = fleet.client.list_deployments(targetArn=GROUP_ARN, historyFilter="ALL")
    assert len(every["deployments"]) == 2


def test_a_token_makes_one_deployment(fleet: Fleet) -> None:
    token = "t" * 36
    assert fleet.deploy({MODEL: 1}, clientToken=token) == fleet.deploy(
        {MODEL: 1}, clientToken=token
    )


def test_versions_are_immutable(fleet: Fleet) -> None:
    create = fleet.client.create_component_version
    assert code(lambda: create(inlineRecipe=recipe(MODEL, 1))) == "ConflictException"


def test_a_component_without_its_artifact_cannot_be_deployed(fleet: Fleet) -> None:
    arn = fleet.client.create_component_version(inlineRecipe=recipe(MODEL, 5))["arn"]
    status = fleet.client.describe_component(arn=arn)["status"]
    assert status["componentState"] == "FAILED"
    assert list(status["errors"]) == [f"s3://models/{_key(MODEL, 5)}"]
    assert fleet.settled(fleet.deploy({MODEL: 5}))["coreDeviceExecutionStatus"] == "FAILED"


def test_a_recipe_comes_back_with_its_digests(fleet: Fleet) -> None:
    (found,) = fleet.client.list_component_versions(
        arn="arn:aws:greengrass:eu-central-1:123456789012:components:com.fabwafer.Model"
    )["componentVersions"]
    told = json.loads(fleet.client.get_component(arn=found["arn"])["recipe"])
    artifact = told["Manifests"][0]["Artifacts"][0]
    assert artifact["Algorithm"] == "SHA-256"
    assert len(artifact["Digest"]) == 44


@pytest.mark.parametrize(
    ("call", "expected"),
    [
        pytest.param(
            lambda client: client.create_component_version(inlineRecipe=b"no JSON"),
            "ValidationException",
            id="no recipe",
        ),
        pytest.param(
            lambda client: client.create_component_version(inlineRecipe=b"{}"),
            "ValidationException",
            id="an empty recipe",
        ),
        pytest.param(
            lambda client: client.create_deployment(targetArn=f"{GROUP_ARN}Nowhere"),
            "ResourceNotFoundException",
            id="no such group",
        ),
        pytest.param(
            lambda client: client.get_deployment(deploymentId="nothing"),
            "ResourceNotFoundException",
            id="no such deployment",
        ),
        pytest.param(
            lambda client: client.get_core_device(coreDeviceThingName="nobody"),
            "ResourceNotFoundException",
            id="no such device",
        ),
        pytest.param(
            lambda client: client.list_effective_deployments(coreDeviceThingName="nobody"),
            "ResourceNotFoundException",
            id="no such device's deployments",
        ),
    ],
)
def test_what_greengrass_refuses_is_refused(
    fleet: Fleet, call: Callable[[Any], Any], expected: str
) -> None:
    assert code(lambda: call(fleet.client)) == expected


def test_every_answer_is_as_the_real_api_describes_it(fleet: Fleet) -> None:
    model, operations = model_of("greengrassv2"), fleet.service.operations()
    arn = fleet.client.create_component_version(inlineRecipe=recipe(MODEL, 5))["arn"]
    (deployment,) = fleet.client.list_deployments()["deployments"]
    asked = {
        "GetComponent": {"arn": arn},
        "DescribeComponent": {"arn": arn},
        "ListComponentVersions": {"arn": arn.rpartition(":versions")[0]},
        "GetDeployment": {"deploymentId": deployment["deploymentId"]},
        "ListDeployments": {},
        "ListEffectiveDeployments": {"coreDeviceThingName": THING},
        "ListCoreDevices": {"thingGroupArn": GROUP_ARN},
        "GetCoreDevice": {"coreDeviceThingName": THING},
        "ListInstalledComponents": {"coreDeviceThingName": THING},
        "CreateDeployment": {"targetArn": GROUP_ARN},
        "TagResource": {"resourceArn": arn, "tags": {"a": "b"}},
        "ListTagsForResource": {"resourceArn": arn},
        "DeleteComponent": {"arn": arn},
    }
    complaints = {
        name: model.complaints(name, operations[name](each)) for name, each in asked.items()
    }
    assert complaints == dict.fromkeys(asked, "")


def test_tags_are_kept(fleet: Fleet) -> None:
    client = fleet.client
    (deployment,) = client.list_deployments()["deployments"]
    arn = f"arn:aws:greengrass:eu-central-1:123456789012:deployments:{deployment['deploymentId']}"
    client.tag_resource(resourceArn=arn, tags={"rollout": "000001", "by": "loop"})
    client.untag_resource(resourceArn=arn, tagKeys=["by"])
    assert client.list_tags_for_resource(resourceArn=arn)["tags"] == {"rollout": "000001"}


def test_devices_leave_no_process_behind(fleet: Fleet) -> None:
    (process,) = fleet.device.work._processes.values()
    fleet.device.end()
    assert process.poll() is not None
    with pytest.raises(ProcessLookupError):
        os.killpg(process.pid, 0)
