r"""Labelled wafers -> macro-F1 of the same short training by three ways of sharing them out.

    python -m training.protocols --data wm811k_labelled.npz --out .cache/runs/protocols \
        --json models/wafer-map/report/protocols.json

`training.curve.protocols` says which. The network is that of the learning curve, not what ships: the rows are to be compared
with each other. Finished runs in --out are not repeated.
"""

import argparse
import shlex
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
from pydantic import JsonValue

from fabwafer.errors import ContractError, FabWaferError
from training.curve.methods import Method, Setting
from training.curve.points import Curve, Point
from training.curve.protocols import Protocol, read_published, shared_out
from training.curve.shares import World
from training.data.lots import Split
from training.data.maps import Ints
from training.data.sources import read_wafers
from training.data.wafers import WaferSet
from training.data.whole import require_place
from training.network.planes import CACHE, cached_planes
from training.worth.files import write_json


def main(arguments: list[str] | None = None) -> int:
    """Read the arguments and measure what is still missing."""
    given = _parse(arguments)
    setting = replace(Setting(), steps=given.steps)
    command = f"python -m training.protocols {shlex.join(arguments or sys.argv[1:])}"
    rows: list[JsonValue] = []
    try:
        require_place("--json", given.json)
        wafers, published = read_wafers(given.data), read_published(given.data)
        if len(published) != len(wafers):
            raise ContractError(
                f"{given.data}: split", len(published), f"{len(wafers)}, one a wafer"
            )
        for protocol in Protocol:
            world = _world(protocol, wafers, published, setting, given.cache)
            rows.append(_row(protocol, world, setting, given.out / protocol))
            write_json(given.json, {"command": command, "steps": given.steps, "protocols": rows})
            sys.stdout.write(f"{rows[-1]}\n")
            sys.stdout.flush()
    except FabWaferError as error:
        sys.stderr.write(f"error: {error}\n")
        return 1
    return 0


def _world(
    protocol: Protocol, wafers: WaferSet, published: Ints, setting: Setting, cache: Path
) -> World:
    planes = cached_planes(wafers, setting.recipe.shape.side, cache)
    return World(
        planes=planes,
        labels=wafers.labels,
        lots=wafers.lots,
        parts=dict(shared_out(protocol, wafers, published)),
        forms=planes[:0],
        classes=wafers.classes,
        normal=wafers.classes.index(setting.recipe.normal),
        digest=wafers.digest(),
    )


def _row(protocol: Protocol, world: World, setting: Setting, out: Path) -> dict[str, JsonValue]:
    figures = Curve(world, out).measured(Point(Method.LABELS, 1.0, setting))
    train, test = (world.parts[split] for split in (Split.TRAIN, Split.TEST))
    shared = np.intersect1d(world.lots[train], world.lots[test])
    return {
        "protocol": protocol.value,
        "train": len(train),
        "test": len(test),
        "lots_on_both_sides": len(shared),
        "macro_f1": figures["macro_f1"],
        "interval_95": figures["interval_95"],
    }


def _parse(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", type=Path, required=True, help="labelled wafers, an npz")
    parser.add_argument("--out", type=Path, required=True, help="folder of the runs")
    parser.add_argument("--json", type=Path, required=True, help="the figures")
    parser.add_argument("--steps", type=int, default=Setting.steps)
    parser.add_argument("--cache", type=Path, default=CACHE, help="folder for prepared planes")
    return parser.parse_args(arguments)


if __name__ == "__main__":
    sys.exit(main())
