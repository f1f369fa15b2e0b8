"""A rollout that is over -> the rings run what they should, people and the registry are told, the papers say so."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from fabwafer.errors import ContractError
from lambdas.loop.deploying import Deployer
from lambdas.loop.figures import StageFigures
from lambdas.loop.launching import component_version
from lambdas.loop.ledger import Ledger
from lambdas.loop.notices import NoticeKind, NoticeTopic, tell
from lambdas.loop.packaging import tell_registry
from lambdas.loop.records import MODEL, LinePaper, ModelPaper, ModelState
from lambdas.loop.rollout_records import RolloutPaper, Stage
from lambdas.loop.signing import Signer, bundle_key
from lambdas.stores.model_packages import Approvals


@dataclass(frozen=True)
class Ending:
    """Ends rollouts, step by step; each may be repeated."""

    ledger: Ledger
    deployer: Deployer
    signer: Signer
    notices: NoticeTopic
    approvals: Approvals

    def step(self, paper: RolloutPaper, now_ms: int) -> bool:
        """Take one step towards the end; tell whether it is reached.

        People are told at the first step, even if the way back does not work yet: then most of all.
        """
        try:
            undone = paper.stage is Stage.DONE or self._undo(paper)
        finally:
            told = self._tell(paper)
        if not undone or not told:
            return False
        self._record(paper)
        return self.ledger.revise(paper.model_copy(update={"ended_ms": now_ms})) is not None

    def model(self, name: str) -> ModelPaper:
        """Return a model's paper.

        Raises:
            ContractError: If it has none.
        """
        paper = self.ledger.read(ModelPaper, name)
        if paper is None:
            raise ContractError("model", name, "a registered model")
        return paper

    def _undo(self, paper: RolloutPaper) -> bool:
        """Take the candidate off the rings that it came to; tell whether it is off all of them."""
        rings = self.deployer.rings
        changes = {group: self._changes(paper, group) for group in _groups(paper, rings.group)}
        changes = {group: each for group, each in changes.items() if each}
        if not any(rings.model in each for each in changes.values()):
            return self._give(paper, changes)
        figures = StageFigures.of(paper.stages[-1])
        if figures.component_version is None or figures.key is None:
            self.prepare_back(paper)
            return False
        if not self.deployer.carry(rings.model, figures.component_version, figures.key):
            return False
        back = {rings.model: figures.component_version}
        return self._give(
            paper,
            {g: each | (back if rings.model in each else {}) for g, each in changes.items()},
        )

    def _changes(self, paper: RolloutPaper, group: str) -> dict[str, str | None]:
        """Return which components of a ring have the candidate: what others have deployed since is theirs."""
        rings, runs = self.deployer.rings, self.deployer.runs(group)
        ours: dict[str, set[str | None]] = {
            rings.model: {paper.component_version},
            rings.shadow: {paper.component_version, _prepared(paper).component_version},
        }
        return {name: None for name, its in ours.items() if name in runs and runs[name] in its}

    def _give(self, paper: RolloutPaper, changes: Mapping[str, Mapping[str, str | None]]) -> bool:
        made = {
            group: self.deployer.give(f"{paper.name}/{paper.stage.value}", group, each)
            for group, each in changes.items()
        }
        if not made:
            return True
        figures = StageFigures.of(paper.stages[-1])
        kept = figures.model_copy(update={"deployments": {**figures.deployments, **made}})
        self._keep(paper, kept, deployments={**paper.deployments, **made})
        return False

    def prepare_back(self, paper: RolloutPaper) -> None:
        """Note in the stage under way what the way back deploys: the model before, signed with a serial that no device has outrun."""
        figures, known = StageFigures.of(paper.stages[-1]), _prepared(paper)
        version, key = known.component_version, known.key
        if key is None:
            signed = self.signer.sign_anew(self.model(paper.previous).key)
            version, key = component_version(signed.signature.serial), signed.key
        self._keep(paper, figures.model_copy(update={"component_version": version, "key": key}))

    def _tell(self, paper: RolloutPaper) -> bool:
        """Tell people how it ended, unless they were; tell whether they had been before."""
        latest = self.ledger.read(RolloutPaper, paper.name) or paper
        figures = StageFigures.of(latest.stages[-1])
        if figures.told:
            return True
        subject, text = _words(latest)
        tell(self.notices, subject, text, _facts(latest))
        self._keep(latest, figures.model_copy(update={"told": True}))
        return False

    def _keep(self, paper: RolloutPaper, figures: StageFigures, **update: Any) -> None:
        log = paper.stages[-1].model_copy(update={"figures": figures.kept})
        stages = (*paper.stages[:-1], log)
        self.ledger.revise(paper.model_copy(update={"stages": stages, **update}))

    def _record(self, paper: RolloutPaper) -> None:
        figures = StageFigures.of(paper.stages[-1])
        line: dict[str, Any] = {"rollout": None}
        if paper.stage is Stage.DONE:
            line |= {"current": paper.model, "component_version": paper.component_version}
            key = bundle_key(paper.model, paper.serial)
            self._set(paper.model, {"state": ModelState.CURRENT, "key": key})
            self._set(paper.previous, {"state": ModelState.RETIRED})
        else:
            self._set(paper.model, _taken_back(paper))
            if figures.key is not None:
                line["component_version"] = figures.component_version
                self._set(paper.previous, {"key": figures.key})
        self._tell_registry(paper)
        self.ledger.change(
            LinePaper,
            MODEL,
            lambda it: it.model_copy(update=line) if it.rollout == paper.name else None,
        )

    def _tell_registry(self, paper: RolloutPaper) -> None:
        """Say what became of the model while the line is still this rollout's: nobody has decided anew by then."""
        why = f"{paper.stage.value}: {paper.reason or 'it runs everywhere'} (rollout {paper.name})"
        tell_registry(self.approvals, self.model(paper.model), why)

    def _set(self, model: str, update: Mapping[str, object]) -> None:
        self.ledger.change(ModelPaper, model, lambda it: it.model_copy(update=update))


def _taken_back(paper: RolloutPaper) -> dict[str, Any]:
    """Return what becomes of a model that was taken back: it is what it was before, unless it is to blame.

    One that was approved waits for approval: a person decides about the next attempt.
    """
    if paper.blamed:
        return {"state": ModelState.ROLLED_BACK}
    if paper.returns:
        return {"state": ModelState.RETIRED}
    return {"state": ModelState.AWAITING, "decided_by": None, "decided_ms": None}


def _prepared(paper: RolloutPaper) -> StageFigures:
    """Return the figures of the latest stage that names what the way back deploys, or of the first one."""
    found = [StageFigures.of(log) for log in paper.stages]
    return next((each for each in reversed(found) if each.key is not None), found[0])


def _groups(paper: RolloutPaper, group: Callable[[Stage], str]) -> list[str]:
    """Return the groups of the stages that were entered, each once."""
    return list(dict.fromkeys(group(log.stage) for log in paper.stages if not log.stage.is_end))


def _words(paper: RolloutPaper) -> tuple[str, str]:
    if paper.stage is Stage.DONE:
        late = sum(StageFigures.of(log).behind for log in paper.stages)
        subject = f"{paper.model} {_reached(late)}"
        text = f"before it was {paper.previous} (rollout {paper.name})"
        return subject, f"{subject}; {text}.{_uncovered(paper)}"
    last = [log.stage.value for log in paper.stages if not log.stage.is_end][-1]
    subject = f"{paper.model} {paper.stage.value} in stage {last}"
    again = f"{paper.previous} runs again wherever it came to (rollout {paper.name})."
    may = "" if paper.blamed else " It may be approved again."
    return subject, f"{subject}: {paper.reason}. {again}{may}{_uncovered(paper)}"


def _reached(late: int) -> str:
    if not late:
        return "runs everywhere"
    return f"is the model in use, and {late} devices that are online have not taken it up"


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
