"""A person's wish about trainings -> start_training, which answers by its papers."""

from lambdas.stores.functions import AsyncFunction


def request_training(function_name: str, by: str) -> None:
    """Ask for a training; whether it starts is in the need paper. Takes lambda:InvokeFunction."""
    AsyncFunction(function_name).send({"by": by})


def request_stop(function_name: str, training: str, by: str) -> None:
    """Ask for the end of a training, by its number. Takes lambda:InvokeFunction."""
    AsyncFunction(function_name).send({"stop": training, "by": by})
