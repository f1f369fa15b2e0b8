"""An approved model -> a rollout: its paper, its place in the line, the execution that walks it through the rings."""

import json
from dataclasses import dataclass

from fabwafer.errors import ConflictError, ContractError
from fabwafer.release import Verdict
from lambdas.loop.ledger import Ledger
from lambdas.loop.records import MODEL, LinePaper, ModelPaper, ModelState
from lambdas.loop.rollout_records import RolloutPaper, Stage, StageLog
from lambdas.stores.executions import Executions

_LAUNCHED = (ModelState.APPROVED, ModelState.ROLLING_OUT, ModelState.RETIRED)
"""A retired model may come again, at once and without a shadow: that is a person's way back."""


@dataclass(frozen=True)
class LaunchDesk:
    """What starting a rollout takes."""

    ledger: Ledger
    executions: Executions


def launch(desk: LaunchDesk, model: str, now_ms: int) -> RolloutPaper:
    """Start the rollout of a model; the same call again starts nothing new, and makes good what a fault left undone.

    Args:
        desk: Papers and executions.
        model: name@version, of a model that has a paper.
        now_ms: The time, epoch ms.

    Raises:
        ContractError: If there is no such model, no line to roll out on, or the model may not be released.
        ConflictError: If another rollout is under way, or the model's figures are beside another than the one in use.
    """
    candidate = _candidate(desk.ledger, model)
    line = _line(desk.ledger)
    paper = _under_way(desk.ledger, line, model)
    if paper is None:
        _refuse_stale(desk.ledger, line, candidate)
        paper = _placed(desk.ledger, line, candidate, now_ms)
    begin(desk.executions, paper.name)
    desk.ledger.change(ModelPaper, model, _rolling_out)
    return paper


def begin(executions: Executions, number: str) -> None:
    """Have an execution walk a rollout, unless one was begun."""
    _start(executions, number, f"rollout-{number}")


def nobodys(paper: RolloutPaper, now_ms: int) -> RolloutPaper:
    """Return a rollout that is not the line's, ended: it never came to a device, or is over but for this."""
    over = (
        {} if paper.stage.is_end else {"stage": Stage.ABORTED, "reason": "another took its place"}
    )
    return paper.model_copy(update={"ended_ms": now_ms, **over})


def hand_on(executions: Executions, number: str, now_ms: int) -> None:
    """Have a new execution go on with a rollout: a second one at once does no harm."""
    _start(executions, number, f"rollout-{number}-{now_ms}")


def serial_of(key: str) -> int:
    """Return the serial of the bundle under a key of the models bucket, bundles/<name>@<version>/<serial>/<file>.

    0 for any other key: then it is signed anew before it is deployed.
    """
    parts = key.split("/")
    return int(parts[2]) if len(parts) == 4 and parts[2].isdecimal() else 0


def component_version(serial: int) -> str:
    """Return the version of the model components that carry a bundle of this serial."""
    return f"{serial}.0.0"


def _start(executions: Executions, number: str, name: str) -> None:
    executions.start(name, json.dumps({"rollout": number}))


def _candidate(ledger: Ledger, model: str) -> ModelPaper:
    paper = ledger.read(ModelPaper, model)
    if paper is None:
        raise ContractError("model", model, "a registered model")
    if paper.state not in _LAUNCHED:
        raise ContractError("model", f"{model}, {paper.state.value}", "an approved model")
    return paper


def _line(ledger: Ledger) -> LinePaper:
    line = ledger.read(LinePaper, MODEL)
    if line is None:
        raise ContractError("line", None, "a model that the fleet runs: register the shipped one")
    return line


def _under_way(ledger: Ledger, line: LinePaper, model: str) -> RolloutPaper | None:
    """Return the rollout of this model that a call before has placed."""
    if line.rollout is None:
        return None
    paper = ledger.read(RolloutPaper, line.rollout)
    if paper is None or paper.model != model:
        raise ConflictError(
            "rollout", line.rollout, "no other rollout under way", paper.version if paper else 0
        )
    return paper


def _refuse_stale(ledger: Ledger, line: LinePaper, candidate: ModelPaper) -> None:
    """Refuse a candidate that waited while another became the current one; who comes back needs no comparison."""
    stale = candidate.comparison.stale(line.current) if candidate.comparison else None
    if stale is None or candidate.state is ModelState.RETIRED:
        return
    reasons = (*(candidate.verdict.reasons if candidate.verdict else ()), stale)
    update = {"state": ModelState.REFUSED, "verdict": Verdict(passed=False, reasons=reasons)}
    ledger.change(ModelPaper, candidate.name, lambda it: it.model_copy(update=update))
    raise ConflictError("model", candidate.name, f"no stale figures: {stale}", candidate.version)


def _placed(ledger: Ledger, line: LinePaper, candidate: ModelPaper, now_ms: int) -> RolloutPaper:
    """Write the rollout and give it its place in the line, unless another has taken that meanwhile."""
    paper = _written(ledger, line, candidate, now_ms)

    def taken(it: LinePaper) -> LinePaper | None:
        free = it.rollout is None and it.current == paper.previous
        return it.model_copy(update={"rollout": paper.name}) if free else None

    placed = ledger.change(LinePaper, MODEL, taken)
    if placed is not None and placed.rollout == paper.name:
        return paper
    ledger.revise(nobodys(paper, now_ms))
    raise ConflictError("rollout", paper.name, "no other launch at the same moment", paper.version)


def _written(ledger: Ledger, line: LinePaper, candidate: ModelPaper, now_ms: int) -> RolloutPaper:
    if line.current == candidate.name:
        raise ContractError("model", candidate.name, "a model that the fleet does not run yet")
    serial, returns = serial_of(candidate.key), candidate.state is ModelState.RETIRED
    first = Stage.CANARY if returns else Stage.SHADOW
    paper = RolloutPaper(
        name=_number(ledger),
        model=candidate.name,
        previous=line.current,
        stage=first,
        serial=serial,
        component_version=component_version(serial),
        started_ms=now_ms,
        returns=returns,
        stages=(StageLog(stage=first, entered_ms=now_ms),),
    )
    if not ledger.keep_new(paper):
        raise ConflictError("rollout", paper.name, "no other launch at the same moment", 0)
    return paper


def _number(ledger: Ledger) -> str:
    latest = ledger.all(RolloutPaper, limit=1)
    return f"{int(latest[0].name) + 1 if latest else 1:06}"


def _rolling_out(paper: ModelPaper) -> ModelPaper | None:
    if paper.state is ModelState.ROLLING_OUT:
        return None
    return paper.model_copy(update={"state": ModelState.ROLLING_OUT})
