"""A rollout that is over -> the rings run what they should, people and the registry are told, the papers say so."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from lambdas.loop.figures import StageFigures
from lambdas.loop.ledger import Ledger
from lambdas.loop.notices import NoticeKind, NoticeTopic, tell
from lambdas.loop.packaging import by_whom, tell_registry
from lambdas.loop.records import MODEL, LinePaper, ModelPaper, ModelState
from lambdas.loop.rollout_records import RolloutPaper, Stage
from lambdas.loop.signing import bundle_key
from lambdas.loop.way_back import SOON_S, Progress, WayBack
from lambdas.stores.model_packages import Approvals


@dataclass(frozen=True)
class Ending:
    """Ends rollouts, step by step; each may be repeated."""

    ledger: Ledger
    way_back: WayBack
    notices: NoticeTopic
    approvals: Approvals

    def step(self, paper: RolloutPaper, now_ms: int) -> int | None:
        """Take one step towards the end; return after how many seconds to take the next, None at the end.

        People are told at the first step, even if the way back does not work yet: then most of all. The registry is
        told when the line is free, so that its faults hold up no other rollout.
        """
        line = self.ledger.read(LinePaper, MODEL)
        if line is not None and line.rollout == paper.name:
            return self._leave_line(paper, now_ms)
        tell_registry(self.approvals, self.ledger, paper.model, _why(paper))
        ended = self.ledger.revise(paper.model_copy(update={"ended_ms": now_ms}))
        return SOON_S if ended is None else None

    def _leave_line(self, paper: RolloutPaper, now_ms: int) -> int:
        try:
            done = paper.stage is Stage.DONE
            progress = Progress(None) if done else self.way_back.step(paper, now_ms)
        finally:
            told = self._tell(paper)
        if progress.trouble is not None:
            subject = f"{paper.model} is not off every camera yet"
            text = f"{progress.trouble} (rollout {paper.name})."
            tell(self.notices, subject, f"{subject}: {text}", _facts(paper))
        if progress.wait_s is not None or not told:
            return progress.wait_s or SOON_S
        self._record(paper)
        return SOON_S

    def _tell(self, paper: RolloutPaper) -> bool:
        """Tell people how it ended, unless they were; tell whether they had been before."""
        latest = self.ledger.read(RolloutPaper, paper.name) or paper
        figures = StageFigures.of(latest.stages[-1])
        if figures.told:
            return True
        subject, text = _words(latest)
        tell(self.notices, subject, text, _facts(latest))
        kept = figures.model_copy(update={"told": True}).kept
        log = latest.stages[-1].model_copy(update={"figures": kept})
        self.ledger.revise(latest.model_copy(update={"stages": (*latest.stages[:-1], log)}))
        return False

    def _record(self, paper: RolloutPaper) -> None:
        figures = StageFigures.of(paper.stages[-1])
        line: dict[str, Any] = {"rollout": None}
        if paper.stage is Stage.DONE:
            line |= {"current": paper.model, "component_version": paper.component_version}
            key = bundle_key(paper.model, paper.serial)
            self._set(paper.model, _left(paper) | {"key": key})
            self._set(paper.previous, {"state": ModelState.RETIRED})
        else:
            self._set(paper.model, _left(paper))
            if figures.key is not None:
                line["component_version"] = figures.component_version
                self._set(paper.previous, {"key": figures.key})
        self.ledger.change(
            LinePaper,
            MODEL,
            lambda it: it.model_copy(update=line) if it.rollout == paper.name else None,
        )

    def _set(self, model: str, update: Mapping[str, object]) -> None:
        self.ledger.change(ModelPaper, model, lambda it: it.model_copy(update=update))


def _left(paper: RolloutPaper) -> dict[str, Any]:
    """Return what becomes of a model: if it was taken back, it is what it was before, unless it is to blame.

    One that was approved waits for approval: a person decides about the next attempt.
    """
    if paper.stage is Stage.DONE:
        return {"state": ModelState.CURRENT}
    if paper.blamed:
        return {"state": ModelState.ROLLED_BACK}
    if paper.returns:
        return {"state": ModelState.RETIRED}
    return {"state": ModelState.AWAITING, "decided_by": None, "decided_ms": None}


def _why(paper: RolloutPaper) -> Callable[[ModelPaper], str]:
    """Return the registry's words: the rollout's, unless somebody has decided anew since."""
    why = f"{paper.stage.value}: {paper.reason or 'it runs everywhere'} (rollout {paper.name})"
    return lambda it: why if it.state is _left(paper)["state"] else by_whom(it)


def _words(paper: RolloutPaper) -> tuple[str, str]:
    if paper.stage is Stage.DONE:
        late = sum(StageFigures.of(log).behind for log in paper.stages)
        subject = f"{paper.model} {_reached(late)}"
        text = f"before it was {paper.previous} (rollout {paper.name})"
        return subject, f"{subject}; {text}.{_uncovered(paper)}"
    last = [log.stage.value for log in paper.stages if not log.stage.is_end][-1]
    subject = f"{paper.model} {paper.stage.value} in stage {last}"
    again = f"{paper.previous} is deployed again wherever it came to (rollout {paper.name})."
    may = "" if paper.blamed else " It may be approved again."
    return subject, f"{subject}: {paper.reason}. {again}{may}{_uncovered(paper)}"


def _reached(late: int) -> str:
    if not late:
        return "runs everywhere"
    return f"is the model in use; devices online that have not taken it up: {late}"


def _uncovered(paper: RolloutPaper) -> str:
    fabs = sorted({fab for log in paper.stages for fab in StageFigures.of(log).uncovered})
    return f" There is no canary in {', '.join(fabs)}." if fabs else ""


def _facts(paper: RolloutPaper) -> dict[str, Any]:
    stages = {
        log.stage.value: {"outcome": log.outcome, **StageFigures.of(log).facts}
        for log in paper.stages
        if not log.stage.is_end
    }
    return {
        "kind": NoticeKind.RELEASE.value,
        "rollout": paper.name,
        "model": paper.model,
        "previous": paper.previous,
        "ended": paper.stage.value,
        "reason": paper.reason,
        "blamed": paper.blamed,
        "stages": stages,
    }
