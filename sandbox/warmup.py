"""The first messages through a new cloud: they prove the way from topic to table, and start the Lambdas' processes.

A cold start takes seconds here and is no part of what a run measures. Nothing that is counted is left behind.
"""

import json
import time
from concurrent.futures import ThreadPoolExecutor

from fabwafer.messages import Heartbeat
from sandbox.cloud import Cloud
from sandbox.errors import SandboxError
from sandbox.fleet import Device
from sandbox.mqtt import MqttClient

_CONSUMERS = ("RoutePredictionFunction", "SendAlertsFunction", "OpenReviewFunction")
_PATIENCE_S = 60.0
_POLL_S = 0.1


def warm_up(cloud: Cloud, device: Device) -> None:
    """Send a heartbeat until it is in the cameras table, and an empty batch to every queue's consumer.

    Raises:
        SandboxError: If the heartbeat does not arrive.
    """
    _send_heartbeat(cloud, device)
    with ThreadPoolExecutor(len(_CONSUMERS)) as pool:
        list(pool.map(lambda function: _invoke_with_nothing(cloud, function), _CONSUMERS))


def _send_heartbeat(cloud: Cloud, device: Device) -> None:
    heartbeat = Heartbeat(
        fab=device.fab,
        camera=device.camera,
        timestamp=time.time_ns() // 1_000_000,
        version="sandbox",
        uptime_s=0,
    )
    with MqttClient(cloud.emulator.mqtt_port, device.credentials, device.thing) as client:
        client.publish(str(heartbeat.topic), heartbeat.to_bytes())
    deadline = time.monotonic() + _PATIENCE_S
    while not cloud.count("CamerasTable"):
        if time.monotonic() > deadline:
            raise SandboxError(
                f"a heartbeat did not reach the table in {_PATIENCE_S:.0f} s: {cloud.emulator.log}"
            )
        time.sleep(_POLL_S)


def _invoke_with_nothing(cloud: Cloud, function: str) -> None:
    answer = cloud.emulator.client("lambda").invoke(
        FunctionName=cloud.outputs[function], Payload=json.dumps({"Records": []})
    )
    if "FunctionError" in answer:
        text = answer["Payload"].read().decode(errors="replace")
        raise SandboxError(f"{cloud.outputs[function]} fails on an empty batch: {text}")
