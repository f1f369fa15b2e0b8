from pathlib import Path

import pytest
from rich.console import Console

from sandbox.cameras import MODEL
from sandbox.demo import Options, fab
from sandbox.deploy import AUDIT_RATE
from sandbox.observe import find, played, progress, watch
from sandbox.report import report
from sandbox.verify import expect

pytestmark = pytest.mark.arm64

ROOT = Path(__file__).resolve().parents[2]
LEASH = ROOT / "sandbox" / "leash.py"
WAFERS_EACH = 20
PATIENCE_S = 300


def test_a_camera_of_a_sandbox_run_lives_on_the_device(device):
    with fab(Options(wafers=2 * WAFERS_EACH, cameras=2, data=None), Console(quiet=True)) as ready:
        here, there = ready.cameras
        seen = [there.folder.parents[1], MODEL, LEASH.parent]
        there.launcher = device.command(device.python, LEASH, bind=seen, user="0")
        for camera in (here, there):
            camera.start()
        settled = watch(
            lambda: progress(ready.cloud, ready.cameras, ready.subscriber), patience_s=PATIENCE_S
        )
        wafers = played(ready.cameras)
        expected = expect(wafers, ready.policy, AUDIT_RATE)
        result = report(wafers, expected, find(ready.cloud, ready.subscriber), 0, 0)
        logged = len(there.journal())
    assert settled
    assert result.problems == []
    assert (result.published, result.lost, result.duplicates) == (2 * WAFERS_EACH, 0, 0)
    assert logged == WAFERS_EACH
