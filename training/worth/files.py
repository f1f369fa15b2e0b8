"""Figures -> the files that a model's report is made of, in the bundle's folder `report`.

`test.json` is what `training.evaluate --split test --against ... --json` writes, and `training.export` already has;
`refusals.json` comes from `training.refusals`, `learning_curve.json` from `training.learning_curve`, `protocols.json` from
`training.protocols`, `bench.json` from `python -m bench.model --json`.
"""

import json
from collections.abc import Mapping
from pathlib import Path

from pydantic import JsonValue

from training.data.whole import whole

REPORT = "report"
TEST = "test.json"
LEARNING_CURVE = "learning_curve.json"
PROTOCOLS = "protocols.json"
BENCH = "bench.json"
REFUSALS = "refusals.json"


def write_json(path: Path, content: Mapping[str, JsonValue]) -> None:
    """Write figures, the folder too, whole or not at all."""
    with whole(path) as unfinished:
        unfinished.write_text(json.dumps(content, indent=1) + "\n")
