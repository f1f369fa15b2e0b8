r"""Labelled and unlabelled wafers -> how macro-F1 grows with the share of labels, the other maps used or not.

    python -m training.learning_curve --data wm811k_labelled.npz --unlabelled wm811k_unlabelled.npz \
        --out .cache/runs/curve --json models/wafer-map/report/learning_curve.json

`training.curve.shares` says how labels are hidden, `training.curve.methods` what is compared. Every point is a run
of its own in --out; finished ones are not repeated. The JSON has them all, also while some are still missing.
"""

import argparse
import shlex
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
from pydantic import JsonValue

from fabwafer.errors import FabWaferError
from training.curve.methods import Method, Setting
from training.curve.points import Curve, Point
from training.curve.shares import read_world
from training.data.lots import Split
from training.data.sources import read_wafers
from training.data.whole import require_place
from training.network.planes import CACHE
from training.network.run import Recipe
from training.worth.files import write_json

SHARES = (0.01, 0.05, 0.10, 0.25, 0.50, 1.00)
FORMS = 40_000
_SAME_FOR_ALL = {"split", "data", "setting"}


def report(curve: Curve, points: list[Point], command: str) -> dict[str, JsonValue]:
    """Return the finished points among the given ones, in the form that `training.report` reads."""
    rows: list[JsonValue] = []
    for point in filter(curve.finished, points):
        figures = curve.measured(point).items()
        row = {name: value for name, value in figures if name not in _SAME_FOR_ALL}
        if point.method is not Method.LABELS and curve.finished(
            replace(point, method=Method.LABELS)
        ):
            row["gain_over_labels_95"] = curve.gain(point)
        rows.append(row)
    world, setting = curve.world, points[0].setting
    shape = setting.recipe.shape
    indices = world.parts[curve.split]
    return {
        "split": curve.split.value,
        "wafers": len(indices),
        "lots": len(np.unique(world.lots[indices])),
        "architecture": f"side {shape.side}, widths {' '.join(map(str, shape.widths))}, "
        f"{setting.steps} steps of {setting.recipe.batch}",
        "command": command,
        "data": world.digest,
        "points": rows,
    }


def main(arguments: list[str] | None = None) -> int:
    """Read the arguments and measure what is still missing."""
    given = _parse(arguments)
    setting = Setting()
    setting = replace(setting, steps=given.steps, recipe=replace(setting.recipe, seed=given.seed))
    points = [Point(method, share, setting) for method in given.methods for share in given.shares]
    command = f"python -m training.learning_curve {shlex.join(arguments or sys.argv[1:])}"
    try:
        require_place("--json", given.json)
        wafers = read_wafers(given.data)
        world = read_world(wafers, given.unlabelled, setting.recipe, FORMS, given.cache)
        curve = Curve(world, given.out, given.split)
        for point in points:
            sys.stdout.write(
                f"{point.method} {point.share:.0%}: {curve.measured(point)['macro_f1']:.4f}\n"
            )
            sys.stdout.flush()
            write_json(given.json, report(curve, points, command))
    except FabWaferError as error:
        sys.stderr.write(f"error: {error}\n")
        return 1
    return 0


def _parse(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", type=Path, required=True, help="labelled wafers")
    parser.add_argument("--unlabelled", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True, help="folder of the runs")
    parser.add_argument("--json", type=Path, required=True, help="the curve")
    parser.add_argument("--methods", type=Method, nargs="+", default=list(Method))
    parser.add_argument("--shares", type=float, nargs="+", default=SHARES)
    parser.add_argument("--steps", type=int, default=Setting.steps)
    parser.add_argument("--seed", type=int, default=Recipe.seed)
    parser.add_argument("--split", type=Split, default=Split.TEST, help="measured on")
    parser.add_argument("--cache", type=Path, default=CACHE, help="folder for prepared planes")
    return parser.parse_args(arguments)


if __name__ == "__main__":
    sys.exit(main())
