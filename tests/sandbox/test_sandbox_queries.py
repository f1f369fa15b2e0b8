"""What is repaired in the emulator's tables answers as it did before, only without reading everything."""

import json
import os
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
pytestmark = pytest.mark.sandbox


def test_repaired_queries_answer_as_unrepaired_ones_and_refuse_a_start_that_is_no_key() -> None:
    ran = subprocess.run(
        [ROOT / ".venv-emulator/bin/python", ROOT / "tests/sandbox/queries_twice.py"],
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert ran.returncode == 0, ran.stderr
    seen = json.loads(ran.stdout)
    assert seen["queries"] == 300
    assert seen["found"] > 5000
