"""Answers -> a training that starts by itself -> a candidate and what the release rule says of it, as the papers tell it."""

from lambdas.loop.records import MODEL, ModelPaper
from lambdas.loop.training_end import has_ended
from lambdas.loop.training_records import NeedPaper, TrainingPaper
from sandbox.loop.fab import LoopFab
from sandbox.loop.reviewers import Reviewing
from sandbox.loop.story import Story

_ANSWERS_S, _TRAINING_S, _REGISTERED_S = 600.0, 1800.0, 180.0
_TRAINING = "000001"


def learn(fab: LoopFab, people: Reviewing, story: Story) -> str:
    """Wait until a training starts by itself, ends and leaves a candidate; return its name."""
    began = story.now_s
    training = story.wait(
        "wafers flow, people answer",
        lambda: fab.ledger.read(TrainingPaper, _TRAINING),
        _ANSWERS_S,
        lambda: _need(fab, people),
    )
    story.tell("answers", began, answered=dict(people.answered), right=people.right)
    began = story.now_s
    story.tell("training starts by itself", began, why=training.why, job=training.job)

    def ended() -> TrainingPaper | None:
        people.check()
        found = fab.ledger.read(TrainingPaper, _TRAINING)
        return found if found and has_ended(found) else None

    training = story.wait("training", ended, _TRAINING_S, lambda: _progress(fab))
    story.tell("training", began, state=training.state.value, failure=training.failure)
    began = story.now_s
    model = story.wait("the release rule", lambda: _candidate(fab), _REGISTERED_S)
    story.tell("candidate", began, **_figures(model))
    return model.name


def _need(fab: LoopFab, people: Reviewing) -> str:
    people.check()
    need = fab.ledger.read(NeedPaper, MODEL)
    reasons = "; ".join(need.reasons) if need else "nobody has looked yet"
    return f"{people.answers} answers; {reasons}"


def _progress(fab: LoopFab) -> str:
    found = fab.ledger.read(TrainingPaper, _TRAINING)
    return found.progress[-1][:90] if found and found.progress else ""


def _candidate(fab: LoopFab) -> ModelPaper | None:
    training = fab.ledger.read(TrainingPaper, _TRAINING)
    return fab.ledger.read(ModelPaper, training.model) if training and training.model else None


def _figures(model: ModelPaper) -> dict[str, object]:
    figures: dict[str, object] = {"model": model.name, "state": model.state.value}
    if model.verdict is not None:
        figures |= {"passed": model.verdict.passed, "reasons": model.verdict.reasons}
    if model.comparison is not None:
        test, replay = model.comparison.test, model.comparison.replay
        figures["macro_f1"] = test.candidate.macro_f1
        figures["macro_f1_before"] = test.current.macro_f1 if test.current else None
        if replay is not None:
            figures["replay"] = {
                "wafers": replay.wafers,
                "alerts": f"{replay.current.alerts} -> {replay.candidate.alerts}",
                "reviews": f"{replay.current.reviews} -> {replay.candidate.reviews}",
            }
    return figures
