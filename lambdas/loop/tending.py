"""A tick -> the rollout that is under way has an execution, whatever became of the launch that should have begun one."""

from lambdas.loop.launching import LaunchDesk, begin
from lambdas.loop.records import MODEL, LinePaper
from lambdas.loop.rollout_records import RolloutPaper


def tend(desk: LaunchDesk) -> None:
    """Begin the execution of the line's rollout, unless it was begun."""
    line = desk.ledger.read(LinePaper, MODEL)
    paper = desk.ledger.read(RolloutPaper, line.rollout) if line and line.rollout else None
    if paper is not None and paper.ended_ms is None:
        begin(desk.executions, paper.name)
