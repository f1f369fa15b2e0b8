"""A candidate and the model in use, on the same wafers and this machine -> release.json, by which a release is decided.

    python -m training.compare --candidate model/bundle --current .cache/current --test frozen.npz \
        --recent recent.jsonl --pictures recent --learned .cache/data --out release.json

Test wafers of lots, or with the form of a wafer, that the candidate learned from (`--learned`) are left out and counted.
`--recent` names archived wafers of the last days: all of them are replayed through both models, and those that people
answered measure both, but for learned lots again, as the model in use mostly learned from them too.
"""

import argparse
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from fabwafer.errors import FabWaferError
from fabwafer.release import Comparison, Cost, Pair, Replay
from training.data.learned import Learned
from training.data.lots import Split
from training.data.maps import Codes, Kind
from training.data.recent import Recent, read_recent, unseen
from training.data.sources import kind_of, read_wafers
from training.data.wafers import wafers_of
from training.data.whole import require_place, whole
from training.worth.answers import Answers, Names, OpenBundle, ask, routed, worth
from training.worth.latency import in_turns, to_time

EXAMPLES = 50
_DIGITS = 6


@dataclass(frozen=True)
class Material:
    """What both models are asked about.

    Attributes:
        test: Labelled wafers that no model learns from, in any form that `training.data.sources` reads.
        split: The part of them that counts, all without one.
        recent: A manifest of archived wafers.
        pictures: Folder that its pictures' paths are relative to, if it is not the manifest's.
        learned: The data that the candidate learned from.
    """

    test: Path
    split: Split | None = None
    recent: Path | None = None
    pictures: Path | None = None
    learned: Path | None = None


def compare(candidate: OpenBundle, current: OpenBundle | None, material: Material) -> Comparison:
    """Measure both models.

    Raises:
        ContractError: If data is unreadable or holds no wafer, or hardly one that was not learned from.
        BundleError: If a graph does not fit its policy.
    """
    models = [candidate, current] if current else [candidate]
    kind = kind_of(candidate.manifest)
    wafers = read_wafers(material.test, kind)
    learned = Learned.read(material.learned, kind)
    wanted = wafers_of(wafers, [material.split] if material.split else [])
    indices, left_out = learned.without(wafers, wanted)
    maps = [wafers.maps[int(index)] for index in indices]
    truth = np.array(wafers.classes)[wafers.labels[indices]]
    recent, unreadable = _recent(material, kind)
    answered = unseen(recent, learned.lots)
    costs = _costs(models, to_time(wafers, indices))
    return Comparison(
        candidate=candidate.manifest.model,
        current=current.manifest.model if current else None,
        test=_pair(models, lambda model: ask(model, maps), truth),
        recent=_recently(models, answered) if answered else None,
        replay=replay(candidate, current, recent) if current and recent else None,
        candidate_cost=costs[0],
        current_cost=costs[1] if current else None,
        left_out={
            **{f"test wafers {reason}": count for reason, count in left_out.items()},
            **({"archived pictures that cannot be read": unreadable} if unreadable else {}),
        },
    )


def _recent(material: Material, kind: Kind) -> tuple[list[Recent], int]:
    if not material.recent:
        return [], 0
    return read_recent(material.recent, material.pictures or material.recent.parent, kind)


def _recently(models: Sequence[OpenBundle], answered: Sequence[Recent]) -> Pair:
    truth = np.array([str(each.label) for each in answered])
    return _pair(models, lambda model: _ask_again(model, answered), truth)


def _ask_again(model: OpenBundle, recent: Sequence[Recent]) -> Answers:
    return ask(model, [each.picture for each in recent], [each.colour for each in recent])


def _pair(
    models: Sequence[OpenBundle], asked: Callable[[OpenBundle], Answers], truth: Names
) -> Pair:
    found = []
    for model in models:
        spelling = {name: model.spelled(name) for name in np.unique(truth).tolist()}
        spelled = np.array([spelling[name] for name in truth.tolist()])
        found.append(worth(asked(model), spelled))
    return Pair(candidate=found[0], current=found[1] if len(found) > 1 else None)


def _costs(models: Sequence[OpenBundle], maps: Sequence[Codes]) -> list[Cost]:
    medians = in_turns([model.session for model in models], maps)
    return [
        Cost(size_bytes=model.size_bytes, latency_ms=median)
        for model, median in zip(models, medians, strict=True)
    ]


def replay(candidate: OpenBundle, current: OpenBundle, recent: Sequence[Recent]) -> Replay:
    """Run at least one archived wafer through both models."""
    new, old = _ask_again(candidate, recent), _ask_again(current, recent)
    changed = np.flatnonzero(new.labels != old.labels)
    surest = changed[np.argsort(-new.confidence[changed], kind="stable")][:EXAMPLES]
    return Replay(
        wafers=len(recent),
        candidate=routed(new),
        current=routed(old),
        changed=len(changed),
        examples=tuple(_example(recent[at], new, old, at) for at in surest.tolist()),
    )


def _example(wafer: Recent, new: Answers, old: Answers, at: int) -> dict[str, str | float]:
    return {
        "item": wafer.item,
        "fab": wafer.fab,
        "camera": wafer.camera,
        "current": str(old.labels[at]),
        "candidate": str(new.labels[at]),
        "probability": round(float(new.confidence[at]), _DIGITS),
    }


def write(comparison: Comparison, path: Path) -> None:
    """Write release.json, whole or not at all."""
    with whole(path) as unfinished:
        unfinished.write_text(comparison.model_dump_json(indent=1) + "\n")


def main(arguments: list[str] | None = None) -> int:
    """Read the arguments, compare, write what was found."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--candidate", type=Path, required=True, help="a bundle")
    parser.add_argument("--current", type=Path, help="the bundle in use")
    parser.add_argument("--test", type=Path, required=True, help="labelled wafers")
    parser.add_argument("--split", type=Split, choices=list(Split), help="of the test wafers")
    parser.add_argument("--recent", type=Path, help="a manifest of archived wafers")
    parser.add_argument("--pictures", type=Path, help="folder that the manifest's paths start from")
    parser.add_argument("--learned", type=Path, help="what the candidate learned from")
    parser.add_argument("--out", type=Path, required=True)
    given = parser.parse_args(arguments)
    try:
        require_place("--out", given.out)
        current = OpenBundle.of(given.current) if given.current else None
        material = Material(given.test, given.split, given.recent, given.pictures, given.learned)
        found = compare(OpenBundle.of(given.candidate), current, material)
        write(found, given.out)
    except FabWaferError as error:
        sys.stderr.write(f"error: {error}\n")
        return 1
    before = f"{found.test.current.macro_f1:.4f}" if found.test.current else "no model"
    sys.stdout.write(
        f"{found.candidate}: macro-F1 {found.test.candidate.macro_f1:.4f}, before {before}\n"
    )
    for reason, count in found.left_out.items():
        sys.stdout.write(f"left out: {count} {reason}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
