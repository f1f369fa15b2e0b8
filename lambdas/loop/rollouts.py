"""One step of a rollout: give the ring its model, look, decide; every step may be repeated, doubled or cut short.

What was decided is in the papers, and a paper is revised only by who saw the latest: of two steps at once one decides,
and what both deploy Greengrass takes once.
"""

from dataclasses import dataclass
from typing import Any

from fabwafer.errors import ContractError
from fabwafer.rollout import Course, judge, judge_return
from lambdas.loop.deploying import Deployer
from lambdas.loop.figures import StageFigures
from lambdas.loop.launching import component_version
from lambdas.loop.ledger import Ledger
from lambdas.loop.records import MODEL, LinePaper
from lambdas.loop.rollout_end import Ending
from lambdas.loop.rollout_records import RolloutPaper, Stage, StageLog, Wish
from lambdas.loop.signing import Signer, bundle_key
from lambdas.loop.watching import Watcher
from lambdas.loop.way_back import SOON_S

_NEXT = {
    Stage.SHADOW: Stage.CANARY,
    Stage.CANARY: Stage.EARLY,
    Stage.EARLY: Stage.EVERYONE,
    Stage.EVERYONE: Stage.DONE,
}


@dataclass(frozen=True)
class Roller:
    """Walks rollouts through the rings."""

    ledger: Ledger
    watcher: Watcher
    deployer: Deployer
    signer: Signer
    ending: Ending
    poll_s: int

    def step(self, number: str, now_ms: int) -> int | None:
        """Take one step; return after how many seconds to take the next, None at the end.

        Raises:
            ContractError: If there is no such rollout, or its bundle cannot be deployed.
        """
        paper = _known(self.ledger.read(RolloutPaper, number), number)
        if paper.ended_ms is not None:
            return None
        if paper.stage.is_end:
            return self.ending.step(paper, now_ms)
        if paper.wish is Wish.ABORT:
            reason = f"aborted by {paper.wished_by or 'a person'}"
            self.ledger.revise(_left(paper, Stage.ABORTED, now_ms, reason))
            return SOON_S
        has_begun = self._group(paper) in StageFigures.of(paper.stages[-1]).deployments
        if not has_begun and paper.wish is Wish.PAUSE:
            return self.poll_s
        if not has_begun:
            return self._enter(paper, now_ms)
        return self._decide(paper, now_ms)

    def turn_back(self, number: str, reason: str, now_ms: int) -> int | None:
        """Have a rollout go back for a reason that is none of its figures; returns as `step` does.

        Raises:
            ContractError: If there is no such rollout.
            ConflictError: If others were always faster.
        """

        def back(paper: RolloutPaper) -> RolloutPaper | None:
            over = paper.ended_ms is not None or paper.stage.is_end
            return None if over else _left(paper, Stage.ROLLED_BACK, now_ms, reason)

        paper = _known(self.ledger.change(RolloutPaper, number, back), number)
        return SOON_S if paper.ended_ms is None else None

    def _group(self, paper: RolloutPaper) -> str:
        return self.deployer.rings.group(paper.stage)

    def _enter(self, paper: RolloutPaper, now_ms: int) -> int:
        """Deploy what the stage is about; its time begins then."""
        if self._is_superseded(paper):
            self._sign_anew(paper)
            return SOON_S
        figures = StageFigures.of(paper.stages[-1])
        if _has_other_beside(paper) and figures.key is None:
            self.ending.way_back.prepare(paper)
            return SOON_S
        if not self._is_carried(paper, figures):
            return SOON_S
        occasion = f"{paper.name}/{paper.stage.value}"
        made = {
            group: self.deployer.give(occasion, group, changes)
            for group, changes in self._changes(paper, figures).items()
        }
        group = self._group(paper)
        figures = figures.model_copy(
            update={"deployments": {group: made[group]}, "state": "deployed"}
        )
        log = StageLog(stage=paper.stage, entered_ms=now_ms, figures=figures.kept)
        self._revise(paper, log, deployments={**paper.deployments, **made})
        return self.poll_s

    def _is_carried(self, paper: RolloutPaper, figures: StageFigures) -> bool:
        """Make the component versions that a stage deploys; tell whether all of them are ready."""
        rings = self.deployer.rings
        component = rings.shadow if paper.stage is Stage.SHADOW else rings.model
        key = bundle_key(paper.model, paper.serial)
        ready = self.deployer.carry(component, paper.component_version, key)
        if figures.key is None or figures.component_version is None or paper.returns:
            return ready
        return self.deployer.carry(rings.shadow, figures.component_version, figures.key) and ready

    def _changes(
        self, paper: RolloutPaper, figures: StageFigures
    ) -> dict[str, dict[str, str | None]]:
        """Return by group what a stage deploys: candidate beside, candidate with the model before beside, candidate."""
        rings, group, version = self.deployer.rings, self._group(paper), paper.component_version
        if paper.stage is Stage.SHADOW:
            return {group: {rings.shadow: version}}
        if paper.returns:
            return {group: {rings.model: version}}
        changes = {group: {rings.model: version, rings.shadow: figures.component_version}}
        if paper.stage is Stage.EARLY:
            changes[rings.canary] = {rings.shadow: None}
        return changes

    def _is_superseded(self, paper: RolloutPaper) -> bool:
        """Tell whether something was signed after this bundle: devices would refuse it."""
        line = self.ledger.read(LinePaper, MODEL)
        return len(paper.stages) == 1 and line is not None and paper.serial < line.serial

    def _sign_anew(self, paper: RolloutPaper) -> None:
        model = self.ending.way_back.model(paper.model)
        serial = self.signer.sign_anew(model.key).signature.serial
        version = component_version(serial)
        self.ledger.revise(
            paper.model_copy(update={"serial": serial, "component_version": version})
        )

    def _decide(self, paper: RolloutPaper, now_ms: int) -> int:
        figures, look = self.watcher.look(paper, now_ms)
        paused = paper.wish is Wish.PAUSE
        decide = judge_return if paper.returns else judge
        found = decide(self.watcher.rules[paper.stage], look, paused=paused)
        seen = figures.model_copy(update={"state": found.reason})
        log = paper.stages[-1].model_copy(update={"figures": seen.kept})
        if found.course is Course.STAY:
            self._revise(paper, log)
            return self.poll_s
        watched = paper.model_copy(update={"stages": (*paper.stages[:-1], log)})
        back = found.course is Course.BACK
        watched = watched.model_copy(update={"blamed": found.blames})
        stage = Stage.ROLLED_BACK if back else _NEXT[paper.stage]
        self.ledger.revise(_left(watched, stage, now_ms, found.reason))
        return SOON_S

    def _revise(self, paper: RolloutPaper, log: StageLog, **update: Any) -> None:
        """Keep a stage's log; who was overtaken looks again at the next step."""
        stages = (*paper.stages[:-1], log)
        self.ledger.revise(paper.model_copy(update={"stages": stages, **update}))


def _known(paper: RolloutPaper | None, number: str) -> RolloutPaper:
    if paper is None:
        raise ContractError("rollout", number, "the number of a rollout")
    return paper


def _has_other_beside(paper: RolloutPaper) -> bool:
    return paper.stage is Stage.CANARY and not paper.returns


def _left(paper: RolloutPaper, stage: Stage, now_ms: int, reason: str) -> RolloutPaper:
    """Return a rollout that has gone to the next stage, or to an end."""
    left = paper.stages[-1].model_copy(update={"left_ms": now_ms, "outcome": reason})
    stages = (*paper.stages[:-1], left, StageLog(stage=stage, entered_ms=now_ms))
    update: dict[str, Any] = {"stage": stage, "stages": stages}
    if stage.is_end and stage is not Stage.DONE:
        update["reason"] = reason
    return paper.model_copy(update=update)
