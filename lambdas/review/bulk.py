"""One answer about many look-alikes: shown first, then kept item by item, and taken back as one."""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import cast

from aws_lambda_powertools.event_handler.router import APIGatewayHttpRouter

from fabwafer.deeds import Change, Deed
from fabwafer.errors import ConflictError, ContractError
from fabwafer.review import answer, undo
from fabwafer.work_item import State
from lambdas.records import Item
from lambdas.review.answer_bodies import BulkAnswerBody, BulkBody, UndoBatchBody
from lambdas.review.bodies import HeldItem
from lambdas.review.bulk_reports import BulkOutcome, BulkResult
from lambdas.review.changes import BusyError, canonical_answer, change, read_item
from lambdas.review.queries import BatchPath
from lambdas.review.visit import NotFoundError, Role, Visit, Visiting
from lambdas.work_records import Work

router = APIGatewayHttpRouter()  # type: ignore[no-untyped-call]

_THREADS = 10
_PREVIEW = "preview-of-a-batch"


@router.post("/bulk/preview", summary="What a bulk answer would do")
def preview(visit: Visiting, body: BulkBody) -> BulkResult:
    """Tell which items would take the answer, and why the others would not; nothing is changed."""
    _check(visit, body)

    def look(held: HeldItem) -> Work:
        work = read_item(visit, held.item)
        decided = _decide(visit, body, held, _PREVIEW)(work)
        return work.after(decided.review)

    return _result(visit, body.items, look, None)


@router.post("/bulk", summary="Answer many items alike")
def bulk_answer(visit: Visiting, body: BulkAnswerBody) -> BulkResult:
    """Answer every item that takes it, under the batch's id; what is refused is said."""
    _check(visit, body)
    kind = _kind(visit)
    paper: Item = {
        "kind": kind,
        "name": body.batch,
        "fab": body.fab,
        "items": [each.item for each in body.items],
        "at_ms": visit.now_ms,
    }
    if not visit.desk.papers.put_new(paper):
        earlier = visit.desk.papers.read(kind, body.batch) or paper
        if earlier["items"] != paper["items"]:
            raise ContractError("batch", body.batch, "an id that no other batch of yours has")

    def keep(held: HeldItem) -> Work:
        work, _ = change(visit, held.item, body.batch, _decide(visit, body, held, body.batch))
        return work

    return _result(visit, body.items, keep, body.batch)


@router.post("/bulk/<batch>/undo", summary="Take a whole batch back")
def undo_batch(visit: Visiting, batch: BatchPath, body: UndoBatchBody) -> BulkResult:
    """Undo the caller's answer about every item of a batch that nobody has touched since."""
    visit.need(Role.REVIEWER)
    paper = visit.desk.papers.read(_kind(visit), batch)
    if paper is None or not visit.caller.sees(str(paper["fab"])):
        raise NotFoundError(f"batch {batch}")

    def take_back(held: HeldItem) -> Work:
        work, _ = change(
            visit, held.item, body.answer_id, lambda work: _undone(visit, work, body, batch)
        )
        return work

    items = [HeldItem(item=item, version=0) for item in cast("Sequence[str]", paper["items"])]
    return _result(visit, items, take_back, batch)


def _check(visit: Visit, body: BulkBody) -> None:
    """Refuse an answer that one of the items' models has no label for, before anything is changed."""
    visit.need(Role.REVIEWER)
    visit.need_fab(body.fab)
    works = visit.desk.work.read_all([each.item for each in body.items]).values()
    models = {work.question.model for work in works if work.fab == body.fab}
    for model in models or {None}:
        canonical_answer(body.verdict, body.labels, visit.policy(body.fab, model))


def _decide(visit: Visit, body: BulkBody, held: HeldItem, batch: str) -> Callable[[Work], Change]:
    deed = Deed(batch, visit.caller.name, held.version, visit.now_ms, note=body.note, batch=batch)

    def decide(work: Work) -> Change:
        if work.fab != body.fab:
            raise NotFoundError(f"item {held.item}")
        review = work.review
        if review.state is not State.OPEN:
            expected = "an item that can be answered along with others"
            raise ConflictError("item", held.item, expected, review.version)
        policy = visit.policy(work.fab, work.question.model)
        given = canonical_answer(body.verdict, body.labels, policy)
        return answer(review, deed, given, work.question, visit.desk.rules)

    return decide


def _undone(visit: Visit, work: Work, body: UndoBatchBody, batch: str) -> Change:
    review = work.review
    if not review.event_ids or review.event_ids[-1] != batch:
        expected = "an item that nobody has touched since"
        raise ConflictError("item", review.item, expected, review.version)
    deed = Deed(body.answer_id, visit.caller.name, review.version, visit.now_ms, batch=batch)
    return undo(review, deed, work.question, visit.desk.rules)


def _result(
    visit: Visit,
    items: Sequence[HeldItem],
    act: Callable[[HeldItem], Work],
    batch: str | None,
) -> BulkResult:
    def outcome(held: HeldItem) -> BulkOutcome:
        try:
            work = act(held)
        except ConflictError as error:
            return BulkOutcome(item=held.item, version=error.version, refused=str(error))
        except NotFoundError as error:
            return BulkOutcome(item=held.item, refused=f"not found: {error}")
        except BusyError as error:
            return BulkOutcome(item=held.item, refused=str(error))
        shown = work.review.state if visit.looks else None
        return BulkOutcome(item=held.item, version=work.review.version, state=shown)

    with ThreadPoolExecutor(_THREADS) as pool:
        outcomes = tuple(pool.map(outcome, items))
    refused = sum(each.refused is not None for each in outcomes)
    return BulkResult(batch=batch, done=len(outcomes) - refused, refused=refused, items=outcomes)


def _kind(visit: Visit) -> str:
    return f"batch/{visit.caller.name}"
