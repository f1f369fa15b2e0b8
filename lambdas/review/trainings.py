"""Training: whether and when, how a job fares and what it says; to be asked for and to be stopped."""

from aws_lambda_powertools.event_handler.router import APIGatewayHttpRouter

from fabwafer.errors import ConflictError
from lambdas.loop.records import MODEL
from lambdas.loop.training_records import NeedPaper, TrainingPaper
from lambdas.review.datasets import dataset_view
from lambdas.review.queries import NumberPath
from lambdas.review.training_reports import (
    NeedView,
    TrainingAsked,
    TrainingDetail,
    TrainingList,
    TrainingSummary,
)
from lambdas.review.visit import NotFoundError, Role, Visit, Visiting

router = APIGatewayHttpRouter()  # type: ignore[no-untyped-call]


@router.get("/trainings", summary="Whether to train, and the trainings, newest first")
def trainings(visit: Visiting) -> TrainingList:
    """List the latest hundred, with what the next one waits for."""
    visit.need(Role.ENGINEER, Role.ADMIN)
    need = visit.desk.ledger.read(NeedPaper, MODEL)
    return TrainingList(
        need=NeedView(**need.model_dump(exclude={"name", "version"})) if need else None,
        trainings=tuple(map(_summary, visit.desk.ledger.all(TrainingPaper))),
    )


@router.get("/trainings/<number>", summary="All about a training")
def training(visit: Visiting, number: NumberPath) -> TrainingDetail:
    """Return a training with its dataset, and the last lines of its log as they are now."""
    visit.need(Role.ENGINEER, Role.ADMIN)
    return _detail(visit, _read(visit, number))


@router.post("/trainings", summary="Ask for a training now")
def ask(visit: Visiting) -> TrainingAsked:
    """Pass the wish on; whether a job starts is decided there: one at a time, within the spending cap."""
    visit.need(Role.ENGINEER, Role.ADMIN)
    visit.desk.loop.train(visit.caller.name)
    return TrainingAsked(asked_ms=visit.now_ms)


@router.post("/trainings/<number>/stop", summary="Stop a training")
def stop(visit: Visiting, number: NumberPath) -> TrainingDetail:
    """Ask for the job's end; what was spent is spent, and the next one may still start."""
    visit.need(Role.ENGINEER, Role.ADMIN)
    paper = _read(visit, number)
    if paper.ended_ms is not None:
        expected = f"a training under way, not one that is {paper.state.value}"
        raise ConflictError("training", number, expected, paper.version)
    visit.desk.loop.stop(number, visit.caller.name)
    return _detail(visit, _read(visit, number))


def _read(visit: Visit, number: str) -> TrainingPaper:
    paper = visit.desk.ledger.read(TrainingPaper, number)
    if paper is None:
        raise NotFoundError(f"training {number}")
    return paper


def _summary(paper: TrainingPaper) -> TrainingSummary:
    return TrainingSummary(
        training=paper.name, **paper.model_dump(include=set(TrainingSummary.model_fields))
    )


def _detail(visit: Visit, paper: TrainingPaper) -> TrainingDetail:
    ended = paper.ended_ms is not None
    return TrainingDetail(
        **_summary(paper).model_dump(),
        learned_from=dataset_view(visit, paper.dataset),
        log=paper.progress if ended else visit.desk.loop.log(paper.job) or paper.progress,
    )
