"""Heartbeats and deployments of a ring's devices -> how each fares with the candidate, followed from look to look."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import cast

from fabwafer.pulse import Condition, Pulse, condition, is_silent
from lambdas.loop.figures import DeviceFigures
from lambdas.records import Item, int_of
from lambdas.stores.deployments import Deployed
from lambdas.stores.tables import CameraTable

_RESTARTED_MS = 30_000
"""A start that seems to move by less is a heartbeat that was on its way for longer."""
_QUIET = 0.5
"""Share of the time after which a device is silent: a fab that is not heard for so long may be cut off as a whole."""
_SKIPPED = "shadow: wafers not shown"


@dataclass(frozen=True)
class Task:
    """What the devices of a ring were given in a stage.

    Attributes:
        model: The candidate, name@version.
        previous: What ran before.
        component_version: Of the component that carries the candidate.
        beside: Whether it runs beside the model in use.
        since_ms: When the stage began, epoch ms.
    """

    model: str
    previous: str
    component_version: str
    beside: bool
    since_ms: int


@dataclass(frozen=True)
class Known:
    """What is known of a device: its last heartbeat, the look before, its deployment, and whether its fab is cut off."""

    row: Item | None
    before: DeviceFigures | None
    deployed: Deployed | None
    is_cut_off: bool = False


def camera_of(thing: str) -> tuple[str, str]:
    """Return fab and camera of a thing, which is called <fab>--<camera>."""
    fab, _, camera = thing.partition("--")
    return fab, camera


def heartbeats(cameras: CameraTable, things: Sequence[str]) -> dict[str, Item]:
    """Return the last heartbeat of every camera in the fabs of some things, by thing."""
    fabs = sorted({camera_of(thing)[0] for thing in things})
    return {f"{row['fab']}--{row['camera']}": row for fab in fabs for row in cameras.of_fab(fab)}


def cut_off(rows: Mapping[str, Item], silent_s: int, now_ms: int) -> set[str]:
    """Return those fabs of which no camera has been heard lately: that is no camera's doing."""
    heard = {
        str(row["fab"])
        for row in rows.values()
        if now_ms - int_of(row["received_ms"]) <= _QUIET * silent_s * 1000
    }
    return {camera_of(thing)[0] for thing in rows} - heard


def behind_ms(row: Item | None) -> int:
    """Return how much a device's clock is behind ours, ms; negative if it is ahead."""
    return int_of(row["clock_skew_ms"]) if row is not None and "clock_skew_ms" in row else 0


def followed(known: Known, task: Task, silent_s: int, now_ms: int) -> tuple[DeviceFigures, bool]:
    """Return how a device fares now, and whether it is offline."""
    pulse = replace(_pulse(known, task), excused_ms=_excused_ms(known, now_ms))
    problem = _problem(known.row, task) if not pulse.runs else None
    since = _since(known, problem)
    lasting = problem is not None and since is not None and (pulse.heard_ms or 0) > since
    if lasting:
        pulse = replace(pulse, refused=problem)
    found = condition(pulse, now_ms, silent_s)
    failed = known.deployed if found is Condition.FAILED else None
    figures = DeviceFigures(
        condition=found,
        heard_ms=pulse.heard_ms,
        excused_ms=pulse.excused_ms,
        started_ms=pulse.started_ms,
        restarts=pulse.restarts,
        ran=pulse.ran,
        deployment=pulse.deployment,
        problem=failed.reason if failed else problem,
        problem_since_ms=since,
    )
    return figures, is_silent(pulse, now_ms, silent_s)


def _pulse(known: Known, task: Task) -> Pulse:
    row, before = known.row, known.before
    status = known.deployed.status if known.deployed else None
    if row is None:
        return Pulse(deployment=status)
    heard = int_of(row["received_ms"])
    started = heard - round(float(str(row["uptime_s"])) * 1000)
    restarts = before.restarts if before else 0
    if before and before.started_ms is not None and started > before.started_ms + _RESTARTED_MS:
        restarts += 1
    runs = heard >= task.since_ms and row.get("shadow" if task.beside else "model") == task.model
    return Pulse(
        heard_ms=heard,
        started_ms=started,
        restarts=restarts,
        runs=runs,
        ran=runs or (before is not None and before.ran),
        deployment=status,
    )


def _excused_ms(known: Known, now_ms: int) -> int:
    if known.is_cut_off:
        return now_ms
    return known.before.excused_ms if known.before else 0


def _problem(row: Item | None, task: Task) -> str | None:
    """Return what a device says against the candidate: in its words, which name model or component version."""
    if row is None or int_of(row["received_ms"]) < task.since_ms:
        return None
    for reason in map(str, cast("Sequence[str]", row.get("degraded", ()))):
        if task.beside and reason.startswith("shadow: ") and not reason.startswith(_SKIPPED):
            return reason
        if not task.beside and reason.startswith("model: ") and _names(reason, task):
            return reason
    return None


def _names(reason: str, task: Task) -> bool:
    asked = (task.model, f"bundle-{task.component_version}", f"using {task.previous}")
    return any(each in reason for each in asked)


def _since(known: Known, problem: str | None) -> int | None:
    """A problem counts from the second heartbeat that tells it: a bundle on its way is half there for a moment."""
    if problem is None or known.row is None:
        return None
    if known.before is not None and known.before.problem_since_ms is not None:
        return known.before.problem_since_ms
    return int_of(known.row["received_ms"])


def conditions(devices: Mapping[str, DeviceFigures]) -> dict[str, Condition]:
    """Return the condition of each device."""
    return {name: each.condition for name, each in devices.items()}
