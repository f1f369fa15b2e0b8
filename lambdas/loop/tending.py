"""A tick -> the line's rollout has an execution, and no other is under way, whatever became of those who launched them."""

from lambdas.loop.launching import LaunchDesk, begin, nobodys
from lambdas.loop.records import MODEL, LinePaper
from lambdas.loop.rollout_records import RolloutPaper

_LATEST = 20
_PLACED_MS = 16 * 60_000
"""Longer than a function may run: who would have placed an older rollout in the line is gone."""
_CLOSED_MS = 24 * 3_600_000
"""So long a rollout that has left the line tries to tell the registry."""


def tend(desk: LaunchDesk, now_ms: int) -> None:
    """Begin the execution of the line's rollout, unless it was begun, and end rollouts that are nobody's."""
    line = desk.ledger.read(LinePaper, MODEL)
    if line is None:
        return
    for paper in desk.ledger.all(RolloutPaper, _LATEST):
        if paper.ended_ms is not None:
            continue
        if paper.name == line.rollout:
            begin(desk.executions, paper.name)
        elif _is_forsaken(paper, now_ms):
            desk.ledger.revise(nobodys(paper, now_ms))


def _is_forsaken(paper: RolloutPaper, now_ms: int) -> bool:
    if paper.stage.is_end:
        return now_ms - paper.stages[-1].entered_ms > _CLOSED_MS
    return now_ms - paper.started_ms > _PLACED_MS
