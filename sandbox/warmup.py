"""The first messages through a new cloud: they prove the way from topic to table and bucket, and start the Lambdas.

Their processes take seconds to start here, which is no part of what a run measures. Nothing that is counted stays.
"""

import json
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import numpy as np

from edge_component.pictures import encode_dies
from fabwafer.messages import Heartbeat, ImageMessage
from sandbox.cloud import Cloud
from sandbox.errors import SandboxError
from sandbox.fleet import Device
from sandbox.mqtt import MqttClient

_CONSUMERS = ("RoutePredictionFunction", "SendAlertsFunction", "OpenReviewFunction")
_PATIENCE_S = 60.0
_POLL_S = 0.1


def warm_up(cloud: Cloud, device: Device, environments: int) -> None:
    """Send a heartbeat until it is in its table, then start every function as often as it may run at once.

    Raises:
        SandboxError: If a message does not arrive.
    """
    with MqttClient(cloud.emulator.mqtt_port, device.credentials, device.thing) as client:
        _send_heartbeat(client, device)
        _wait(cloud, "a heartbeat", lambda: cloud.count("CamerasTable") > 0)
        for number in range(environments):
            _send_heartbeat(client, device)
            _send_picture(client, device, number)
    with ThreadPoolExecutor(environments * len(_CONSUMERS)) as pool:
        list(pool.map(lambda each: _invoke_with_nothing(cloud, each), _CONSUMERS * environments))
    _wait(cloud, "a picture", lambda: len(cloud.keys("ImagesBucket")) == environments)
    for key in cloud.keys("ImagesBucket"):
        cloud.emulator.client("s3").delete_object(Bucket=cloud.outputs["ImagesBucket"], Key=key)


def _send_heartbeat(client: MqttClient, device: Device) -> None:
    heartbeat = Heartbeat(
        fab=device.fab,
        camera=device.camera,
        timestamp=_now_ms(),
        version="sandbox",
        uptime_s=0,
    )
    client.publish(str(heartbeat.topic), heartbeat.to_bytes())


def _send_picture(client: MqttClient, device: Device, number: int) -> None:
    picture = ImageMessage.inline(
        encode_dies(np.ones((8, 8), np.uint8)),
        fab=device.fab,
        camera=device.camera,
        imgid=f"trial-{number}",
        timestamp=_now_ms(),
    )
    client.publish(str(picture.topic), picture.to_bytes())


def _wait(cloud: Cloud, what: str, arrived: Callable[[], bool]) -> None:
    deadline = time.monotonic() + _PATIENCE_S
    while not arrived():
        if time.monotonic() > deadline:
            raise SandboxError(
                f"{what} did not arrive in {_PATIENCE_S:.0f} s: {cloud.emulator.log}"
            )
        time.sleep(_POLL_S)


def _now_ms() -> int:
    return time.time_ns() // 1_000_000


def _invoke_with_nothing(cloud: Cloud, function: str) -> None:
    answer = cloud.emulator.client("lambda").invoke(
        FunctionName=cloud.outputs[function], Payload=json.dumps({"Records": []})
    )
    if "FunctionError" in answer:
        text = answer["Payload"].read().decode(errors="replace")
        raise SandboxError(f"{cloud.outputs[function]} fails on an empty batch: {text}")
