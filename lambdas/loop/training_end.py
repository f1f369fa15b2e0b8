"""A training that is over -> its last state, kept once, and a notice that says how it ended, however often it is told."""

from collections.abc import Mapping
from dataclasses import dataclass

from pydantic import JsonValue

from fabwafer.release import Verdict
from lambdas.loop.ledger import Ledger
from lambdas.loop.notices import NoticeKind, NoticeTopic, tell
from lambdas.loop.records import ModelPaper, ModelState
from lambdas.loop.training_records import TrainingPaper, TrainingState

ENDS = frozenset(
    {
        TrainingState.COMPLETED,
        TrainingState.FAILED,
        TrainingState.STOPPED,
        TrainingState.TIMED_OUT,
    }
)
_IN_WORDS = {
    TrainingState.FAILED: "failed",
    TrainingState.STOPPED: "was stopped",
    TrainingState.TIMED_OUT: "ran out of time",
}


def has_ended(training: TrainingPaper) -> bool:
    """Tell whether nothing more will come of a training's job."""
    return training.state in ENDS


@dataclass(frozen=True)
class Endings:
    """Ends trainings."""

    ledger: Ledger
    topic: NoticeTopic

    def end(
        self, training: str, state: TrainingState, changes: Mapping[str, object]
    ) -> TrainingPaper:
        """End a training unless it has ended, and tell so unless that was told; return its paper.

        The notice follows the state and is remembered after it is out: a fault between the two repeats the notice at
        the next event, never loses it.

        Raises:
            LookupError: If there is no such training.
            ConflictError: If others were always faster.
        """

        def ended(paper: TrainingPaper) -> TrainingPaper | None:
            said = paper.model_dump() | dict(changes) | {"state": state}
            return None if has_ended(paper) else TrainingPaper.model_validate(said)

        paper = self.ledger.change(TrainingPaper, training, ended)
        if paper is None:
            raise LookupError(f"{training}: no such training")
        return self._told(paper)

    def refused(self, training: TrainingPaper, model: ModelPaper, why: str) -> None:
        """Tell that a model which has passed is refused before its rollout; again tells it again."""
        verdict = Verdict(passed=False, reasons=(why,))
        refused = model.model_copy(update={"state": ModelState.REFUSED, "verdict": verdict})
        tell(self.topic, *_notice(training, refused))

    def _told(self, paper: TrainingPaper) -> TrainingPaper:
        if paper.told:
            return paper
        model = self.ledger.read(ModelPaper, paper.model) if paper.model else None
        subject, text, facts = _notice(paper, model)
        tell(self.topic, subject, text, facts)
        return self.ledger.revise(paper.model_copy(update={"told": True})) or paper


def _notice(
    paper: TrainingPaper, model: ModelPaper | None
) -> tuple[str, str, dict[str, JsonValue]]:
    facts: dict[str, JsonValue] = {
        "kind": NoticeKind.TRAINING.value,
        "training": paper.name,
        "job": paper.job,
        "state": paper.state.value,
        "why": list(paper.why),
        "cost_usd": paper.cost_usd,
    }
    if model is None:
        how = _IN_WORDS.get(paper.state, paper.state.value)
        asked = f"{paper.stopped_by} asked for it" if paper.stopped_by else "no reason was given"
        text = f"Training {paper.name} {how}: {paper.failure or asked}."
        return f"FabWafer: training {paper.name} {how}", text, facts
    reasons = model.verdict.reasons if model.verdict else ()
    facts |= {"model": model.name, "model_state": model.state.value, "reasons": list(reasons)}
    outcome = _outcome(model, reasons)
    return f"FabWafer: {model.name} {outcome.partition(':')[0]}", f"{model.name} {outcome}.", facts


def _outcome(model: ModelPaper, reasons: tuple[str, ...]) -> str:
    if model.state is ModelState.REFUSED:
        return f"is refused: {'; '.join(reasons)}"
    if model.state is ModelState.AWAITING:
        return "awaits approval: look at its figures in the portal and decide"
    return "is released: its rollout starts"
