"""The label book: what a label means in a fab, and how to tell it from its neighbours; every version is kept."""

from collections.abc import Mapping, Sequence
from typing import Annotated, Any, cast

from aws_lambda_powertools.event_handler.openapi.params import Query
from aws_lambda_powertools.event_handler.router import APIGatewayHttpRouter

from fabwafer.errors import ConflictError, ContractError
from fabwafer.label_book import WM811K_TEXTS, LabelText
from fabwafer.triage import Policy
from lambdas.records import Item
from lambdas.review.bodies import LabelBody
from lambdas.review.label_reports import LabelBook, LabelView, NeighbourView
from lambdas.review.queries import LabelPath, LabelsQuery
from lambdas.review.visit import Role, Visit, Visiting
from lambdas.review.vocabulary import book_kind

router = APIGatewayHttpRouter()  # type: ignore[no-untyped-call]

_UNKNOWN = LabelText("Nobody has written yet what this means.")


@router.get("/labels", summary="What may be answered, and what it means")
def label_book(visit: Visiting, query: Annotated[LabelsQuery, Query()]) -> LabelBook:
    """Return the labels of a model, and those that the fab has beyond it, with the fab's texts."""
    visit.need(*Role)
    visit.need_fab(query.fab)
    policy = visit.desk.policies.of(query.model)
    labels = visit.policy(query.fab, query.model).labels
    papers = visit.desk.papers.read_all(book_kind(query.fab), list(labels))
    return LabelBook(
        fab=query.fab,
        model=query.model,
        labels=tuple(_view(label, policy, papers.get(label)) for label in labels),
    )


@router.put("/labels/<label>", summary="Write what a label means, or add a label")
def describe(visit: Visiting, label: LabelPath, body: LabelBody) -> LabelView:
    """Keep a new text, if the one that was looked at is still the latest; version 0 of an unknown label adds it."""
    visit.need(Role.ADMIN)
    visit.need_fab(body.fab)
    policy = visit.desk.policies.of(body.model)
    _check_label(visit, label, body)
    _check_examples(visit, body)
    kind = book_kind(body.fab)
    earlier = visit.desk.papers.read(kind, label)
    paper = _paper(visit, label, body, earlier)
    if earlier is None:
        kept = body.version == 0 and visit.desk.papers.put_new(paper)
    else:
        past = {**earlier, "kind": f"{kind}/{label}", "name": f"{earlier['version']:06}"}
        visit.desk.papers.put_new(past)
        kept = visit.desk.papers.revise(paper, body.version)
    if not kept:
        version = int(cast("int", earlier["version"])) if earlier else 0
        raise ConflictError("version", body.version, f"{version}, the text's version now", version)
    return _view(label, policy, paper)


def _check_label(visit: Visit, label: str, body: LabelBody) -> None:
    """Who adds a label makes it a class of the one model that all fabs run."""
    known = visit.policy(body.fab, body.model)
    if label in known.labels:
        return
    if body.version:
        raise ContractError("label", label, f"one of {', '.join(known.labels)}")
    visit.need_every_fab()
    visit.vocabulary.require_new(label, body.fab, known, visit.desk.fabs)


def _check_examples(visit: Visit, body: LabelBody) -> None:
    found = visit.desk.wafers.read_all(list(body.examples))
    for example in body.examples:
        if example not in found or found[example]["fab"] != body.fab:
            raise ContractError("examples", example, f"wafers of {body.fab}")


def _paper(visit: Visit, label: str, body: LabelBody, earlier: Item | None) -> Item:
    return {
        "kind": book_kind(body.fab),
        "name": label,
        "version": body.version + 1,
        "meaning": body.meaning,
        "neighbours": [each.model_dump() for each in body.neighbours],
        "examples": list(body.examples),
        "added_ms": visit.now_ms if earlier is None else earlier.get("added_ms", 0),
        "changed_by": visit.caller.name,
        "changed_ms": visit.now_ms,
    }


def _view(label: str, policy: Policy, paper: Item | None) -> LabelView:
    normal, taught = label == policy.normal, label in policy.labels
    if paper is None:
        text = WM811K_TEXTS.get(label, _UNKNOWN)
        neighbours = tuple(
            NeighbourView(label=other, difference=difference)
            for other, difference in text.neighbours
        )
        return LabelView(
            label=label,
            normal=normal,
            taught=taught,
            meaning=text.meaning,
            neighbours=neighbours,
        )
    written: dict[str, Any] = dict(paper)
    return LabelView(
        label=label,
        normal=normal,
        taught=taught,
        meaning=written["meaning"],
        neighbours=tuple(
            NeighbourView(**each)
            for each in cast("Sequence[Mapping[str, str]]", written["neighbours"])
        ),
        examples=tuple(written["examples"]),
        version=written["version"],
        changed_by=written["changed_by"],
        changed_ms=written["changed_ms"],
    )
