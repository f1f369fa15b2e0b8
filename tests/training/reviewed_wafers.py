"""Reviewed and archived wafers as the cloud hands them to a training job: a manifest, and pictures somewhere else."""

import hashlib
import json
from collections.abc import Iterable
from pathlib import Path

import numpy as np
from generated_wafers import CLASSES, draw_wafer
from PIL import Image

GREYS = np.array([0, 127, 255], np.uint8)


def write_reviewed(
    folder: Path, labels: Iterable[int | None], *, seed: int = 17, first_lot: int = 900
) -> tuple[Path, Path]:
    """Write a wafer for each label, an unanswered one for None, four a lot; return the manifest and the pictures' folder."""
    generator = np.random.default_rng(seed)
    lines = []
    for number, label in enumerate(labels):
        shown = draw_wafer(generator, int(generator.integers(4)) if label is None else label)
        path = folder / "pictures" / "images" / "f1" / f"{number}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(GREYS[shown]).save(path)
        line = {
            "image": f"images/f1/{number}.png",
            "item": f"w{number}/1",
            "fab": "f1",
            "camera": "c1",
            "lot": f"lot{first_lot + number // 4}",
            "sha256": hashlib.sha256(path.read_bytes()).hexdigest(),
        }
        answer = {} if label is None else {"labels": [CLASSES[label]]}
        lines.append(json.dumps({**line, **answer}))
    manifest = folder / "labels" / "manifest.jsonl"
    manifest.parent.mkdir(parents=True)
    manifest.write_text("\n".join(lines) + "\n")
    return manifest, folder / "pictures"
