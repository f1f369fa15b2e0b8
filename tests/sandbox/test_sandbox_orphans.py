from collections.abc import Callable
from dataclasses import replace

import pytest

from fabwafer.deeds import Deed, Rules
from fabwafer.history import Answer, Verdict
from fabwafer.messages import Prediction
from fabwafer.review import answer
from fabwafer.triage import Decision, ReviewReason, review_request
from lambdas.event_records import event_row
from lambdas.loop.records import LinePaper, ModelPaper, ModelState, Paper
from lambdas.loop.rollout_records import RolloutPaper, Stage
from lambdas.loop.training_records import DatasetPaper, TrainingPaper, TrainingState
from lambdas.open_review import priority
from lambdas.records import Item, prediction_item, review_item
from lambdas.work_records import work_of
from sandbox.orphans import Kept, orphans

NOW_MS = 1_750_000_000_000
OLD, NEW = "wafer-map@1.0.0", "wafer-map@1.0.1"
SHA = "a" * 64
ITEM = f"img1~{NOW_MS}"
RULES = Rules(second_share=0)


def prediction(imgid: str = "img1", review: ReviewReason | None = None) -> tuple[Prediction, Item]:
    made = Prediction(
        imgid=imgid,
        timestamp=NOW_MS,
        fab="faba",
        camera="camera1",
        prediction="Loc",
        probability=0.4,
        model=OLD,
        sha256=SHA,
        serial=1,
    )
    decision = Decision(alert=False, review=review)
    return made, prediction_item(made, decision, "digest", NOW_MS, NOW_MS)


def reviewed() -> tuple[Item, Item, Item]:
    """A wafer's prediction, its settled work item, and the event that settled it."""
    made, row = prediction(review=ReviewReason.DOUBTFUL)
    request = review_request(made, ReviewReason.DOUBTFUL)
    work = work_of(review_item(request, priority(request), NOW_MS))
    deed = Deed("answer-01", "ann", 0, NOW_MS + 1)
    given = Answer(Verdict.LABELS, ("Donut",))
    change = answer(work.review, deed, given, work.question, RULES)
    return row, work.after(change.review).row, event_row(change.event, "faba")


def kept_paper(paper: Paper) -> Item:
    return {
        "kind": paper.kind,
        "name": paper.name,
        "version": 0,
        "body": paper.model_dump_json(),
    }


def model(name: str, **changes) -> ModelPaper:
    said = {"state": ModelState.CURRENT, "created_ms": 1, "manifest_sha256": SHA}
    return ModelPaper(name=name, key=f"bundles/{name}.zip", signing_key=SHA, **said | changes)


DATASET = DatasetPaper(
    name="000001",
    created_ms=1,
    key="datasets/000001/manifest.jsonl",
    sha256=SHA,
    labels={"Donut": 1},
    reviewers={"ann": 1},
    conflicting=0,
    unsettled=0,
    excluded={},
    last_event_ms=NOW_MS,
)
TRAINING = TrainingPaper(
    name="000001",
    job="fabwafer-000001-abc",
    state=TrainingState.COMPLETED,
    why=("enough",),
    dataset="000001",
    started_ms=2,
    model=NEW,
)
ROLLOUT = RolloutPaper(
    name="000001",
    model=NEW,
    previous=OLD,
    stage=Stage.DONE,
    serial=2,
    component_version="2.0.0",
    started_ms=3,
)
LINE = LinePaper(name="wafer-map", current=NEW, serial=2)
PAPERS = (DATASET, TRAINING, model(OLD), model(NEW, training="000001"), ROLLOUT, LINE)
LESSON: Item = {"kind": f"learned/{ITEM}", "name": "000001"}


def whole(*papers: Paper) -> Kept:
    row, work, event = reviewed()
    return Kept(
        predictions=[row],
        reviews=[work],
        events=[event],
        papers=[*map(kept_paper, papers or PAPERS), LESSON],
        archived={str(row["image_key"]): SHA},
        bundles=frozenset({f"bundles/{OLD}.zip", f"bundles/{NEW}.zip"}),
        models=frozenset({OLD, NEW}),
        manifests={"000001": frozenset({ITEM})},
    )


def without(sort: type[Paper], name: str | None = None) -> Kept:
    return whole(*(p for p in PAPERS if not (isinstance(p, sort) and name in {None, p.name})))


def test_where_every_link_is_kept_nothing_is_an_orphan():
    assert orphans(whole()) == []


@pytest.mark.parametrize(
    ("spoil", "line"),
    [
        pytest.param(
            lambda kept: replace(kept, archived={}),
            "picture is not in the archive",
            id="a picture that never came",
        ),
        pytest.param(
            lambda kept: replace(kept, archived={**kept.archived, "faba/x.png": SHA}),
            "faba/x.png: a picture that nothing leads to",
            id="a picture without a wafer",
        ),
        pytest.param(
            lambda kept: replace(kept, archived=dict.fromkeys(kept.archived, "b" * 64)),
            "not the one that the camera classified",
            id="another picture",
        ),
        pytest.param(
            lambda kept: replace(kept, models=frozenset({NEW})),
            f"No thresholds are kept of {OLD}",
            id="thresholds",
        ),
        pytest.param(
            lambda kept: replace(kept, events=[]),
            "chain of what people did is broken",
            id="an event that is gone",
        ),
        pytest.param(
            lambda kept: replace(kept, reviews=[]),
            f"{ITEM}: an event that nothing leads to",
            id="an event without its item",
        ),
        pytest.param(
            lambda kept: replace(kept, predictions=[prediction("img2")[1]]),
            f"{ITEM}: a work item that nothing leads to",
            id="a work item without its wafer",
        ),
        pytest.param(
            lambda kept: replace(kept, bundles=frozenset()),
            f"its bundle bundles/{NEW}.zip is not kept",
            id="a bundle",
        ),
        pytest.param(
            lambda kept: replace(kept, papers=[p for p in kept.papers if p is not LESSON]),
            f"{ITEM}: does not know that dataset 000001 holds it",
            id="a lesson that was not written down",
        ),
    ],
)
def test_what_is_missing_is_named(spoil: Callable[[Kept], Kept], line: str):
    assert any(line in each for each in orphans(spoil(whole())))


@pytest.mark.parametrize(
    ("sort", "name", "line"),
    [
        (DatasetPaper, None, "Nothing is kept of dataset 000001"),
        (DatasetPaper, None, "000001: a training that nothing leads to"),
        (TrainingPaper, None, "Nothing was trained on dataset 000001"),
        (TrainingPaper, None, f"{NEW}: its training 000001 is not kept"),
        (ModelPaper, NEW, f"Nothing is kept of {NEW}, which learned from dataset 000001"),
        (ModelPaper, NEW, f"{NEW}: a model in use that nothing leads to"),
        (ModelPaper, OLD, f"{OLD}: a model in use that nothing leads to"),
    ],
)
def test_a_paper_that_is_missing_leaves_orphans(sort: type[Paper], name: str | None, line: str):
    assert any(line in each for each in orphans(without(sort, name)))
