"""fleet.json: which cameras there are, `{"faba": ["camera1", ...]}`. Pure but for the one read."""

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from fabwafer.errors import ContractError
from fabwafer.topics import ROOT

_NAME = re.compile(r"[A-Za-z0-9_-]{1,64}\Z")
_NAME_RULE = "1 to 64 of A-Z a-z 0-9 _ - (a thing's name allows no dot)"
_THING_CHARACTERS = 112
"""AWS allows 128, but its 2,048 characters of policy, which names the thing nine times, do not."""


@dataclass(frozen=True, order=True)
class Camera:
    """One camera, which is one Pi, one IoT thing and one MQTT client."""

    fab: str
    name: str

    @property
    def thing(self) -> str:
        """Return the name of the thing, of its policy and of its MQTT client."""
        return f"{self.fab}--{self.name}"

    @property
    def topics(self) -> str:
        """Return what every topic of this camera starts with."""
        return f"{ROOT}/{self.fab}/{self.name}"


def read_fleet(path: Path) -> tuple[Camera, ...]:
    """Read the cameras, sorted by fab and name.

    Raises:
        ContractError: If the file is missing or anything in it is off; it names file, fab and value.
    """
    try:
        text = path.read_text()
    except OSError as error:
        raise ContractError(str(path), error.strerror, "a readable file") from error
    try:
        fabs = json.loads(text, object_pairs_hook=_pairs)
    except ValueError as error:
        raise ContractError(path.name, text, f"JSON ({error})") from error
    if not isinstance(fabs, _Object) or not fabs:
        raise ContractError(path.name, fabs, 'an object of fabs, {"faba": ["camera1"]}')
    return _unique(path.name, [camera for fab in fabs for camera in _cameras(path.name, *fab)])


class _Object(list[tuple[str, object]]):
    """A JSON object that keeps its repeated keys, so that they can be refused."""


def _pairs(pairs: list[tuple[str, object]]) -> _Object:
    return _Object(pairs)


def _cameras(file: str, fab: str, names: object) -> list[Camera]:
    if not _NAME.match(fab):
        raise ContractError(f"{file}: fab", fab, _NAME_RULE)
    if not isinstance(names, list) or isinstance(names, _Object) or not names:
        raise ContractError(f"{file}: {fab}", names, 'a list of cameras, ["camera1"]')
    return [_camera(f"{file}: {fab}[{position}]", fab, name) for position, name in enumerate(names)]


def _camera(field: str, fab: str, name: object) -> Camera:
    if not isinstance(name, str) or not _NAME.match(name):
        raise ContractError(field, name, _NAME_RULE)
    camera = Camera(fab, name)
    if len(camera.thing) > _THING_CHARACTERS:
        raise ContractError(
            field, camera.thing, f"a thing name of at most {_THING_CHARACTERS} characters"
        )
    return camera


def _unique(file: str, cameras: Sequence[Camera]) -> tuple[Camera, ...]:
    seen: set[str] = set()
    for camera in cameras:
        if camera.thing in seen:
            raise ContractError(f"{file}: {camera.fab}", camera.thing, "every thing name once")
        seen.add(camera.thing)
    return tuple(sorted(cameras))
