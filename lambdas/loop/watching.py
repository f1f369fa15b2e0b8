"""A stage under way -> its figures, and what it is judged by: wafers, answers, heartbeats, deployments."""

from collections.abc import Mapping
from dataclasses import dataclass

from fabwafer.expectation import Expectation, expect
from fabwafer.guards import Guard, Seen, judged
from fabwafer.rollout import Look, StageRule
from lambdas.loop.deploying import Rings
from lambdas.loop.devices import (
    Known,
    Task,
    behind_ms,
    camera_of,
    conditions,
    followed,
    heartbeats,
)
from lambdas.loop.figures import DeviceFigures, GuardFigures, StageFigures
from lambdas.loop.ledger import Ledger
from lambdas.loop.records import ModelPaper
from lambdas.loop.rollout_records import RolloutPaper, Stage
from lambdas.loop.sightings import Sighter, baseline_of, figures_of
from lambdas.stores.deployments import Deployments
from lambdas.stores.tables import CameraTable

_GIVEN_UP = ("CANCELED", "FAILED")
_READ_AHEAD = 2
"""Looks come late: more wafers than wanted may have been seen, and the tests read them all."""


@dataclass(frozen=True)
class Watcher:
    """Looks at a ring."""

    ledger: Ledger
    sighter: Sighter
    cameras: CameraTable
    fleet: Deployments
    rings: Rings
    rules: Mapping[Stage, StageRule]

    def look(self, paper: RolloutPaper, now_ms: int) -> tuple[StageFigures, Look]:
        """Return the figures of the stage under way, and what they are judged by."""
        log = paper.stages[-1]
        before = StageFigures.of(log)
        rule = self.rules[log.stage]
        task = Task(
            paper.model,
            paper.previous,
            paper.component_version,
            log.stage is Stage.SHADOW,
            log.entered_ms,
        )
        devices, offline, clocks = self._devices(before, task, log.stage, now_ms)
        seen, earlier = self._wafers(task, log.stage, clocks, rule)
        expected = self._expected(paper.model, earlier)
        guards = judged(seen, expected)
        statuses = {group: self.fleet.status(each) for group, each in before.deployments.items()}
        figures = before.model_copy(
            update={
                "statuses": statuses,
                "wanted": rule.wanted,
                "seen": figures_of(seen),
                "before": figures_of(earlier),
                "guards": tuple(map(GuardFigures.of, guards)),
                "devices": devices,
                "offline": offline,
                "learned": tuple(sorted(expected.learned)),
            }
        )
        return figures, _look(now_ms - log.entered_ms, figures, guards)

    def _devices(
        self, before: StageFigures, task: Task, stage: Stage, now_ms: int
    ) -> tuple[dict[str, DeviceFigures], int, dict[str, int]]:
        """Return how each device fares, how many are offline, and how far each camera's clock is behind."""
        group = self.rings.group(stage)
        things = self.fleet.things(group)
        rows = heartbeats(self.cameras, things)
        deployed = self.fleet.on(things, before.deployments.get(group, ""))
        found = {
            thing: followed(
                Known(rows.get(thing), before.devices.get(thing), deployed.get(thing)),
                task,
                self.rules[stage],
                now_ms,
            )
            for thing in things
        }
        devices = {thing: figures for thing, (figures, _) in found.items()}
        clocks = {"/".join(camera_of(thing)): behind_ms(rows.get(thing)) for thing in things}
        return devices, sum(silent for _, silent in found.values()), clocks

    def _wafers(
        self, task: Task, stage: Stage, clocks: Mapping[str, int], rule: StageRule
    ) -> tuple[list[Seen], list[Seen]]:
        """Return the candidate's wafers, and those of the model before: the same cameras' earlier, the others' now."""
        most = _READ_AHEAD * rule.wanted
        earlier = self.sighter.before(clocks, task.previous, task.since_ms, rule.wanted)
        if task.beside:
            return self.sighter.beside(clocks, task.model, task.since_ms, most), earlier
        things = [thing for group in self.rings.after(stage) for thing in self.fleet.things(group)]
        others = {"/".join(camera_of(thing)): 0 for thing in things}
        now = self.sighter.decided(others, task.previous, task.since_ms, rule.wanted, None)
        seen = self.sighter.decided(clocks, task.model, task.since_ms, most, task.previous)
        return seen, [*earlier, *now]

    def _expected(self, model: str, earlier: list[Seen]) -> Expectation:
        paper = self.ledger.read(ModelPaper, model)
        return expect(paper.comparison if paper else None, baseline_of(earlier))


def _look(age_ms: int, figures: StageFigures, guards: list[Guard]) -> Look:
    given_up = [
        f"Greengrass ended the deployment to {group}: {status}"
        for group, status in figures.statuses.items()
        if status in _GIVEN_UP
    ]
    return Look(
        age_ms=age_ms,
        wafers=figures.seen.wafers,
        guards=guards,
        devices=conditions(figures.devices),
        offline=figures.offline,
        given_up="; ".join(given_up) or None,
    )
