"""A rollout that goes back -> the rings that had the candidate are given the model before, until their devices are off it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from fabwafer.errors import ContractError
from lambdas.loop.deploying import Deployer
from lambdas.loop.devices import heartbeats
from lambdas.loop.figures import StageFigures
from lambdas.loop.launching import component_version
from lambdas.loop.ledger import Ledger
from lambdas.loop.records import ModelPaper
from lambdas.loop.rollout_records import RolloutPaper, Stage
from lambdas.loop.signing import Signer
from lambdas.records import int_of
from lambdas.stores.deployments import ENDED_EARLY
from lambdas.stores.tables import CameraTable

SOON_S = 1
"""Until the next step where there is nothing to wait for."""
_PER_MINUTE = 1000
"""As fast as IoT jobs go."""
_MOST_GIVEN = 3
"""A device that is still on the candidate then needs a person: it must not hold up the next rollout for good."""


@dataclass(frozen=True)
class Progress:
    """How far a way back is.

    Attributes:
        wait_s: When to take the next step, None if there is none.
        trouble: What people should know of, in words.
    """

    wait_s: int | None
    trouble: str | None = None


@dataclass(frozen=True)
class WayBack:
    """Takes candidates off the rings, step by step; each may be repeated.

    Attributes:
        silent_s: A device without a heartbeat for so long is not waited for; one with gets so long for each attempt.
        poll_s: Between two looks at the devices.
    """

    ledger: Ledger
    deployer: Deployer
    signer: Signer
    cameras: CameraTable
    silent_s: int
    poll_s: int

    def step(self, paper: RolloutPaper, now_ms: int) -> Progress:
        """Take one step: deploy, then wait for the devices; what does not help is repeated, and given up at last."""
        if not self._undo(paper, now_ms):
            return Progress(SOON_S)
        stuck = self._stuck(paper, now_ms)
        if not stuck:
            return Progress(None)
        figures = StageFigures.of(paper.stages[-1])
        given_ms = figures.given_ms or now_ms
        if now_ms - given_ms < self.silent_s * 1000:
            state = f"{sum(map(len, stuck.values()))} devices online still run {paper.model}"
            self._keep(paper, figures.model_copy(update={"state": state, "given_ms": given_ms}))
            return Progress(self.poll_s)
        trouble = _words(stuck, paper.model)
        if figures.given >= _MOST_GIVEN:
            return Progress(None, f"{trouble}; deployed {figures.given} times in vain")
        self._give(paper, {group: {} for group in stuck}, now_ms)
        return Progress(self.poll_s, f"{trouble}; deployed again")

    def prepare(self, paper: RolloutPaper) -> None:
        """Note in the stage under way what the way back deploys: the model before, signed with a serial that no device has outrun."""
        figures, known = StageFigures.of(paper.stages[-1]), _prepared(paper)
        version, key = known.component_version, known.key
        if key is None:
            signed = self.signer.sign_anew(self.model(paper.previous).key)
            version, key = component_version(signed.signature.serial), signed.key
        self._keep(paper, figures.model_copy(update={"component_version": version, "key": key}))

    def model(self, name: str) -> ModelPaper:
        """Return a model's paper.

        Raises:
            ContractError: If it has none.
        """
        paper = self.ledger.read(ModelPaper, name)
        if paper is None:
            raise ContractError("model", name, "a registered model")
        return paper

    def _undo(self, paper: RolloutPaper, now_ms: int) -> bool:
        """Take the candidate off the rings that it came to; tell whether it is off all of them."""
        rings = self.deployer.rings
        changes = {group: self._changes(paper, group) for group in self._groups(paper)}
        changes = {group: each for group, each in changes.items() if each}
        if not changes:
            return True
        if any(rings.model in each for each in changes.values()):
            figures = StageFigures.of(paper.stages[-1])
            if figures.component_version is None or figures.key is None:
                self.prepare(paper)
                return False
            if not self.deployer.carry(rings.model, figures.component_version, figures.key):
                return False
            back: dict[str, str | None] = {rings.model: figures.component_version}
            changes = {
                g: each | (back if rings.model in each else {}) for g, each in changes.items()
            }
        self._give(paper, changes, now_ms)
        return False

    def _changes(self, paper: RolloutPaper, group: str) -> dict[str, str | None]:
        """Return which components of a ring have the candidate: what others have deployed since is theirs."""
        rings, runs = self.deployer.rings, self.deployer.runs(group)
        ours: dict[str, set[str | None]] = {
            rings.model: {paper.component_version},
            rings.shadow: {paper.component_version, _prepared(paper).component_version},
        }
        return {name: None for name, its in ours.items() if name in runs and runs[name] in its}

    def _give(
        self, paper: RolloutPaper, changes: Mapping[str, Mapping[str, str | None]], now_ms: int
    ) -> None:
        figures = StageFigures.of(paper.stages[-1])
        occasion = f"{paper.name}/{paper.stage.value}/{figures.given}"
        made = {
            group: self.deployer.give(occasion, group, each, per_minute=_PER_MINUTE)
            for group, each in changes.items()
        }
        kept = figures.model_copy(
            update={
                "deployments": {**figures.deployments, **made},
                "given": figures.given + 1,
                "given_ms": now_ms,
            }
        )
        self._keep(paper, kept, deployments={**paper.deployments, **made})

    def _stuck(self, paper: RolloutPaper, now_ms: int) -> dict[str, list[str]]:
        """Return the rings whose deployment was ended or whose devices are on the candidate, with those devices.

        A ring that has another model by now is somebody else's; where the way back only removes a shadow, none is.
        """
        version = StageFigures.of(paper.stages[-1]).component_version
        stuck = {}
        for group in self._groups(paper):
            runs = self.deployer.runs(group).get(self.deployer.rings.model)
            running = self._running(paper.model, group, now_ms)
            ended = self.deployer.status(group) in ENDED_EARLY
            if version in (None, runs) and (running or ended):
                stuck[group] = running
        return stuck

    def _running(self, model: str, group: str, now_ms: int) -> list[str]:
        """Return the devices of a ring that are online and say that they run a model."""
        things = self.deployer.fleet.things(group)
        rows = heartbeats(self.cameras, things)
        return [
            thing
            for thing in things
            if (row := rows.get(thing)) is not None
            and now_ms - int_of(row["received_ms"]) <= self.silent_s * 1000
            and model in (row.get("model"), row.get("shadow"))
        ]

    def _groups(self, paper: RolloutPaper) -> list[str]:
        """Return the groups of the stages that were entered, each once."""
        group: Callable[[Stage], str] = self.deployer.rings.group
        return list(dict.fromkeys(group(log.stage) for log in paper.stages if not log.stage.is_end))

    def _keep(self, paper: RolloutPaper, figures: StageFigures, **update: Any) -> None:
        log = paper.stages[-1].model_copy(update={"figures": figures.kept})
        stages = (*paper.stages[:-1], log)
        self.ledger.revise(paper.model_copy(update={"stages": stages, **update}))


def _prepared(paper: RolloutPaper) -> StageFigures:
    """Return the figures of the latest stage that names what the way back deploys, or of the first one."""
    found = [StageFigures.of(log) for log in paper.stages]
    return next((each for each in reversed(found) if each.key is not None), found[0])


def _words(stuck: Mapping[str, list[str]], model: str) -> str:
    """Return what is wrong with a way back, with names of devices: for notices, not for the people of every fab."""
    return "; ".join(
        f"{', '.join(things)} still run {model}" if things else f"the deployment to {group} ended"
        for group, things in stuck.items()
    )
