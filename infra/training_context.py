"""What a deployment decides about training, from its context: machines, money, when, and what a candidate must be worth.

Context keys and their defaults:

    training_minutes 60        between two looks whether to train; what runs is looked at every 5
    training_labels 150        new labels that start a training; training_new_class 30 of a class the model lacks;
    training_least 20          new labels that drift or the calendar need; training_days 7, 0 for no calendar
    training_cap_usd 0         a month's; 0 for none. training_hourly_usd 0: price of a machine's hour, which a cap needs
    training_instance ml.g5.xlarge, training_instances 1, training_volume_gb 50, training_image (`infra.training_image`)
    training_spot true, training_runtime_s 21600, training_wait_s 43200, training_pause_h 24 after a failure
    training_options {"epochs": "7", "rate": "1e-3"}   hyperparameters: options of training.train and more
    training_code code/training.zip, first_model (the shipped one), first_model_key bundles/<model>/1/wafer-map.zip
    training_held_out 0.2      share of lots that no model learns from
    recent_days 7, recent_wafers 5000   archived wafers that candidate and current model are compared on
    training_approval false    whether a person decides about a candidate that passes
    release_rules {}           limits of fabwafer.release_rule.ReleaseRules
"""

import json
from dataclasses import dataclass

from aws_cdk import Stack

from fabwafer.errors import ContractError
from fabwafer.release_rule import ReleaseRules
from infra.context import Context
from infra.model_policies import shipped_bundles
from infra.settings import Settings
from infra.training_image import TrainingImage, training_image

_OPTIONS = {"epochs": "7", "rate": "1e-3"}
_DAY_S = 86_400


@dataclass(frozen=True)
class Machines:
    """What a training job runs on."""

    image: TrainingImage
    instance: str
    instances: int
    volume_gb: int
    spot: bool
    runtime_s: int
    wait_s: int
    hourly_usd: float


def machines(context: Context, stack: Stack) -> Machines:
    """Return what the context says of machines."""
    instance = context.text("training_instance", "ml.g5.xlarge")
    return Machines(
        image=training_image(context, stack, instance),
        instance=instance,
        instances=context.whole("training_instances", 1, 1, 64),
        volume_gb=context.whole("training_volume_gb", 50, 1, 16_000),
        spot=context.flag("training_spot", default=True),
        runtime_s=context.whole("training_runtime_s", 6 * 3600, 60, 5 * _DAY_S),
        wait_s=context.whole("training_wait_s", 12 * 3600, 60, 10 * _DAY_S),
        hourly_usd=context.number("training_hourly_usd", 0, 0, 10_000),
    )


def cap_usd(context: Context, hired: Machines) -> float:
    """Return what may be spent in a month, 0 without a cap.

    Raises:
        ContractError: If there is a cap, but no price to count by.
    """
    cap = context.number("training_cap_usd", 0, 0, 1_000_000)
    if cap and not hired.hourly_usd:
        raise ContractError("context training_hourly_usd", 0, f"a price: {cap:g} USD cap nothing")
    return cap


def first_model(context: Context, settings: Settings) -> tuple[str, str]:
    """Return name@version and key of the model that is deployed first: the shipped one unless the context says another.

    Raises:
        ContractError: If nothing is shipped, or several models are, and the context does not say which.
    """
    shipped = [manifest.model for manifest in shipped_bundles(settings.root / "models")]
    model = settings.first_model or (shipped[0] if len(shipped) == 1 else "")
    if not model:
        raise ContractError("context first_model", model, f"one of {', '.join(shipped)}")
    return model, context.text("first_model_key", f"bundles/{model}/1/wafer-map.zip")


def options(context: Context) -> str:
    """Return the hyperparameters as JSON."""
    return json.dumps(
        {name: str(value) for name, value in context.mapping("training_options", _OPTIONS).items()}
    )


def release_rules(context: Context) -> str:
    """Return the limits of a release as JSON.

    Raises:
        ContractError: If one of them is none.
    """
    told = context.mapping("release_rules", {})
    try:
        ReleaseRules.model_validate(told)
    except ValueError as error:
        known = ", ".join(ReleaseRules.model_fields)
        raise ContractError("context release_rules", told, f"limits of {known}") from error
    return json.dumps(told)
