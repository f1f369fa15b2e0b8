"""Work in and out: items are leased to a person, and answers, undos and comments come back as events."""

from concurrent.futures import ThreadPoolExecutor
from functools import partial
from http import HTTPStatus

from aws_lambda_powertools.event_handler.router import APIGatewayHttpRouter

from fabwafer.deeds import Change, Deed
from fabwafer.errors import ConflictError, ContractError
from fabwafer.leases import extend, release
from fabwafer.review import adjudicate, answer, send_back, undo
from fabwafer.work_item import State
from lambdas.review.answer_bodies import AnswerBody, AnswersBody, SentAnswer
from lambdas.review.bodies import (
    HeartbeatBody,
    HeldItem,
    Line,
    NextBody,
    ReleaseBody,
    SendBackBody,
    UndoBody,
)
from lambdas.review.changes import BusyError, canonical_answer, change, move
from lambdas.review.handout import hand_out
from lambdas.review.queries import ItemPath
from lambdas.review.refusals import REFUSALS, refusal
from lambdas.review.showing import answer_view, is_masked, work_item
from lambdas.review.views import (
    AnswerOutcome,
    AnswerOutcomes,
    ItemState,
    Lease,
    Leases,
    Problem,
    WorkItem,
    WorkItems,
)
from lambdas.review.visit import NotFoundError, Role, Visit, Visiting
from lambdas.work_records import Work

router = APIGatewayHttpRouter()  # type: ignore[no-untyped-call]

_THREADS = 10


@router.post("/queue/next", summary="Lease the most urgent items to the caller")
def next_items(visit: Visiting, body: NextBody) -> WorkItems:
    """Hand out work: what the caller holds already comes first."""
    if body.line is Line.REVIEW:
        visit.need(Role.REVIEWER)
    else:
        visit.need(Role.ENGINEER, Role.ADMIN)
    works = hand_out(visit, visit.need_fab(body.fab), body.count, body.line)
    predictions = visit.desk.wafers.read_all([each.review.item for each in works])
    return WorkItems(
        items=tuple(work_item(visit, each, predictions.get(each.review.item)) for each in works)
    )


@router.post("/queue/heartbeat", summary="Keep what the caller holds")
def heartbeat(visit: Visiting, body: HeartbeatBody) -> Leases:
    """Extend leases; what went to somebody else is named as lost, what is left out can be asked for again."""
    visit.need(*Role)
    with ThreadPoolExecutor(_THREADS) as pool:
        found = list(pool.map(partial(_extended, visit), body.items))
    return Leases(
        held=tuple(each for each in found if isinstance(each, Lease)),
        lost=tuple(each for each in found if isinstance(each, str)),
    )


@router.post("/items/<item>/answer", summary="Answer, or adjudicate")
def answer_item(visit: Visiting, item: ItemPath, body: AnswerBody) -> ItemState:
    """Take an answer; of an engineer, about a disputed item, it is the one that counts."""
    visit.need(*Role)
    return _answered(visit, item, body)


@router.post("/answers", summary="Answer what waits, each for itself")
def answer_items(visit: Visiting, body: AnswersBody) -> AnswerOutcomes:
    """Take many answers one after the other; what is refused, and why, is told of each."""
    visit.need(*Role)
    return AnswerOutcomes(outcomes=tuple(_outcome(visit, each) for each in body.answers))


def _outcome(visit: Visit, sent: SentAnswer) -> AnswerOutcome:
    status, body = _taken(visit, sent)
    return AnswerOutcome(item=sent.item, answer_id=sent.answer_id, status=status, body=body)


def _taken(visit: Visit, sent: SentAnswer) -> tuple[HTTPStatus, ItemState | Problem]:
    if isinstance(sent.body, ContractError):
        return refusal(sent.body, visit)
    try:
        return HTTPStatus.OK, _answered(visit, sent.item, sent.body)
    except REFUSALS as error:
        return refusal(error, visit)


def _answered(visit: Visit, item: str, body: AnswerBody) -> ItemState:
    deed = Deed(
        id=body.answer_id,
        reviewer=visit.caller.name,
        version=body.version,
        at_ms=visit.now_ms,
        note=body.note,
        took_ms=body.took_ms,
    )

    def decide(work: Work) -> Change:
        policy = visit.policy(work.fab, work.question.model)
        given = canonical_answer(body.verdict, body.labels, policy)
        if visit.looks and work.review.state is State.DISPUTED:
            return adjudicate(work.review, deed, given, work.question, visit.desk.rules)
        visit.need(Role.REVIEWER)
        return answer(work.review, deed, given, work.question, visit.desk.rules)

    return _state(visit, *change(visit, item, body.answer_id, decide))


@router.post("/items/<item>/undo", summary="Take the caller's last answer back")
def undo_answer(visit: Visiting, item: ItemPath, body: UndoBody) -> WorkItem:
    """Undo, and put the item into the caller's hands again."""
    visit.need(*Role)
    deed = Deed(body.answer_id, visit.caller.name, body.version, visit.now_ms)
    work, _ = change(
        visit,
        item,
        body.answer_id,
        lambda work: undo(work.review, deed, work.question, visit.desk.rules),
    )
    return work_item(visit, work, visit.desk.wafers.read(item))


@router.post("/items/<item>/release", summary="Give an item back without an answer")
def release_item(visit: Visiting, item: ItemPath, body: ReleaseBody) -> ItemState:
    """Give back what the caller holds; an admin, what anybody holds."""
    visit.need(*Role)
    anyones = Role.ADMIN in visit.caller.roles
    work = move(
        visit,
        item,
        lambda work: release(
            work.review, visit.caller.name, body.version, anyones=anyones, skips=body.skip
        ),
    )
    return _state(visit, work, repeated=False)


@router.post("/items/<item>/send-back", summary="Have an item read anew")
def send_item_back(visit: Visiting, item: ItemPath, body: SendBackBody) -> ItemState:
    """Open an item again; its next readers see the comment."""
    visit.need(Role.ENGINEER, Role.ADMIN)
    deed = Deed(body.answer_id, visit.caller.name, body.version, visit.now_ms, note=body.comment)
    return _state(
        visit,
        *change(
            visit,
            item,
            body.answer_id,
            lambda work: send_back(work.review, deed, work.question),
        ),
    )


def _extended(visit: Visit, held: HeldItem) -> Lease | str | None:
    """Return the lease, the item's id if it is lost, None if it could not be found out now."""
    name, rules = visit.caller.name, visit.desk.rules
    try:
        work = move(
            visit,
            held.item,
            lambda work: extend(work.review, name, held.version, visit.now_ms, rules),
        )
    except (ConflictError, NotFoundError):
        return held.item
    except BusyError:
        return None
    until = work.review.lease.until_ms if work.review.lease else 0
    return Lease(item=held.item, version=work.review.version, lease_until_ms=until)


def _state(visit: Visit, work: Work, repeated: bool) -> ItemState:
    """Only who may look around learns what became of an item: a reviewer could tell second readings by it."""
    shown = visit.looks and not is_masked(visit, work)
    return ItemState(
        item=work.review.item,
        version=work.review.version,
        state=work.review.state if shown else None,
        answer=answer_view(work.review.answer) if shown else None,
        repeated=repeated,
    )
