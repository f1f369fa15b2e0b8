"""A tick -> the line's rollout has an execution, and no other is under way, whatever became of those who launched them."""

from lambdas.loop.launching import LaunchDesk, begin, nobodys
from lambdas.loop.records import MODEL, LinePaper
from lambdas.loop.rollout_records import RolloutPaper

_LATEST = 20
_PLACED_MS = 16 * 60_000
"""Longer than a function may run: who would have placed an older rollout in the line is gone."""


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
        elif now_ms - paper.started_ms > _PLACED_MS:
            desk.ledger.revise(nobodys(paper, now_ms))
