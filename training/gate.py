"""The int8 graph beside the float one, on this machine -> figures of both, or a refusal that says what failed.

    python -m training.gate --bundle models/wafer-map --against .cache/runs/b/fp32.onnx --data X.npz \
        --split validation calibration

Refused is what loses over 1 point of recall in any class, over 0.3 point of macro-F1 or over 0.2 point of calibration
error, or is slower than the float graph by over 5 %. One wafer is no evidence: of what int8 spoilt, the one wafer that
costs a figure most is forgiven, or Near-full with its 14 wafers could never lose any. `training.export` asks the gate
before it puts a bundle in its place. `--limit-recall` and so on set other limits. Needs no torch, so that a Pi can ask it
too: NumPy, Pillow, pydantic and ONNX Runtime.
"""

import argparse
import json
import sys
from pathlib import Path

from fabwafer.bundle import MODEL, read_bundle
from fabwafer.errors import FabWaferError
from training.bundle.gate import Contender, add_limits, gate, limits_of
from training.data.lots import Split
from training.data.sources import kind_of, read_wafers
from training.data.wafers import wafers_of
from training.worth.deciding import decisions_of
from training.worth.latency import to_time
from training.worth.sessions import open_against, open_model


def main(arguments: list[str] | None = None) -> int:
    """Read the arguments, compare, print the figures or why the bundle is refused."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--bundle", type=Path, required=True)
    parser.add_argument("--against", type=Path, required=True, help="fp32 graph, or a bundle")
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--split", type=Split, choices=list(Split), nargs="+", default=[])
    add_limits(parser)
    given = parser.parse_args(arguments)
    try:
        manifest = read_bundle(given.bundle)
        policy = manifest.policy
        sessions = open_model(given.bundle / MODEL), open_against(given.against, manifest)
        wafers = read_wafers(given.data, kind_of(manifest))
        indices = wafers_of(wafers, given.split)
        int8, fp32 = (
            Contender(each, decisions_of(each, wafers, indices, policy)) for each in sessions
        )
        figures = gate(int8, fp32, to_time(wafers, indices), limits_of(given))
    except FabWaferError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    sys.stdout.write(f"{json.dumps(figures, indent=1)}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
