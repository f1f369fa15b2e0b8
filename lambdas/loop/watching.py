"""A stage under way -> its figures, and what it is judged by: wafers, answers, heartbeats, deployments."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from fabwafer.expectation import Expectation, expect
from fabwafer.guards import Guard, Seen, graver, judged
from fabwafer.pulse import Condition
from fabwafer.rollout import Look, StageRule
from lambdas.loop.deploying import Rings
from lambdas.loop.devices import (
    Known,
    Task,
    behind_ms,
    camera_of,
    conditions,
    cut_off,
    followed,
    heartbeats,
)
from lambdas.loop.figures import DeviceFigures, GuardFigures, StageFigures
from lambdas.loop.ledger import Ledger
from lambdas.loop.records import ModelPaper
from lambdas.loop.ring_wafers import Part
from lambdas.loop.rollout_records import RolloutPaper, Stage, Wish
from lambdas.loop.sightings import Sighter, baseline_of, figures_of
from lambdas.stores.deployments import ENDED_EARLY, Deployments
from lambdas.stores.tables import CameraTable

_READ_AHEAD = 2
"""Looks come late: more wafers than wanted may have been seen, and the tests read them all."""


@dataclass(frozen=True)
class _Wafers:
    """What was seen in a stage and before it, and what that says of the candidate."""

    seen: Sequence[Seen] = ()
    earlier: Sequence[Seen] = ()
    guards: Sequence[Guard] = ()
    learned: tuple[str, ...] = ()


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
        log, task = paper.stages[-1], _task(paper)
        before = StageFigures.of(log)
        devices, offline, clocks = self._devices(before, task, log.stage, now_ms)
        wafers = self._wafers(paper, task, clocks)
        statuses = {group: self.fleet.status(each) for group, each in before.deployments.items()}
        figures = before.model_copy(
            update={
                "statuses": statuses,
                "wanted": 0 if paper.returns else self.rules[log.stage].wanted,
                "seen": figures_of(wafers.seen),
                "before": figures_of(wafers.earlier),
                "guards": tuple(map(GuardFigures.of, wafers.guards)),
                "devices": devices,
                "offline": len(offline),
                "behind": _behind(devices, offline),
                "uncovered": self._uncovered(devices, log.stage),
                "learned": wafers.learned,
                "looked_ms": now_ms,
                "paused_ms": before.paused_ms + _paused_ms(paper, before, now_ms),
            }
        )
        age_ms = now_ms - log.entered_ms - figures.paused_ms
        return figures, _look(age_ms, figures, wafers.guards, offline)

    def _devices(
        self, before: StageFigures, task: Task, stage: Stage, now_ms: int
    ) -> tuple[dict[str, DeviceFigures], frozenset[str], dict[str, int]]:
        """Return how each device fares, which are offline, and how far each camera's clock is behind."""
        group = self.rings.group(stage)
        things = self.fleet.things(group)
        rows = heartbeats(self.cameras, things)
        deployed = self.fleet.on(things, before.deployments.get(group, ""))
        silent_s = self.rules[stage].silent_s
        quiet = cut_off(rows, silent_s, now_ms)
        found = {
            thing: followed(
                Known(
                    rows.get(thing),
                    before.devices.get(thing),
                    deployed.get(thing),
                    _fab(thing) in quiet,
                ),
                task,
                silent_s,
                now_ms,
            )
            for thing in things
        }
        devices = {thing: figures for thing, (figures, _) in found.items()}
        clocks = {"/".join(camera_of(thing)): behind_ms(rows.get(thing)) for thing in things}
        offline = frozenset(thing for thing, (_, silent) in found.items() if silent)
        return devices, offline, clocks

    def _wafers(self, paper: RolloutPaper, task: Task, clocks: Mapping[str, int]) -> _Wafers:
        """Return the stage's wafers and their guards; in a pause those of the latest wafers, too."""
        if paper.returns:
            return _Wafers()
        stage = paper.stages[-1].stage
        earlier = self._earlier(task, stage, clocks)
        expected = self._expected(paper.model, earlier)
        part = Part(clocks, task.since_ms, _READ_AHEAD * self.rules[stage].wanted)
        seen = self._seen(task, part)
        guards = judged(seen, expected)
        if paper.wish is Wish.PAUSE and len(seen) >= part.most:
            latest = self._seen(task, replace(part, newest=True))
            guards = graver(guards, judged(latest, expected))
        return _Wafers(seen, earlier, guards, tuple(sorted(expected.learned)))

    def _seen(self, task: Task, part: Part) -> list[Seen]:
        """Return the candidate's wafers, with what the model before said of them where it saw them, too."""
        if task.beside:
            return self.sighter.beside(part, task.model)
        return self.sighter.decided(part, task.model, task.previous)

    def _earlier(self, task: Task, stage: Stage, clocks: Mapping[str, int]) -> list[Seen]:
        """Return wafers of the model before: the same cameras' earlier and, unless it is beside, the other rings' now."""
        part = Part(clocks, task.since_ms, self.rules[stage].wanted)
        earlier = self.sighter.before(part, task.previous)
        if task.beside:
            return earlier
        things = [thing for group in self.rings.after(stage) for thing in self.fleet.things(group)]
        others = dict.fromkeys(map("/".join, map(camera_of, things)), 0)
        return [*earlier, *self.sighter.decided(replace(part, cameras=others), task.previous)]

    def _uncovered(self, devices: Iterable[str], stage: Stage) -> tuple[str, ...]:
        """Return those fabs of the rings behind the canaries that have no device among them."""
        if self.rings.group(stage) != self.rings.canary:
            return ()
        behind = (thing for group in self.rings.after(stage) for thing in self.fleet.things(group))
        return tuple(sorted(set(map(_fab, behind)) - set(map(_fab, devices))))

    def _expected(self, model: str, earlier: list[Seen]) -> Expectation:
        paper = self.ledger.read(ModelPaper, model)
        return expect(paper.comparison if paper else None, baseline_of(earlier))


def _task(paper: RolloutPaper) -> Task:
    log = paper.stages[-1]
    beside = log.stage is Stage.SHADOW
    return Task(paper.model, paper.previous, paper.component_version, beside, log.entered_ms)


def _paused_ms(paper: RolloutPaper, before: StageFigures, now_ms: int) -> int:
    """Return how much of the time since the last look does not count."""
    if paper.wish is not Wish.PAUSE:
        return 0
    return now_ms - (before.looked_ms or paper.stages[-1].entered_ms)


def _behind(devices: Mapping[str, DeviceFigures], offline: frozenset[str]) -> int:
    return sum(
        each.condition is Condition.BEHIND and name not in offline for name, each in devices.items()
    )


def _fab(thing: str) -> str:
    return camera_of(thing)[0]


def _look(
    age_ms: int, figures: StageFigures, guards: Sequence[Guard], offline: frozenset[str]
) -> Look:
    given_up = [
        f"Greengrass ended the deployment to {group}: {status}"
        for group, status in figures.statuses.items()
        if status in ENDED_EARLY
    ]
    return Look(
        age_ms=age_ms,
        wafers=figures.seen.wafers,
        guards=guards,
        devices=conditions(figures.devices),
        offline=offline,
        given_up="; ".join(given_up) or None,
    )
