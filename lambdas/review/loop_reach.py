"""What the portal may do to the loop: decide about a model, ask for a training, have one stopped, read what one says.

The loop's stack comes after the API's; it leaves the names of what the API calls in a parameter.
"""

from collections.abc import Callable
from dataclasses import dataclass

from fabwafer.errors import ConflictError
from lambdas.loop.launching import LaunchDesk, launch
from lambdas.loop.ledger import Ledger
from lambdas.loop.packaging import tell_registry
from lambdas.loop.requesting import request_stop, request_training
from lambdas.loop.rollout_records import RolloutPaper
from lambdas.settings import LoopWiring
from lambdas.stores.channels import Parameters
from lambdas.stores.executions import Executions
from lambdas.stores.model_packages import Approvals
from lambdas.stores.training_jobs import TrainingJobs

_LOG_LINES = 200


@dataclass(frozen=True)
class Loop:
    """The deeds.

    Attributes:
        note: Says in SageMaker's registry what is decided about a model, by its name.
        launch: Model and moment (epoch ms) -> the rollout that was started.
        train: Asks for a training in a person's name.
        stop: Asks for the end of a training, by its number, in a person's name.
        log: The last lines that a job wrote, oldest first; none before it has written.
    """

    note: Callable[[str], None]
    launch: Callable[[str, int], RolloutPaper]
    train: Callable[[str], None]
    stop: Callable[[str, str], None]
    log: Callable[[str], tuple[str, ...]]


def loop_of(parameters: Parameters, ledger: Ledger) -> Loop:
    """Return the deeds; those that start or stop something raise a ConflictError where no loop is deployed."""

    def launch_model(model: str, now_ms: int) -> RolloutPaper:
        executions = Executions(_wiring(parameters).rollout_machine)
        return launch(LaunchDesk(ledger, executions), model, now_ms)

    return Loop(
        note=lambda model: tell_registry(Approvals(), ledger, model),
        launch=launch_model,
        train=lambda by: request_training(_wiring(parameters).start_training, by),
        stop=lambda number, by: request_stop(_wiring(parameters).start_training, number, by),
        log=lambda job: TrainingJobs().last_lines(job, _LOG_LINES),
    )


def _wiring(parameters: Parameters) -> LoopWiring:
    text = parameters.read(LoopWiring.name)
    if text is None:
        raise ConflictError("loop", None, "a deployment with the loop's stack", 0)
    return LoopWiring.model_validate_json(text)
