"""Labelled wafers -> a run folder: `checkpoint.pt` after every epoch, `metrics.json` with every epoch's figures.

    python -m training.train --data wafers.npz --out .cache/runs/a
    python -m training.train --data ... --out .cache/runs/a --resume    # continues bit for bit
    torchrun --nproc-per-node 2 -m training.train --data ... --out ...  # the same in two processes

SIGTERM and Ctrl-C end it after the batch at hand, with a checkpoint of that batch; a kill costs what came after
the last epoch.
"""

import argparse
import math
import sys
from collections.abc import Callable
from pathlib import Path

from fabwafer.errors import FabWaferError
from training.network import tracking
from training.network.loop import train
from training.network.planes import CACHE
from training.network.run import Recipe
from training.network.start import option, prepare
from training.network.together import join

SIGNALLED = 128
"""A process that a signal ended early leaves with this and the signal's number, as shells have it."""


def read_arguments(arguments: list[str] | None) -> argparse.Namespace:
    """Parse the command line; what it does not say of the recipe is not among the values."""
    parser = argparse.ArgumentParser(
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    paths = parser.add_argument_group("files")
    paths.add_argument("--data", type=Path, required=True, help="labelled wafers")
    paths.add_argument("--out", type=Path, required=True, help="the run's folder")
    paths.add_argument("--soft", type=Path, help="soft labels that training.teach wrote")
    paths.add_argument(
        "--begin-from", type=Path, dest="other", metavar="RUN", help="a run with weights to take"
    )
    paths.add_argument("--cache", type=Path, default=CACHE, help="folder for prepared planes")
    parser.add_argument("--resume", action="store_true", help="go on with the run in --out")
    parser.add_argument("--minutes", type=float, default=math.inf, help="stop after, to resume")
    _add_recipe(parser.add_argument_group("recipe"))
    return parser.parse_args(arguments)


def _add_recipe(group: "argparse._ArgumentGroup") -> None:
    known = Recipe().flat()
    kinds: dict[str, Callable[[str], object]] = {
        "epochs": int, "batch": int, "learning_rate": float, "weight_decay": float, "averaging": float,
        "none_per_defect": float, "defect_power": float, "seed": int, "normal": str,
        "side": int, "widths": counts, "blocks": counts, "features": int, "dropout": float,
    }  # fmt: skip
    for name, kind in kinds.items():
        shown = known[name]
        if isinstance(shown, tuple):
            shown = ",".join(map(str, shown))
        group.add_argument(
            option(name),
            dest=name,
            type=kind,
            default=argparse.SUPPRESS,
            metavar=name.split("_")[-1].upper(),
            help=f"(default: {shown})",
        )


def counts(text: str) -> tuple[int, ...]:
    """Read `48,96,160`."""
    return tuple(int(part) for part in text.split(","))


def main(arguments: list[str] | None = None) -> int:
    """Read the arguments and train."""
    given = read_arguments(arguments)
    try:
        tracking.require_package()
        with join() as together:
            run, lessons = prepare(given, together)
            signalled = train(run, lessons, given.out, given.minutes, together)
    except FabWaferError as error:
        sys.stderr.write(f"error: {error}\n")
        return 1
    return SIGNALLED + signalled if signalled else 0


if __name__ == "__main__":
    sys.exit(main())
