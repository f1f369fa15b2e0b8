import datetime
import http.client
import ipaddress
import socket
import ssl
import stat
from collections.abc import Mapping
from pathlib import Path

import boto3
import pytest
from botocore import UNSIGNED
from botocore.config import Config
from botocore.exceptions import ClientError
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from sandbox.cloud import Cloud
from sandbox.emulator import HOST, REGION
from sandbox.fleet import Device, enrol
from sandbox.mqtt import NOT_AUTHORIZED, Credentials, MqttClient, RefusedError

pytestmark = pytest.mark.sandbox

Refused = (RefusedError, ssl.SSLError, ConnectionError)


def topic(device: Device, kind: str = "prediction") -> str:
    return f"fabwafer/{device.fab}/{device.camera}/{kind}/intruder"


def connect(sandbox: Cloud, credentials: Credentials, client_id: str) -> MqttClient:
    return MqttClient(sandbox.emulator.mqtt_port, credentials, client_id)


def listening_addresses(pid: int) -> set[str]:
    """The local addresses of every listening TCP socket of a process, from /proc."""
    descriptors = Path(f"/proc/{pid}/fd")
    links = [str(entry.readlink()) for entry in descriptors.iterdir() if entry.is_symlink()]
    inodes = {link[8:-1] for link in links if link.startswith("socket:[")}
    addresses = set()
    for table in ("tcp", "tcp6"):
        for line in Path(f"/proc/{pid}/net/{table}").read_text().splitlines()[1:]:
            _, local, _, state, *rest = line.split()
            if state == "0A" and rest[5] in inodes:
                packed = bytes.fromhex(local.split(":")[0])
                words = [packed[start : start + 4][::-1] for start in range(0, len(packed), 4)]
                addresses.add(str(ipaddress.ip_address(b"".join(words))))
    return addresses


def foreign_credentials(folder: Path, ca: Path, name: str) -> Credentials:
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])
    now = datetime.datetime.now(datetime.UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(hours=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .sign(key, hashes.SHA256())
    )
    credentials = Credentials(ca, folder / "foreign.pem", folder / "foreign.key")
    (folder / "foreign.pem").write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    (folder / "foreign.key").write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    return credentials


def status(sandbox: Cloud, method: str, path: str, headers: Mapping[str, str] | None = None) -> int:
    connection = http.client.HTTPConnection(HOST, sandbox.emulator.port, timeout=5)
    try:
        connection.request(method, path, headers=headers or {})
        return connection.getresponse().status
    finally:
        connection.close()


def test_every_socket_of_the_emulator_listens_on_loopback(sandbox: Cloud) -> None:
    addresses = listening_addresses(sandbox.emulator.process.pid)
    assert addresses
    assert all(ipaddress.ip_address(address).is_loopback for address in addresses)


def test_nobody_answers_on_another_address_of_this_machine(sandbox: Cloud) -> None:
    for port in (sandbox.emulator.port, sandbox.emulator.mqtt_port):
        with pytest.raises(OSError, match="refused|assign|timed out"):
            socket.create_connection(("127.0.0.2", port), timeout=2)


def test_a_device_is_let_in_under_its_own_name_and_topics(
    sandbox: Cloud, devices: dict[str, Device]
) -> None:
    with connect(sandbox, devices["camera1"].credentials, devices["camera1"].thing) as client:
        assert (
            client.publish(
                f"fabwafer/{devices['camera1'].fab}/{devices['camera1'].camera}/unheard", b"{}"
            )
            == 0
        )


def test_a_device_without_a_certificate_is_refused(
    sandbox: Cloud, devices: dict[str, Device]
) -> None:
    with pytest.raises(Refused):
        connect(sandbox, Credentials(sandbox.emulator.ca, None, None), devices["camera1"].thing)


def test_a_certificate_of_a_foreign_authority_is_refused(
    sandbox: Cloud, devices: dict[str, Device], tmp_path: Path
) -> None:
    foreign = foreign_credentials(tmp_path, sandbox.emulator.ca, devices["camera1"].thing)
    with pytest.raises(Refused):
        connect(sandbox, foreign, devices["camera1"].thing)


@pytest.mark.parametrize("status", ["REVOKED", "INACTIVE"])
def test_a_withdrawn_certificate_is_refused(sandbox: Cloud, tmp_path: Path, status: str) -> None:
    device = enrol(sandbox.emulator, "faba", "camera1", tmp_path / status)
    with connect(sandbox, device.credentials, device.thing) as live:
        assert live.publish(f"fabwafer/{device.fab}/{device.camera}/unheard", b"{}") == 0
        sandbox.emulator.client("iot").update_certificate(
            certificateId=device.certificate_id, newStatus=status
        )
        assert live.publish(topic(device), b"{}") == NOT_AUTHORIZED
    with pytest.raises(Refused):
        connect(sandbox, device.credentials, device.thing)


@pytest.mark.parametrize("kind", ["prediction", "img", "status"])
def test_a_device_cannot_publish_as_another_camera(
    sandbox: Cloud, devices: dict[str, Device], kind: str
) -> None:
    with connect(sandbox, devices["camera1"].credentials, devices["camera1"].thing) as client:
        assert client.publish(topic(devices["camera2"], kind), b"{}") == NOT_AUTHORIZED


@pytest.mark.parametrize("rule", ["FabWaferPrediction", "FabWaferImage"])
def test_basic_ingest_is_no_way_around_it(
    sandbox: Cloud, devices: dict[str, Device], rule: str
) -> None:
    with connect(sandbox, devices["camera1"].credentials, devices["camera1"].thing) as client:
        assert (
            client.publish(f"$aws/rules/{rule}/{topic(devices['camera2'])}", b"{}")
            == NOT_AUTHORIZED
        )


def test_a_device_cannot_connect_under_another_name(
    sandbox: Cloud, devices: dict[str, Device]
) -> None:
    with pytest.raises(RefusedError) as refused:
        connect(sandbox, devices["camera1"].credentials, devices["camera2"].thing)
    assert refused.value.reason == NOT_AUTHORIZED


@pytest.mark.parametrize(
    "keys",
    [
        pytest.param(("test", "test"), id="the emulator's usual key"),
        pytest.param(("123456789012", "test"), id="the account's number"),
        pytest.param(("AKIAIOSFODNN7EXAMPLE", "unknown"), id="a key it never saw"),
    ],
)
def test_a_program_without_the_runs_own_key_gets_nothing(
    sandbox: Cloud, keys: tuple[str, str]
) -> None:
    client = boto3.client(
        "dynamodb",
        endpoint_url=sandbox.emulator.endpoint,
        region_name=REGION,
        aws_access_key_id=keys[0],
        aws_secret_access_key=keys[1],
    )
    with pytest.raises(ClientError):
        client.scan(TableName=sandbox.outputs["PredictionsTable"])


def test_an_unsigned_request_gets_nothing(sandbox: Cloud) -> None:
    client = boto3.client(
        "s3",
        endpoint_url=sandbox.emulator.endpoint,
        region_name=REGION,
        config=Config(signature_version=UNSIGNED),
    )
    with pytest.raises(ClientError):
        client.list_objects_v2(Bucket=sandbox.outputs["ImagesBucket"])


@pytest.mark.parametrize("path", ["reset", "config", "sqs/messages?QueueUrl=x"])
def test_the_emulators_own_interface_is_closed(sandbox: Cloud, path: str) -> None:
    assert status(sandbox, "POST", f"/_ministack/{path}") == 404


def test_mqtt_over_websocket_wants_a_signature(sandbox: Cloud) -> None:
    upgrade = {
        "Connection": "Upgrade",
        "Upgrade": "websocket",
        "Sec-WebSocket-Version": "13",
        "Sec-WebSocket-Key": "AAAAAAAAAAAAAAAAAAAAAA==",
        "Sec-WebSocket-Protocol": "mqtt",
    }
    assert status(sandbox, "GET", "/mqtt", upgrade) == 403


def test_keys_are_readable_by_their_owner_alone(devices: dict[str, Device]) -> None:
    for device in devices.values():
        for path in (device.credentials.key, device.credentials.certificate):
            assert path is not None
            assert stat.S_IMODE(path.stat().st_mode) == 0o600
