"""How good the answers are: backlog and work done, agreement, honeypots, the model's live error, the audit log."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, replace
from functools import partial
from typing import Annotated

from aws_lambda_powertools.event_handler.openapi.params import Query
from aws_lambda_powertools.event_handler.router import APIGatewayHttpRouter

from fabwafer import agreement, oversight
from fabwafer.errors import ContractError
from fabwafer.retraining import counted
from fabwafer.work_item import State
from lambdas.loop.records import MODEL
from lambdas.loop.training_records import NeedPaper
from lambdas.review.cursors import cursor_of, start_of
from lambdas.review.day_sums import tally_of
from lambdas.review.quality_reports import (
    AgreementFigure,
    AgreementReport,
    AuditPage,
    Backlog,
    ErrorEstimate,
    HoneypotFigure,
    NamedAgreement,
    ReviewerDay,
    Statistics,
)
from lambdas.review.queries import AuditQuery, DaysQuery
from lambdas.review.showing import history_event
from lambdas.review.visit import Role, Visit, Visiting
from lambdas.review.walks import Walk
from lambdas.stores.pages import Filter, Page

router = APIGatewayHttpRouter()  # type: ignore[no-untyped-call]

_MOST_COUNTED = 10_000
_WAITING = (State.OPEN, State.SECOND, State.DISPUTED)
_EVENT_KEY = ("item", "seq", "at_ms")
_LAST_MS = 253_402_300_799_999


@router.get("/statistics", summary="How the reviewing goes")
def statistics(visit: Visiting, query: Annotated[DaysQuery, Query()]) -> Statistics:
    """Return backlog and work done; who only reviews sees their own work."""
    visit.need(*Role)
    visit.need_fab(query.fab)
    tally, complete = tally_of(visit, query.fab, query.days)
    found = Statistics(
        fab=query.fab,
        days=query.days,
        backlog=_backlogs(visit, query.fab),
        reviewers=tuple(
            ReviewerDay(**asdict(each))
            for each in oversight.days(tally)
            if visit.looks or each.reviewer == visit.caller.name
        ),
        labels_to_training=_labels_to_training(visit),
        complete=complete,
    )
    if not visit.looks:
        return found
    errors = oversight.model_errors(tally)
    return found.model_copy(
        update={
            "settled": oversight.settled(tally),
            "audit": tuple(_estimate(model, share) for model, share in errors.items()),
        }
    )


@router.get("/agreement", summary="How far reviewers agree")
def agreements(visit: Visiting, query: Annotated[DaysQuery, Query()]) -> AgreementReport:
    """Return agreement overall, by label, reviewer and week, and how honeypots were answered."""
    visit.need(Role.ENGINEER, Role.ADMIN)
    visit.need_fab(query.fab)
    tally, complete = tally_of(visit, query.fab, query.days)
    found = agreement.report(agreement.pairs(tally))
    return AgreementReport(
        fab=query.fab,
        days=query.days,
        overall=AgreementFigure(**_figure(found.overall)),
        labels=_named(found.labels),
        reviewers=_named(found.reviewers),
        weeks=_named(found.weeks),
        honeypots=tuple(
            HoneypotFigure(reviewer=name, shown=shown, right=right)
            for name, (shown, right) in oversight.honeypots(tally).items()
        ),
        complete=complete,
    )


@router.get("/audit", summary="Who did what, when, from what to what")
def audit(visit: Visiting, query: Annotated[AuditQuery, Query()]) -> AuditPage:
    """List events, newest first; without those about wafers that the caller may still read blind."""
    visit.need(Role.ENGINEER, Role.ADMIN)
    visit.need_fab(query.fab)
    first, last = query.from_ms or 0, _LAST_MS if query.to_ms is None else query.to_ms
    if last < first:
        raise ContractError("to_ms", last, f"at least from_ms, {first}")
    names = {"item": str, "seq": int, "at_ms": int}
    start = start_of(query.cursor, names, {"fab": query.fab})
    wanted = Filter(equal={"reviewer": query.reviewer})
    walk = Walk(
        read=lambda page: visit.desk.work.events_of(
            query.fab, (first, last), replace(page, wanted=wanted)
        ),
        key=lambda event: {"item": event.item, "seq": event.seq, "at_ms": event.at_ms},
        item=lambda key: str(key["item"]),
    )
    found, end = walk.page(visit, query.limit, start, tells=True)
    return AuditPage(
        events=tuple(history_event(visit, event) for event, _ in found),
        cursor=cursor_of(end, _EVENT_KEY),
    )


def _backlogs(visit: Visit, fab: str) -> tuple[Backlog, ...]:
    """Only who may look around learns how much waits for others."""
    states = _WAITING if visit.looks else (State.OPEN,)
    with ThreadPoolExecutor(len(states)) as pool:
        return tuple(pool.map(partial(_backlog, visit, fab), states))


def _backlog(visit: Visit, fab: str, state: State) -> Backlog:
    count, more = visit.desk.work.count(fab, state, _MOST_COUNTED)
    oldest, _ = visit.desk.work.in_state(fab, state, Page(1))
    return Backlog(
        state=state,
        count=count,
        at_least=more,
        oldest_ms=oldest[0].opened_ms if oldest else None,
    )


def _labels_to_training(visit: Visit) -> int | None:
    need = visit.desk.ledger.read(NeedPaper, MODEL)
    return max(0, need.wanted - counted(need.new_labels, need.wanted)) if need else None


def _estimate(model: str, share: oversight.Share) -> ErrorEstimate:
    return ErrorEstimate(
        model=model or None,
        wafers=share.cases,
        errors=share.hits,
        rate=share.hits / share.cases,
        low=share.low,
        high=share.high,
    )


def _named(figures: dict[str, agreement.Figure]) -> tuple[NamedAgreement, ...]:
    return tuple(NamedAgreement(name=name, **_figure(each)) for name, each in figures.items())


def _figure(figure: agreement.Figure) -> dict[str, float | int | None]:
    return {
        "pairs": figure.pairs,
        "bulk_pairs": figure.bulk_pairs,
        "percent": figure.percent,
        "kappa": figure.kappa,
    }
