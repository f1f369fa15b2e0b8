"""a wafer -> the whole chain: picture, model and signature, thresholds, rule, people, datasets, models that learned."""

from dataclasses import dataclass
from typing import cast

from aws_lambda_powertools.event_handler.router import APIGatewayHttpRouter

from fabwafer.chain import Chain, Learned, gaps
from fabwafer.triage import Policy
from fabwafer.work_item import State
from lambdas.loop.lineage import Lesson, lessons
from lambdas.loop.records import ModelPaper
from lambdas.records import Item
from lambdas.review.look import find_wafer, is_whole
from lambdas.review.queries import ItemPath
from lambdas.review.showing import identity, is_masked, review_view
from lambdas.review.visit import Role, Visit, Visiting
from lambdas.review.why_views import (
    LessonLink,
    ModelLink,
    PictureLink,
    RuleLink,
    ThresholdLink,
    Why,
)
from lambdas.work_records import Work

router = APIGatewayHttpRouter()  # type: ignore[no-untyped-call]


@router.get("/wafers/<item>/why", summary="The whole chain of a wafer")
def why_chain(visit: Visiting, item: ItemPath) -> Why:
    """Return everything that led to what became of a wafer and that came of it, and what of it is missing."""
    visit.need(*Role)
    row, work = find_wafer(visit, item)
    if is_masked(visit, work):
        return Why(**identity(row), blind=True)
    found = _read(visit, item, row, work)
    events = visit.desk.work.history(item) if work else []
    whole = work is None or is_whole(work, events)
    return Why(
        **identity(row),
        picture=_picture(found),
        model=_model(found),
        thresholds=_thresholds(found),
        rule=_rule(found),
        review=review_view(visit, work, events, intact=whole) if work else None,
        learned=tuple(map(_lesson, found.lessons)),
        gaps=gaps(_chain(found, whole=whole)),
    )


@dataclass(frozen=True)
class _Found:
    """All that is kept of one wafer."""

    row: Item
    work: Work | None
    archived: str | None
    policy: Policy
    model: ModelPaper | None
    lessons: tuple[Lesson, ...]

    @property
    def name(self) -> str | None:
        return _text(self.row, "model")

    @property
    def serial(self) -> int | None:
        return int(str(self.row["serial"])) if "serial" in self.row else None


def _read(visit: Visit, item: str, row: Item, work: Work | None) -> _Found:
    desk, model = visit.desk, _text(row, "model")
    return _Found(
        row=row,
        work=work,
        archived=desk.images.sha256(str(row["image_key"])),
        policy=desk.policies.of(model),
        model=desk.ledger.read(ModelPaper, model) if model else None,
        lessons=lessons(desk.ledger, item),
    )


def _picture(found: _Found) -> PictureLink:
    return PictureLink(
        key=str(found.row["image_key"]),
        sha256=_text(found.row, "sha256"),
        archived_sha256=found.archived,
    )


def _model(found: _Found) -> ModelLink:
    link = ModelLink(model=found.name, serial=found.serial)
    if found.model is None:
        return link
    return ModelLink(
        model=link.model,
        serial=link.serial,
        state=found.model.state.value,
        manifest_sha256=found.model.manifest_sha256,
        signing_key=found.model.signing_key,
        dataset=found.model.dataset,
        begun_from=found.model.begun_from,
    )


def _thresholds(found: _Found) -> ThresholdLink:
    policy = found.policy
    return ThresholdLink(
        accept=policy.accept_threshold(str(found.row["prediction"])),
        alert=policy.alert,
        novelty=policy.novelty,
        refusal={name.value: value for name, value in policy.refusal.items()},
        promise=found.model.promise if found.model else {},
    )


def _rule(found: _Found) -> RuleLink:
    row, policy = found.row, found.policy
    label, probability = str(row["prediction"]), float(cast("float", row["probability"]))
    novelty = float(cast("float", row["novelty"])) if "novelty" in row else None
    return RuleLink(
        label=label,
        probability=probability,
        defect=policy.label_set.is_defect(label),
        accepted=policy.accepts(label, probability, novelty, _text(row, "refused")),
        alerted=bool(row["alert"]) if "alert" in row else None,
        reason=found.work.question.reason if found.work else _text(row, "review"),
    )


def _lesson(lesson: Lesson) -> LessonLink:
    dataset, training, model = lesson.dataset, lesson.training, lesson.model
    return LessonLink(
        dataset=lesson.number,
        created_ms=dataset.created_ms if dataset else None,
        sha256=dataset.sha256 if dataset else None,
        wafers=dataset.wafers if dataset else None,
        training=training.state.value if training else None,
        job=training.job if training else None,
        model=training.model if training else None,
        model_state=model.state.value if model else None,
    )


def _chain(found: _Found, *, whole: bool) -> Chain:
    review = found.work.review if found.work else None
    return Chain(
        told=_text(found.row, "sha256"),
        archived=found.archived,
        model=found.name,
        has_thresholds=found.policy.model is not None,
        serial=found.serial,
        has_model=found.model is not None,
        is_signed=found.model is not None and found.model.signing_key is not None,
        asked=_text(found.row, "review"),
        has_review=review is not None,
        is_whole=whole,
        is_settled=review is not None and review.state is State.SETTLED,
        learned=tuple(map(_learned, found.lessons)),
    )


def _learned(lesson: Lesson) -> Learned:
    training = lesson.training
    return Learned(
        dataset=lesson.number,
        kept=lesson.dataset is not None,
        training=training.state.value if training else None,
        model=training.model if training else None,
        model_kept=lesson.model is not None,
    )


def _text(row: Item, name: str) -> str | None:
    return str(row[name]) if name in row else None
