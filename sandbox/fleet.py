"""The cameras of the sandbox and what each needs to be let in: certificate, key, thing and policy as on a real Pi."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from sandbox.emulator import Emulator
from sandbox.mqtt import Credentials

FAB = "faba"


@dataclass(frozen=True)
class Device:
    """One enrolled camera."""

    fab: str
    camera: str
    credentials: Credentials
    certificate_id: str

    @property
    def thing(self) -> str:
        """Return the name of its thing, its policy and its MQTT client."""
        return f"{self.fab}--{self.camera}"


def cameras(count: int) -> dict[str, list[str]]:
    """Return a fleet of so many cameras in one fab, in the form of fleet.json."""
    return {FAB: [f"camera{number}" for number in range(1, count + 1)]}


def enrol_all(emulator: Emulator, fleet: Mapping[str, Iterable[str]], folder: Path) -> list[Device]:
    """Enrol every camera of a fleet that is deployed."""
    return [
        enrol(emulator, fab, camera, folder / fab / camera)
        for fab, names in fleet.items()
        for camera in names
    ]


def enrol(emulator: Emulator, fab: str, camera: str, folder: Path) -> Device:
    """Make a certificate and key, tie them to the camera's thing and policy, and keep them in `folder`."""
    thing = f"{fab}--{camera}"
    iot = emulator.client("iot")
    made = iot.create_keys_and_certificate(setAsActive=True)
    iot.attach_policy(policyName=thing, target=made["certificateArn"])
    iot.attach_thing_principal(thingName=thing, principal=made["certificateArn"])
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    credentials = Credentials(emulator.ca, folder / "certificate.pem", folder / "key.pem")
    write_private(folder / "certificate.pem", made["certificatePem"])
    write_private(folder / "key.pem", made["keyPair"]["PrivateKey"])
    return Device(fab, camera, credentials, made["certificateId"])


def write_private(path: Path, text: str) -> None:
    """Write a file that was never readable by anybody else."""
    path.touch(mode=0o600)
    path.write_text(text)
