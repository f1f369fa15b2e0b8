import csv
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

from edge_component.config import SimulatorSource
from edge_component.pictures import encode_dies
from edge_component.simulator import Simulator

pytestmark = pytest.mark.arm64

ROOT = Path(__file__).resolve().parents[2]
REAL_WAFERS = ROOT.parent / "shared" / "data" / "wm811k_labelled.npz"
WAFERS = 1000
SAME_LABEL = 0.999
SAME_TREATMENT = 0.995
"""Label, acceptance and refusal: with as many wafers of each class, many more lie at a threshold than in a fab."""
PROBABILITY_TOLERANCE = 0.02
CLASSIFY_S = 1500


@pytest.fixture(scope="module")
def pictures(tmp_path_factory) -> Path:
    """Pictures of real wafers, as many of each class as can be, where the data is there; generated ones otherwise."""
    folder = tmp_path_factory.mktemp("pictures")
    folder.chmod(0o755)
    found = real_pictures() if REAL_WAFERS.exists() else generated_pictures()
    for number, picture in enumerate(found):
        (folder / f"{number:04d}.png").write_bytes(picture)
    return folder


def real_pictures() -> list[bytes]:
    with np.load(REAL_WAFERS) as arrays:
        flat, shapes, labels = arrays["flat"], arrays["shapes"].astype(int), arrays["labels"]
    starts = np.concatenate([[0], np.cumsum(shapes.prod(1))])
    shuffled = np.random.default_rng(1).permutation(len(labels))
    queues = [shuffled[labels[shuffled] == label] for label in np.unique(labels)]
    rows = [queue[turn] for turn in range(WAFERS) for queue in queues if turn < len(queue)][:WAFERS]
    return [encode_dies(flat[starts[row] : starts[row + 1]].reshape(shapes[row])) for row in rows]


def generated_pictures() -> list[bytes]:
    camera = Simulator(SimulatorSource(kind="simulator", wafers=WAFERS), "arm64", [])
    return [image.picture for image in camera.take(0, WAFERS)]


@dataclass(frozen=True)
class Decision:
    """What one machine says of a picture."""

    label: str
    accepted: bool
    refused: str
    probability: float

    @property
    def treatment(self) -> tuple[str, bool, str]:
        return self.label, self.accepted, self.refused


def decisions(path: Path) -> list[Decision]:
    with path.open(newline="") as stream:
        return [
            Decision(
                row["prediction"],
                row["accepted"] == "1",
                row["refused"],
                float(row["probability"]),
            )
            for row in csv.DictReader(stream)
        ]


def test_the_component_installed_offline_runs_on_arm64(device):
    told = "import platform, edge_component, sys; print(platform.machine(), sys.version_info[:2])"
    assert device.run(device.python, "-c", told, timeout_s=120) == "aarch64 (3, 11)\n"


def test_the_device_decides_as_this_machine_does(device, pictures, capsys):
    here, there = pictures / "here.csv", device.greengrass / "work" / "there.csv"
    classify = ("-m", "edge_component", "classify", pictures)
    bundle = ("--bundle", ROOT / "models" / "wafer-map")
    subprocess.run(
        [sys.executable, *classify, "--csv", here, *bundle], check=True, capture_output=True
    )
    there.parent.chmod(0o777)
    began = time.monotonic()
    device.run(
        *(device.python, *classify, "--csv", there, "--bundle", device.model),
        bind=[pictures],
        timeout_s=CLASSIFY_S,
    )
    pairs = list(zip(decisions(here), decisions(there), strict=True))
    same_label = sum(ours.label == theirs.label for ours, theirs in pairs)
    same = sum(ours.treatment == theirs.treatment for ours, theirs in pairs)
    apart = max(abs(ours.probability - theirs.probability) for ours, theirs in pairs)
    with capsys.disabled():
        sys.stdout.write(
            f"\narm64: of {len(pairs)} wafers {same_label} get the same label, {same} are accepted or refused alike too; "
            f"probabilities differ by at most {apart:.4f}; {time.monotonic() - began:.0f} s under emulation\n"
        )
    assert len(pairs) == WAFERS
    assert len({ours.label for ours, _ in pairs}) > 2
    assert same_label >= SAME_LABEL * WAFERS
    assert same >= SAME_TREATMENT * WAFERS
    assert apart <= PROBABILITY_TOLERANCE
