"""Model papers -> what a caller gets to see of them; replayed wafers only of their own fabs."""

from collections.abc import Mapping

from fabwafer.release import Replay
from lambdas.loop.records import ModelPaper
from lambdas.loop.rollout_records import RolloutPaper
from lambdas.review.datasets import dataset_view
from lambdas.review.model_reports import ChangedWafer, ModelDetail, ModelSummary, ReplayView
from lambdas.review.visit import Visit

_MOST_ANCESTORS = 50


def summary(paper: ModelPaper) -> ModelSummary:
    """Return a line of the list."""
    compared, verdict = paper.comparison, paper.verdict
    before = compared.test.current if compared else None
    return ModelSummary(
        model=paper.name,
        state=paper.state,
        created_ms=paper.created_ms,
        training=paper.training,
        dataset=paper.dataset,
        begun_from=paper.begun_from,
        compared_with=compared.current if compared else None,
        macro_f1=compared.test.candidate.macro_f1 if compared else None,
        macro_f1_before=before.macro_f1 if before else None,
        passed=verdict.passed if verdict else None,
        reasons=verdict.reasons if verdict else (),
        decided_by=paper.decided_by,
        decided_ms=paper.decided_ms,
    )


def detail(visit: Visit, paper: ModelPaper) -> ModelDetail:
    """Return a model with its figures and where it comes from."""
    compared = paper.comparison
    figures = (
        {
            "test": compared.test,
            "recent": compared.recent,
            "replay": _replay(visit, compared.replay),
            "candidate_cost": compared.candidate_cost,
            "current_cost": compared.current_cost,
        }
        if compared
        else {}
    )
    return ModelDetail.model_validate(
        {
            **summary(paper).model_dump(),
            **figures,
            "manifest_sha256": paper.manifest_sha256,
            "signing_key": paper.signing_key,
            "package": paper.package,
            "learned_from": dataset_view(visit, paper.dataset),
            "ancestors": _ancestors(visit, paper),
            "rollouts": _rollouts(visit, paper.name),
        }
    )


def _replay(visit: Visit, replay: Replay | None) -> ReplayView | None:
    if replay is None:
        return None
    shown: list[Mapping[str, str | float]] = [
        each for each in replay.examples if visit.caller.sees(str(each["fab"]))
    ]
    return ReplayView(
        wafers=replay.wafers,
        candidate=replay.candidate,
        current=replay.current,
        changed=replay.changed,
        examples=tuple(map(ChangedWafer.model_validate, shown)),
    )


def _ancestors(visit: Visit, paper: ModelPaper) -> tuple[str, ...]:
    """Read from the latest models at once: a line is far shorter than a page."""
    begun = {each.name: each.begun_from for each in visit.desk.ledger.all(ModelPaper)}
    found: list[str] = []
    parent = paper.begun_from
    while parent is not None and parent not in found and len(found) < _MOST_ANCESTORS:
        found.append(parent)
        parent = begun.get(parent)
    return tuple(found)


def _rollouts(visit: Visit, model: str) -> tuple[str, ...]:
    papers = visit.desk.ledger.all(RolloutPaper)
    return tuple(each.name for each in papers if each.model == model)
