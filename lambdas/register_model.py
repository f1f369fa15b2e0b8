"""a training job that is over -> verdict -> signed bundle, thresholds, model package -> rollout, approval or refusal.

Invoked by SageMaker's state changes, and by start_training with `{"training": <number>}` where an event was lost.
"""

import time
from functools import cache
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel, ConfigDict, Field

from fabwafer.release_rule import ReleaseRules
from lambdas.loop.following import Follower
from lambdas.loop.jobs import Price, training_of
from lambdas.loop.launching import LaunchDesk, launch
from lambdas.loop.ledger import Ledger
from lambdas.loop.registering import Registrar
from lambdas.loop.signing import Signer
from lambdas.loop.training_end import Endings
from lambdas.settings import RegisterModelSettings
from lambdas.stores.channels import AlertTopic, Parameters
from lambdas.stores.executions import Executions
from lambdas.stores.keys import SigningKey
from lambdas.stores.model_files import ModelBucket
from lambdas.stores.model_packages import ModelPackages
from lambdas.stores.papers import PaperTable
from lambdas.stores.training_jobs import TrainingJobs
from lambdas.telemetry import Telemetry, observed

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.typing import LambdaContext


class _Job(BaseModel):
    name: str = Field("", alias="TrainingJobName")


class Change(BaseModel):
    """A job's change of state, as EventBridge tells it, or a training's number."""

    model_config = ConfigDict(frozen=True)

    training: str | None = None
    detail: _Job = _Job()

    @property
    def number(self) -> str | None:
        """Return the training's number; None for a job that is not ours."""
        return self.training or training_of(self.detail.name)


def handler(event: dict[str, Any], context: "LambdaContext") -> None:
    """Look at a training whose job has changed."""
    with observed("register_model", context) as telemetry:
        run(Change.model_validate(event), _registrar(), round(time.time() * 1000), telemetry)


def run(change: Change, registrar: Registrar, now_ms: int, telemetry: Telemetry) -> None:
    """Bring the training to its end if its job is over."""
    if change.number is None:
        telemetry.line("not ours", job=change.detail.name)
        return
    outcome = registrar.handle(change.number, now_ms)
    telemetry.line("looked", outcome_in_words=outcome, training=change.number)


@cache
def _registrar() -> Registrar:
    return registrar_of(RegisterModelSettings())


def registrar_of(settings: RegisterModelSettings) -> Registrar:
    """Wire everything up."""
    ledger = Ledger(PaperTable(settings.papers_table))
    files = ModelBucket(settings.models_bucket)
    endings = Endings(ledger, AlertTopic(settings.notices_topic_arn))
    price = Price(settings.training_hourly_usd, settings.training_instances)
    desk = LaunchDesk(ledger, Executions(settings.rollout_arn))
    return Registrar(
        ledger=ledger,
        files=files,
        follower=Follower(ledger, TrainingJobs(), endings, price),
        endings=endings,
        signer=Signer(ledger, files, SigningKey(settings.signing_key_id)),
        policies=Parameters(settings.models_parameter_prefix),
        packages=ModelPackages(settings.package_group),
        launch=lambda model, now_ms: launch(desk, model, now_ms),
        rules=ReleaseRules.model_validate_json(settings.release_rules),
        approval=settings.approval,
        image=settings.training_image,
    )
