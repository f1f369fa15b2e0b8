"""`python -m bench.drift [--write]`: how often the drift detectors ring for nothing, and how soon for something.

Simulates fabs with the lots' clustering that WM-811K shows, prints the tables, and with --write keeps them in
docs/drift.md (and, with --estimate, the clustering itself). Exits with 1 if the alarms for nothing are more than one
in 30 days. The model's part needs the data; without it, it is left out and said so.
"""

import argparse
import sys
from pathlib import Path

from bench.drift import clustering
from bench.drift.tables import Effort, everything
from bench.real_wafers import real_wafers
from bench.table import keep

DOCUMENT = Path(__file__).parents[2] / "docs" / "drift.md"


def main() -> int:
    """Simulate, print, keep."""
    parser = argparse.ArgumentParser(prog="python -m bench.drift", description=__doc__)
    parser.add_argument("--data", type=Path, default=real_wafers(), help="WM-811K, labelled")
    parser.add_argument("--estimate", action="store_true", help="estimate the clustering anew")
    parser.add_argument("--scale", type=float, default=1.0, help="share of the runs, 1 for all")
    parser.add_argument("--write", action="store_true", help="keep the tables in docs/drift.md")
    options = parser.parse_args()
    if options.estimate:
        clustering.keep(clustering.estimate(options.data))
    text, per_month = everything(clustering.kept(), options.data, Effort().scaled(options.scale))
    print(text)
    if options.write:
        keep("figures", text, DOCUMENT)
    return 0 if per_month <= 1 else 1


if __name__ == "__main__":
    sys.exit(main())
