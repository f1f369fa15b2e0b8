"""A bundle and wafers -> how many pictures that are no wafer map it refuses, family by family, and how many wafers.

    python -m training.refusals --bundle models/wafer-map --data X.npz --split test --json refusals.json

The near misses are made of the wafers at hand. Families that were drawn after measures and thresholds were set are
counted apart: their share is no figure of development. Pictures in colour are judged by their grey form: the edge, which
sees their colour, refuses them before. Needs no torch.
"""

import argparse
import json
import sys
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

import numpy as np
import onnxruntime as ort  # type: ignore[import-untyped]
from pydantic import JsonValue

from fabwafer.bundle import MODEL, read_bundle
from fabwafer.errors import ContractError, FabWaferError
from fabwafer.triage import Policy
from training.data.images import as_seen
from training.data.lots import Split
from training.data.maps import Codes, Ints, Kind
from training.data.sources import kind_of, read_wafers
from training.data.wafers import WaferSet, wafers_of
from training.data.whole import require_place
from training.worth.discs import DISCS, trimmed
from training.worth.doubts import doubts_of
from training.worth.drawings import Random
from training.worth.files import write_json
from training.worth.foreign import FOREIGN
from training.worth.sessions import measure, open_model
from training.worth.spoilt import SPOILT

PICTURES = 50
_SEED = 2011
"""Of the pictures; no threshold was fitted to any of them."""


Families = Iterable[tuple[str, list[Codes]]]


def refusals(
    session: ort.InferenceSession, drawn: Families, policy: Policy
) -> dict[str, JsonValue]:
    """Return by family how many pictures there were, how many are refused, and for what."""
    families: dict[str, JsonValue] = {}
    total = refused = 0
    for name, pictures in drawn:
        measured = measure(session, pictures)[1]
        reasons = doubts_of(measured, policy, len(pictures)).reasons
        found = Counter(list(policy.refusal)[each].value for each in reasons if each >= 0)
        families[name] = {"pictures": len(pictures), "refused": found.total(), **found}
        total, refused = total + len(pictures), refused + found.total()
    return {"pictures": total, "refused": refused, "families": families}


def of_development(wafers: WaferSet, indices: Ints) -> Families:
    """Draw the families that the measures were shaped with in view."""
    yield from _foreign(FOREIGN, 0)
    yield from _spoilt(SPOILT, len(FOREIGN), wafers, indices)


def of_later(wafers: WaferSet, indices: Ints) -> Families:
    """Draw the families that nothing was shaped by."""
    first = len(FOREIGN) + len(SPOILT)
    yield from _foreign(DISCS, first)
    yield from _spoilt({trimmed.__name__: trimmed}, first + len(DISCS), wafers, indices)


def _foreign(families: Mapping[str, Callable[[Random], Codes]], first: int) -> Families:
    for number, (name, draw) in enumerate(families.items(), first):
        generator = np.random.default_rng((_SEED, number))
        yield name, [as_seen(draw(generator), Kind.DIES) for _ in range(PICTURES)]


def _spoilt(
    families: Mapping[str, Callable[[Random, Codes], Codes]],
    first: int,
    wafers: WaferSet,
    indices: Ints,
) -> Families:
    for number, (name, spoil) in enumerate(families.items(), first):
        generator = np.random.default_rng((_SEED, number))
        chosen = generator.choice(indices, PICTURES)
        yield name, [spoil(generator, wafers.maps[int(index)]) for index in chosen]


def judge(bundle: Path, data: Path, split: Split | None = None) -> dict[str, JsonValue]:
    """Return `refusals` of a bundle, apart those of later families, and how many of the wafers themselves it refuses.

    Raises:
        BundleError: If the bundle is incomplete or was altered.
        ContractError: If the data is unreadable, or the bundle judges no wafer maps.
    """
    manifest = read_bundle(bundle)
    if kind_of(manifest) is not Kind.DIES:
        raise ContractError("--bundle", kind_of(manifest).value, "a bundle that judges wafer maps")
    wafers = read_wafers(data, Kind.DIES)
    indices = wafers_of(wafers, [split] if split else [])
    session = open_model(bundle / MODEL)
    measured = measure(session, (wafers.maps[int(index)] for index in indices))[1]
    wrongly = int(doubts_of(measured, manifest.policy, len(indices)).refused.sum())
    return {
        "model": manifest.model,
        "manifest": manifest.sha256,
        "data": wafers.digest(),
        "split": split,
        "wafers": len(indices),
        "wafers_refused": wrongly,
        **refusals(session, of_development(wafers, indices), manifest.policy),
        "not_seen_in_development": refusals(session, of_later(wafers, indices), manifest.policy),
    }


def main(arguments: list[str] | None = None) -> int:
    """Read the arguments, judge, print a line a family."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--bundle", type=Path, required=True)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--split", type=Split, choices=list(Split))
    parser.add_argument("--json", type=Path)
    given = parser.parse_args(arguments)
    try:
        require_place("--json", given.json)
        figures = judge(given.bundle, given.data, given.split)
    except FabWaferError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    if given.json:
        write_json(given.json, figures)
    sys.stdout.write(f"{json.dumps(figures, indent=1)}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
