"""Data of any form -> one checked set, and `dataset.json`: what it is of, how it is split, what was dropped.

    python -m training.dataset --data LSWMD.pkl reviewed/labels.jsonl --out .cache/data/today
    python -m training.train --data .cache/data/today ...

Later data may correct the data before: of equal maps the newest label teaches. What people reviewed (`--reviewed`) may
name labels that the data before lacks; `--without` and `--lots` make that smaller and leave the reviewed wafers alone.
"""

import argparse
import json
import sys
from pathlib import Path

from fabwafer.errors import FabWaferError
from training.data.choosing import LEAST, Choice
from training.data.collect import DESCRIPTION, collect


def add_choice(parser: argparse.ArgumentParser) -> None:
    """Add the options that `choice_of` reads."""
    parser.add_argument("--classes", nargs="+", help="the labels of pictures; others are refused")
    parser.add_argument("--without", nargs="+", default=(), metavar="LABEL", help="leave out")
    parser.add_argument("--lots", type=float, default=1.0, help="share of training lots")
    parser.add_argument("--reviewed", type=Path, help="a manifest; its labels may be new")
    parser.add_argument("--pictures", type=Path, help="folder that the manifest's paths start from")
    told = "wafers in training lots that a new label needs (default: %(default)s)"
    parser.add_argument("--least", type=int, default=LEAST, help=told)


def choice_of(given: argparse.Namespace) -> Choice:
    """Return what the arguments say."""
    return Choice(
        classes=tuple(given.classes) if given.classes else None,
        without=tuple(given.without),
        lots=given.lots,
        reviewed=given.reviewed,
        pictures=given.pictures,
        least=given.least,
    )


def main(arguments: list[str] | None = None) -> int:
    """Read the arguments, collect, and say how much of what there is."""
    parser = argparse.ArgumentParser("python -m training.dataset", description=__doc__)
    parser.add_argument("--data", type=Path, nargs="+", required=True, help="oldest first")
    parser.add_argument("--out", type=Path, required=True, help="a new folder")
    parser.add_argument("--keep", action="store_true", help="do nothing if --out is there")
    add_choice(parser)
    given = parser.parse_args(arguments)
    if given.keep and (given.out / DESCRIPTION).exists():
        return 0
    try:
        described = collect(given.data, given.out, choice_of(given))
    except FabWaferError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    sys.stdout.write(f"{json.dumps(described, indent=1)}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
