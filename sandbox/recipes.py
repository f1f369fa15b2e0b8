"""What a component's recipe says for this machine."""

import platform

from sandbox.aws_model import Json
from sandbox.errors import SandboxError

_ARCHITECTURES = {"x86_64": "amd64", "aarch64": "aarch64"}


class DeviceError(SandboxError):
    """A deployment cannot be done; the code is Greengrass' own for it."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(f"{code}: {message}")
        self.code = code


def manifest_of(recipe: Json) -> Json:
    """Return the first manifest for this machine.

    Raises:
        DeviceError: If there is none.
    """
    here = {"os": "linux", "architecture": _ARCHITECTURES.get(platform.machine(), "*")}
    for manifest in recipe["Manifests"]:
        wanted = manifest.get("Platform", {})
        if all(wanted.get(name, "*") in ("*", value) for name, value in here.items()):
            return dict(manifest)
    raise DeviceError("COMPONENT_NO_PLATFORM", f"{recipe['ComponentName']}: none for {here}")


def lifecycle_of(recipe: Json) -> Json:
    """Return the steps for this machine: the manifest's own, or those that it selects."""
    manifest = manifest_of(recipe)
    steps = dict(manifest.get("Lifecycle", {}))
    for selection in manifest.get("Selections", ["all"]):
        steps = recipe.get("Lifecycle", {}).get(selection, {}) | steps
    return steps
