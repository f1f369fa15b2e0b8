"""enough new labels, drift, the calendar or a person -> a dataset version and one SageMaker training job on it.

Invoked by a schedule, more often with `{"follow": true}` to look at the job that runs, and by people's wishes:
`{"by": ...}` asks for a training, `{"stop": <number>, "by": ...}` for the end of one.
"""

import json
import time
from functools import cache, partial
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel, ConfigDict

from fabwafer.retraining import TrainingRules
from lambdas.loop.answers import Answers
from lambdas.loop.datasets import Builder
from lambdas.loop.following import Follower
from lambdas.loop.jobs import JobPlan, JobRequests, Price
from lambdas.loop.launching import LaunchDesk
from lambdas.loop.ledger import Ledger
from lambdas.loop.lineage import remember
from lambdas.loop.lines import FirstModel
from lambdas.loop.needs import Needs
from lambdas.loop.recents import Recents
from lambdas.loop.tending import tend
from lambdas.loop.training_end import Endings
from lambdas.loop.trainings import Trainer
from lambdas.policies import Policies
from lambdas.settings import StartTrainingSettings
from lambdas.stores.channels import AlertTopic, Parameters
from lambdas.stores.executions import Executions
from lambdas.stores.functions import AsyncFunction
from lambdas.stores.model_files import ModelBucket, PictureArchive
from lambdas.stores.papers import PaperTable
from lambdas.stores.reviews import WorkTable
from lambdas.stores.training_jobs import TrainingJobs
from lambdas.stores.wafers import WaferTable
from lambdas.telemetry import Telemetry, observed

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.typing import LambdaContext


class Wish(BaseModel):
    """What an invocation asks for; a schedule's own fields do not count.

    Attributes:
        by: The person who asks, None for the schedule.
        stop: The number of a training that is to stop.
        follow: Only look at what runs.
    """

    model_config = ConfigDict(frozen=True)

    by: str | None = None
    stop: str | None = None
    follow: bool = False


def handler(event: dict[str, Any], context: "LambdaContext") -> None:
    """Look whether to train."""
    with observed("start_training", context) as telemetry:
        run(Wish.model_validate(event), _trainer(), round(time.time() * 1000), telemetry)


def run(wish: Wish, trainer: Trainer, now_ms: int, telemetry: Telemetry) -> None:
    """Do what is wished for."""
    if wish.stop is not None:
        outcome = trainer.stop(wish.stop, wish.by or "nobody")
    elif wish.follow:
        outcome = trainer.follow(now_ms)
    else:
        outcome = trainer.tick(wish.by, now_ms)
    telemetry.line("looked", outcome_in_words=outcome, by=wish.by)


@cache
def _trainer() -> Trainer:
    return trainer_of(StartTrainingSettings())


def trainer_of(settings: StartTrainingSettings) -> Trainer:
    """Wire everything up."""
    fabs = tuple(sorted(filter(None, settings.fabs.split(","))))
    papers = PaperTable(settings.papers_table)
    ledger, files, jobs = Ledger(papers), ModelBucket(settings.models_bucket), TrainingJobs()
    reviews = WorkTable(settings.reviews_table, settings.events_table)
    answers = Answers(reviews, fabs, settings.held_out)
    recents = Recents(
        wafers=WaferTable(settings.predictions_table),
        archive=PictureArchive(settings.images_bucket),
        fabs=fabs,
        days=settings.recent_days,
        most=settings.recent_wafers,
    )
    plan = plan_of(settings)
    policies = Policies(Parameters(settings.models_parameter_prefix).read)
    endings = Endings(ledger, AlertTopic(settings.notices_topic_arn))
    return Trainer(
        ledger=ledger,
        files=files,
        first=FirstModel(settings.first_model, settings.first_model_key),
        needs=Needs(ledger, answers, policies, plan, rules_of(settings), fabs),
        builder=Builder(answers, recents, files),
        requests=JobRequests(plan, ledger, files),
        jobs=jobs,
        follower=Follower(ledger, jobs, endings, plan.price),
        endings=endings,
        registrar=AsyncFunction(settings.register_function),
        remember=partial(remember, papers),
        tend=partial(tend, LaunchDesk(ledger, Executions(settings.rollout_arn))),
    )


def plan_of(settings: StartTrainingSettings) -> JobPlan:
    """Return what every job has in common."""
    told = json.loads(settings.training_hyperparameters)
    return JobPlan(
        role_arn=settings.training_role_arn,
        image=settings.training_image,
        instance=settings.training_instance,
        volume_gb=settings.training_volume_gb,
        spot=settings.training_spot,
        most_runtime_s=settings.training_runtime_s,
        most_wait_s=max(settings.training_wait_s, settings.training_runtime_s),
        hyperparameters={str(name): str(value) for name, value in told.items()},
        code_key=settings.training_code_key,
        price=Price(settings.training_hourly_usd, settings.training_instances),
    )


def rules_of(settings: StartTrainingSettings) -> TrainingRules:
    """Return when to train."""
    return TrainingRules(
        wanted=settings.training_labels,
        new_class=settings.training_new_class,
        least=settings.training_least,
        every_days=settings.training_days,
        cap_usd=settings.training_cap_usd or None,
        pause_h=settings.training_pause_h,
    )
