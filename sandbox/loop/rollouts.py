"""A rollout, stage by stage, as its paper tells it."""

from collections.abc import Callable
from functools import partial

from lambdas.loop.records import MODEL, LinePaper
from lambdas.loop.rollout_records import RolloutPaper, Stage, StageLog
from sandbox.loop.fab import LoopFab
from sandbox.loop.story import Story

_STARTED_S, _STAGE_S, _BACK_S = 180.0, 600.0, 120.0


def nothing(_: Stage) -> None:
    """Follow a rollout without a hand in it."""


def follow(
    fab: LoopFab,
    story: Story,
    number: str,
    wanted: Stage,
    left: Callable[[Stage], None] = nothing,
) -> list[str]:
    """Tell every stage of a rollout until its end; return what is wrong with that.

    Args:
        fab: Where it happens.
        story: Where it is told.
        number: Of the rollout.
        wanted: How it is to end.
        left: Called with every stage that is over.
    """
    paper = _tell_stages(fab, story, number, left)
    _tell_end(fab, story, paper)
    if paper.stage is wanted:
        return []
    return [f"rollout {number}: expected {wanted.value}, got {paper.stage.value}, {paper.reason}"]


def _tell_stages(
    fab: LoopFab, story: Story, number: str, left: Callable[[Stage], None]
) -> RolloutPaper:
    """Tell every stage when it is over; return the paper of the rollout that has ended."""
    began = story.now_s
    paper = story.wait(
        "the rollout starts", lambda: fab.ledger.read(RolloutPaper, number), _STARTED_S
    )
    told = 0
    while paper.ended_ms is None:
        paper = story.wait(
            f"rollout {number}, {paper.stage.value}",
            partial(_after, fab, number, told),
            _STAGE_S,
            partial(_state, fab, number),
        )
        for log in paper.stages[told:]:
            if log.left_ms is not None:
                story.tell(f"rollout {number}: {log.stage.value}", began, **_facts(log))
                told, began = told + 1, story.now_s
                left(log.stage)
    return paper


def _tell_end(fab: LoopFab, story: Story, paper: RolloutPaper) -> None:
    """Wait until every camera runs what the line names."""
    began = story.now_s
    line = fab.ledger.read(LinePaper, MODEL)
    current = line.current if line else None
    runs = story.wait(
        f"every camera runs {current}",
        lambda: _if_all(models_run(fab), current),
        _BACK_S,
        lambda: str(models_run(fab)),
    )
    story.tell(
        f"rollout {paper.name} ended",
        began,
        stage=paper.stage.value,
        reason=paper.reason,
        cameras_run=runs,
    )


def _if_all(runs: dict[str, str], model: str | None) -> dict[str, str] | None:
    return runs if set(runs.values()) == {model} else None


def _after(fab: LoopFab, number: str, told: int) -> RolloutPaper | None:
    """Return the paper once a stage that was not told is over."""
    paper = fab.ledger.read(RolloutPaper, number)
    if paper is None:
        return None
    over = sum(log.left_ms is not None for log in paper.stages)
    return paper if over > told or paper.ended_ms is not None else None


def _state(fab: LoopFab, number: str) -> str:
    paper = fab.ledger.read(RolloutPaper, number)
    if paper is None or not paper.stages:
        return ""
    figures = paper.stages[-1].figures
    seen = figures.get("seen")
    wafers = seen.get("wafers") if isinstance(seen, dict) else None
    return f"{figures.get('state', '')} ({wafers} of {figures.get('wanted')} wafers)"


def _facts(log: StageLog) -> dict[str, object]:
    seen = log.figures.get("seen")
    seen = seen if isinstance(seen, dict) else {}
    names = ("wafers", "agreement", "reviews", "alerts", "answered", "right", "right_current")
    return {"outcome": log.outcome} | {name: seen[name] for name in names if name in seen}


def models_run(fab: LoopFab) -> dict[str, str]:
    """Return by camera the model that its last heartbeat names."""
    return {str(item["camera"]): str(item.get("model")) for item in fab.cloud.items("CamerasTable")}
