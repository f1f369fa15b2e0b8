"""What one deployment is told through the CDK context (`cdk deploy -c stage=sandbox ...`)."""

import json
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any

from aws_cdk import RemovalPolicy
from constructs import Node

from fabwafer.errors import ContractError
from infra.fleet_file import Camera, read_fleet

_PICTURES = "/var/lib/fabwafer/pictures"
"""Where a tool leaves its pictures on a Pi, unless the context key `edge` says otherwise."""


class Stage(StrEnum):
    """Where the app is deployed: an AWS account, or the emulator on one machine."""

    PROD = "prod"
    SANDBOX = "sandbox"


@dataclass(frozen=True)
class ReviewSettings:
    """How items are handed out and settled: `lambdas.settings.ReviewApiSettings`."""

    second_share: float
    lease_s: int
    undo_s: int


@dataclass(frozen=True)
class Settings:
    """The context, parsed and checked."""

    root: Path
    stage: Stage
    cameras: tuple[Camera, ...]
    lambda_assets: Path | None
    components: Path
    edge: dict[str, object]
    alert_email: str | None
    alert_filter: dict[str, list[str]]
    portal_url: str
    audit_rate: float
    keep_days: int
    review: ReviewSettings
    portal_build: Path | None

    @property
    def in_sandbox(self) -> bool:
        """Tell whether everything may vanish with the emulator."""
        return self.stage is Stage.SANDBOX

    @property
    def removal_policy(self) -> RemovalPolicy:
        """Return what becomes of data and logs when their stack goes."""
        return RemovalPolicy.DESTROY if self.in_sandbox else RemovalPolicy.RETAIN

    @property
    def fabs(self) -> tuple[str, ...]:
        """Return the fabs that have cameras."""
        return tuple(sorted({camera.fab for camera in self.cameras}))


def read_settings(node: Node, root: Path) -> Settings:
    """Read the context of the app.

    Raises:
        ContractError: If a value is off; it names the context key.
    """
    assets = node.try_get_context("lambda_assets")
    return Settings(
        root=root,
        stage=_stage(node),
        cameras=read_fleet(root / _text(node, "fleet", "fleet.json")),
        lambda_assets=Path(assets) if assets else None,
        components=root / _text(node, "components", "build/component"),
        edge=_edge(node),
        alert_email=_text(node, "alert_email", "") or None,
        alert_filter=_filter(node),
        portal_url=_text(node, "portal_url", "").rstrip("/"),
        audit_rate=_number(node, "audit_rate", 0.02, 1),
        keep_days=int(_number(node, "keep_days", 0, 36_500)),
        review=ReviewSettings(
            second_share=_number(node, "second_share", 0.2, 1),
            lease_s=int(_number(node, "lease_s", 300, 86_400)),
            undo_s=int(_number(node, "undo_s", 20, 3600)),
        ),
        portal_build=_folder(root / _text(node, "portal", "portal/dist")),
    )


def _folder(path: Path) -> Path | None:
    return path if (path / "index.html").is_file() else None


def _text(node: Node, key: str, default: str) -> str:
    value = node.try_get_context(key)
    return default if value is None else str(value)


def _stage(node: Node) -> Stage:
    text = _text(node, "stage", Stage.PROD)
    if text not in set(Stage):
        raise ContractError("context stage", text, " or ".join(Stage))
    return Stage(text)


def _number(node: Node, key: str, default: float, most: float) -> float:
    text = _text(node, key, str(default))
    expected = f"a number of 0 to {most}"
    try:
        value = float(text)
    except ValueError as error:
        raise ContractError(f"context {key}", text, expected) from error
    if not 0 <= value <= most:
        raise ContractError(f"context {key}", text, expected)
    return value


def _edge(node: Node) -> dict[str, object]:
    text = _text(node, "edge", json.dumps({"source": {"kind": "folder", "folder": _PICTURES}}))
    expected = 'JSON of the edge component\'s configuration, {"source": {...}}'
    return _object("edge", text, expected)


def _filter(node: Node) -> dict[str, list[str]]:
    text = _text(node, "alert_filter", "{}")
    expected = 'JSON of attributes and their values, {"severity": ["critical"]}'
    wanted = _object("alert_filter", text, expected)
    if not all(map(_are_texts, wanted.values())):
        raise ContractError("context alert_filter", text, expected)
    return wanted


def _object(key: str, text: str, expected: str) -> dict[str, Any]:
    try:
        value = json.loads(text)
    except ValueError as error:
        raise ContractError(f"context {key}", text, expected) from error
    if not isinstance(value, dict):
        raise ContractError(f"context {key}", text, expected)
    return value


def _are_texts(values: object) -> bool:
    return isinstance(values, list) and all(isinstance(value, str) for value in values)
