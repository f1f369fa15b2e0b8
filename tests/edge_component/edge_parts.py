import hashlib
import json
from pathlib import Path
from typing import Any

from fabwafer.labels import WM811K

TINY_MODEL = Path(__file__).with_name("tiny.onnx")


def write_bundle(
    folder: Path, version: str = "1", model: bytes | None = None, **policy: Any
) -> Path:
    """Write a bundle round the tiny model, or round other bytes, and return its folder."""
    folder.mkdir(parents=True, exist_ok=True)
    model = TINY_MODEL.read_bytes() if model is None else model
    (folder / "model.onnx").write_bytes(model)
    manifest = {
        "format": 1,
        "name": "tiny",
        "version": version,
        "policy": {"model": f"tiny@{version}", "labels": WM811K.names, "normal": "none"} | policy,
        "files": {"model.onnx": hashlib.sha256(model).hexdigest()},
    }
    (folder / "manifest.json").write_text(json.dumps(manifest))
    return folder


class Clock:
    """Seconds that pass when the test says so."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now
