"""All that the loop has kept -> what belongs to nothing, and what a chain lacks: an empty list is success.

Every wafer is followed from its picture to the models that learned from it by the rules of the portal's why page, and
everything that is kept of reviews, datasets, trainings, models and rollouts back to what it came from.
"""

import json
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from fabwafer.chain import Chain, Learned, gaps
from fabwafer.history import Event, is_intact
from fabwafer.work_item import State
from lambdas.event_records import event_of
from lambdas.loop.records import LinePaper, ModelPaper, Paper
from lambdas.loop.rollout_records import RolloutPaper
from lambdas.loop.training_records import DatasetPaper, TrainingPaper
from lambdas.records import item_id
from lambdas.work_records import Work, work_of
from sandbox.cloud import Cloud
from sandbox.observe import pictures

Row = Mapping[str, Any]
_P = TypeVar("_P", bound=Paper)
_POLICIES = "/fabwafer/models/"
_LEARNED = "learned/"


@dataclass(frozen=True)
class Kept:
    """What a cloud holds.

    Attributes:
        predictions: Items of the predictions table.
        reviews: Items of the reviews table.
        events: Items of the events table.
        papers: Items of the papers table.
        archived: SHA-256 of every picture, by its key.
        bundles: Keys of the models bucket.
        models: name@version of every model whose thresholds are kept.
        manifests: The items that each dataset's manifest names, by its number.
    """

    predictions: Sequence[Row]
    reviews: Sequence[Row]
    events: Sequence[Row]
    papers: Sequence[Row]
    archived: Mapping[str, str]
    bundles: frozenset[str]
    models: frozenset[str]
    manifests: Mapping[str, frozenset[str]]

    def all(self, sort: type[_P]) -> dict[str, _P]:
        """Return the papers of a sort by name."""
        bodies = (row["body"] for row in self.papers if row["kind"] == sort.kind)
        papers = map(sort.model_validate_json, bodies)
        return {each.name: each for each in papers}

    def learned(self) -> dict[str, list[str]]:
        """Return the numbers of the datasets that hold a wafer, by its item."""
        found: dict[str, list[str]] = defaultdict(list)
        for row in self.papers:
            if row["kind"].startswith(_LEARNED):
                found[row["kind"].removeprefix(_LEARNED)].append(row["name"])
        return found


def kept_in(cloud: Cloud) -> Kept:
    """Read everything that a cloud holds."""
    papers = cloud.items("PapersTable")
    bodies = (row["body"] for row in papers if row["kind"] == DatasetPaper.kind)
    datasets = map(DatasetPaper.model_validate_json, bodies)
    return Kept(
        predictions=cloud.items("PredictionsTable"),
        reviews=cloud.items("ReviewsTable"),
        events=cloud.items("EventsTable"),
        papers=papers,
        archived={key: each.sha256 for key, each in pictures(cloud).items()},
        bundles=frozenset(cloud.keys("ModelsBucket")),
        models=_models(cloud),
        manifests={each.name: _items(cloud, each.key) for each in datasets},
    )


def orphans(kept: Kept) -> list[str]:
    """Return one line for everything that lacks what it should lead to or come from."""
    known = {_item(row) for row in kept.predictions}
    return [
        *_of_wafers(kept),
        *_without("a picture", kept.archived, {row["image_key"] for row in kept.predictions}),
        *_without("a work item", (row["item"] for row in kept.reviews), known),
        *_without(
            "an event", (row["item"] for row in kept.events), {row["item"] for row in kept.reviews}
        ),
        *_of_datasets(kept, known),
        *_of_models(kept),
    ]


def _of_wafers(kept: Kept) -> Iterator[str]:
    works = {row["item"]: work_of(dict(row)) for row in kept.reviews}
    events: dict[str, list[Event]] = defaultdict(list)
    for row in sorted(kept.events, key=lambda row: int(row["seq"])):
        events[row["item"]].append(event_of(dict(row)))
    models, learning = kept.all(ModelPaper), _lessons(kept)
    for row in kept.predictions:
        item = _item(row)
        chain = _chain(kept, row, models.get(row.get("model", "")), learning.get(item, ()))
        yield from (f"{item}: {gap}" for gap in gaps(_with(chain, works.get(item), events[item])))


def _chain(
    kept: Kept, row: Row, model: ModelPaper | None, learned: Sequence[Learned]
) -> dict[str, Any]:
    return {
        "told": row.get("sha256"),
        "archived": kept.archived.get(row["image_key"]),
        "model": row.get("model"),
        "has_thresholds": row.get("model") in kept.models,
        "serial": int(row["serial"]) if "serial" in row else None,
        "has_model": model is not None,
        "is_signed": model is not None and model.signing_key is not None,
        "asked": row.get("review"),
        "learned": tuple(learned),
    }


def _with(chain: Mapping[str, Any], work: Work | None, events: list[Event]) -> Chain:
    if work is None:
        return Chain(**chain)
    review = work.review
    return Chain(
        **chain,
        has_review=True,
        is_whole=is_intact(events, review.head, len(review.event_ids)),
        is_settled=review.state is State.SETTLED,
    )


def _lessons(kept: Kept) -> dict[str, list[Learned]]:
    datasets, trainings, models = (
        kept.all(DatasetPaper),
        kept.all(TrainingPaper),
        kept.all(ModelPaper),
    )

    def lesson(number: str) -> Learned:
        training = trainings.get(number)
        model = training.model if training else None
        return Learned(
            dataset=number,
            kept=number in datasets,
            training=training.state.value if training else None,
            model=model,
            model_kept=model in models,
        )

    return {item: [lesson(each) for each in numbers] for item, numbers in kept.learned().items()}


def _of_datasets(kept: Kept, known: set[str]) -> Iterator[str]:
    learned = kept.learned()
    yield from _without("a wafer that was learned from", learned, known)
    for number, items in kept.manifests.items():
        lost = [item for item in items if number not in learned.get(item, ())]
        yield from (f"{item}: does not know that dataset {number} holds it" for item in lost)
    yield from _without("a training", kept.all(TrainingPaper), kept.all(DatasetPaper))


def _of_models(kept: Kept) -> Iterator[str]:
    models, trainings = kept.all(ModelPaper), kept.all(TrainingPaper)
    for name, model in models.items():
        if model.key not in kept.bundles:
            yield f"{name}: its bundle {model.key} is not kept"
        if model.training is not None and model.training not in trainings:
            yield f"{name}: its training {model.training} is not kept"
    used = [each.current for each in kept.all(LinePaper).values()]
    for each in kept.all(RolloutPaper).values():
        used += [each.model, each.previous]
    yield from _without("a model in use", dict.fromkeys(used), models)


def _without(what: str, names: Iterable[str], origins: Iterable[str]) -> Iterator[str]:
    known = set(origins)
    return (f"{name}: {what} that nothing leads to" for name in names if name not in known)


def _models(cloud: Cloud) -> frozenset[str]:
    pages = cloud.emulator.client("ssm").get_paginator("get_parameters_by_path")
    names = (
        each["Name"].removeprefix(_POLICIES)
        for page in pages.paginate(Path=_POLICIES.rstrip("/"), Recursive=True)
        for each in page["Parameters"]
    )
    return frozenset(name.replace("/", "@") for name in names)


def _items(cloud: Cloud, key: str) -> frozenset[str]:
    s3 = cloud.emulator.client("s3")
    body = s3.get_object(Bucket=cloud.outputs["ModelsBucket"], Key=key)["Body"].read()
    return frozenset(json.loads(line)["item"] for line in body.splitlines() if line.strip())


def _item(row: Row) -> str:
    return item_id(row["imgid"], int(row["timestamp"]))
