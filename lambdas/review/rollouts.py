"""Rollouts as they go, and what an administrator wants of them: the state machine reads the wish at its next look."""

from collections import Counter
from typing import cast

from aws_lambda_powertools.event_handler.router import APIGatewayHttpRouter

from fabwafer.errors import ConflictError
from lambdas.loop.devices import camera_of
from lambdas.loop.figures import StageFigures, WaferFigures
from lambdas.loop.rollout_records import RolloutPaper, StageLog, Wish
from lambdas.review.bodies import WishBody
from lambdas.review.queries import NumberPath
from lambdas.review.rollout_reports import (
    DeviceStanding,
    RolloutDetail,
    RolloutList,
    RolloutSummary,
    StageView,
)
from lambdas.review.visit import NotFoundError, Role, Visit, Visiting

router = APIGatewayHttpRouter()  # type: ignore[no-untyped-call]


@router.get("/rollouts", summary="The rollouts, newest first")
def rollouts(visit: Visiting) -> RolloutList:
    """List the latest hundred."""
    visit.need(Role.ENGINEER, Role.ADMIN)
    return RolloutList(rollouts=tuple(map(_summary, visit.desk.ledger.all(RolloutPaper))))


@router.get("/rollouts/<number>", summary="All about a rollout")
def rollout(visit: Visiting, number: NumberPath) -> RolloutDetail:
    """Return a rollout with its stages' figures, and what the caller's cameras run now."""
    visit.need(Role.ENGINEER, Role.ADMIN)
    return _detail(visit, _read(visit, number))


@router.post("/rollouts/<number>/wish", summary="Pause a rollout, have it go on, or abort it")
def wish(visit: Visiting, number: NumberPath, body: WishBody) -> RolloutDetail:
    """Keep what is wanted; the same wish again changes nothing, and an abort is not taken back."""
    visit.need(Role.ADMIN)
    visit.need_every_fab()

    def wished(paper: RolloutPaper) -> RolloutPaper | None:
        if paper.wish is body.wish:
            return None
        _check(paper, body.wish)
        return paper.model_copy(update={"wish": body.wish, "wished_by": visit.caller.name})

    paper = visit.desk.ledger.change(RolloutPaper, number, wished)
    if paper is None:
        raise NotFoundError(f"rollout {number}")
    return _detail(visit, paper)


def _check(paper: RolloutPaper, wanted: Wish) -> None:
    if paper.ended_ms is not None:
        expected = f"a rollout under way, not one that is {paper.stage.value}"
        raise ConflictError("wish", wanted.value, expected, paper.version)
    if paper.wish is Wish.ABORT:
        raise ConflictError("wish", wanted.value, "none: it is being aborted", paper.version)


def _read(visit: Visit, number: str) -> RolloutPaper:
    paper = visit.desk.ledger.read(RolloutPaper, number)
    if paper is None:
        raise NotFoundError(f"rollout {number}")
    return paper


def _summary(paper: RolloutPaper) -> RolloutSummary:
    return RolloutSummary(
        rollout=paper.name, **paper.model_dump(include=set(RolloutSummary.model_fields))
    )


def _detail(visit: Visit, paper: RolloutPaper) -> RolloutDetail:
    rows = [row for fab in visit.fabs for row in visit.desk.cameras.of_fab(fab)]
    running = Counter(cast("str", row["model"]) for row in rows if "model" in row)
    return RolloutDetail(
        **_summary(paper).model_dump(),
        component_version=paper.component_version,
        stages=tuple(_stage(visit, each) for each in paper.stages),
        deployments=paper.deployments,
        running=dict(running),
        shadowing=sum(row.get("shadow") == paper.model for row in rows),
    )


def _stage(visit: Visit, log: StageLog) -> StageView:
    figures = StageFigures.of(log)
    devices = [(camera_of(thing), each) for thing, each in sorted(figures.devices.items())]
    return StageView(
        **log.model_dump(exclude={"figures"}),
        state=figures.state,
        wanted=figures.wanted,
        seen=_seen(visit, figures.seen),
        before=_seen(visit, figures.before),
        guards=figures.guards,
        devices=tuple(
            DeviceStanding(
                fab=fab,
                camera=camera,
                condition=each.condition,
                problem=each.problem,
                restarts=each.restarts,
                deployment=each.deployment,
            )
            for (fab, camera), each in devices
            if visit.caller.sees(fab)
        ),
        offline=figures.offline,
        uncovered=tuple(filter(visit.caller.sees, figures.uncovered)),
        statuses=figures.statuses,
        learned=figures.learned,
    )


def _seen(visit: Visit, figures: WaferFigures) -> WaferFigures:
    """Return figures that name no other fabs than the caller's."""
    fabs = {fab: wafers for fab, wafers in figures.fabs.items() if visit.caller.sees(fab)}
    return figures.model_copy(update={"fabs": fabs})
