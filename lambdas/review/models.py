"""Models, their figures and where they come from; an administrator's approval starts a model's rollout."""

from aws_lambda_powertools.event_handler.router import APIGatewayHttpRouter

from fabwafer.errors import ConflictError
from lambdas.loop.records import MODEL, LinePaper, ModelPaper, ModelState
from lambdas.loop.rollout_records import RolloutPaper
from lambdas.review.bodies import DecisionBody
from lambdas.review.model_reports import ModelDetail, ModelList
from lambdas.review.model_views import detail, summary
from lambdas.review.queries import ModelPath
from lambdas.review.visit import NotFoundError, Role, Visit, Visiting

router = APIGatewayHttpRouter()  # type: ignore[no-untyped-call]

_APPROVABLE = (ModelState.AWAITING, ModelState.APPROVED, ModelState.RETIRED)
"""An approved model whose rollout could not start is decided about again; a retired one may come back."""
_REJECTABLE = (ModelState.AWAITING, ModelState.APPROVED)


@router.get("/models", summary="The models, newest first")
def models(visit: Visiting) -> ModelList:
    """List the models of the line, and what the fleet is meant to run."""
    visit.need(Role.ENGINEER, Role.ADMIN)
    papers = visit.desk.ledger.all(ModelPaper)
    line = visit.desk.ledger.read(LinePaper, MODEL)
    newest_first = sorted(papers, key=lambda each: each.created_ms, reverse=True)
    return ModelList(
        models=tuple(map(summary, newest_first)),
        current=line.current if line else None,
        serial=line.serial if line else None,
        rollout=line.rollout if line else None,
    )


@router.get("/models/<name>", summary="All about a model")
def model(visit: Visiting, name: ModelPath) -> ModelDetail:
    """Return a model with its figures beside those of the model before."""
    visit.need(Role.ENGINEER, Role.ADMIN)
    return detail(visit, _read(visit, name))


@router.post(
    "/models/<name>/decision", summary="Approve a model, which starts its rollout, or reject it"
)
def decision(visit: Visiting, name: ModelPath, body: DecisionBody) -> ModelDetail:
    """Decide about a model that waits for it; the same decision again changes nothing.

    SageMaker's registry is told last, so that its faults hold up no rollout, and at every decision: the same one again
    makes them good.
    """
    visit.need(Role.ADMIN)
    visit.need_every_fab()
    paper = _read(visit, name)
    done = _is_done(paper, approve=body.approve)
    if not done:
        _check(visit, paper, approve=body.approve)
        paper = _keep(visit, paper, approve=body.approve)
    if body.approve and not done:
        visit.desk.loop.launch(paper.name, visit.now_ms)
    visit.desk.loop.note(paper.name)
    return detail(visit, _read(visit, name))


def _is_done(paper: ModelPaper, *, approve: bool) -> bool:
    done = ModelState.ROLLING_OUT if approve else ModelState.REJECTED
    return paper.state is done


def _check(visit: Visit, paper: ModelPaper, *, approve: bool) -> None:
    allowed = _APPROVABLE if approve else _REJECTABLE
    if paper.state not in allowed:
        expected = f"a model that waits for approval, not one that is {paper.state.value}"
        raise ConflictError("approve", approve, expected, paper.version)
    if approve:
        _need_no_other_rollout(visit, paper)


def _need_no_other_rollout(visit: Visit, paper: ModelPaper) -> None:
    """Say so before the approval is kept, for nobody would start the rollout later."""
    line = visit.desk.ledger.read(LinePaper, MODEL)
    if line is None or line.rollout is None:
        return
    rollout = visit.desk.ledger.read(RolloutPaper, line.rollout)
    if rollout is None or rollout.model != paper.name:
        expected = f"no rollout under way, and {line.rollout} is: approve when it has ended"
        raise ConflictError("approve", paper.name, expected, paper.version)


def _keep(visit: Visit, paper: ModelPaper, *, approve: bool) -> ModelPaper:
    """Keep who decided; a retired model stays one until its way back has begun."""
    approved = paper.state if paper.state is ModelState.RETIRED else ModelState.APPROVED
    decided = paper.model_copy(
        update={
            "state": approved if approve else ModelState.REJECTED,
            "decided_by": visit.caller.name,
            "decided_ms": visit.now_ms,
        }
    )
    kept = visit.desk.ledger.revise(decided)
    if kept is None:
        expected = "a model that nobody else decides about: look again"
        raise ConflictError("approve", approve, expected, paper.version)
    return kept


def _read(visit: Visit, name: str) -> ModelPaper:
    paper = visit.desk.ledger.read(ModelPaper, name)
    if paper is None:
        raise NotFoundError(f"model {name}")
    return paper
