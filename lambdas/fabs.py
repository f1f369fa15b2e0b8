"""The same work for every fab of a deployment, side by side."""

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from lambdas.telemetry import Telemetry

_THREADS = 4

R = TypeVar("R")


class FabsFailedError(Exception):
    """Fabs for which the work is not done; the platform tries again."""


def for_every_fab(
    fabs: Sequence[str], work: Callable[[str], R], telemetry: Telemetry
) -> Iterator[R]:
    """Do the work for every fab and yield what came of it; one that fails does not stop the others.

    Raises:
        FabsFailedError: At the end, if one did.
    """
    with ThreadPoolExecutor(_THREADS) as pool:
        futures = {fab: pool.submit(work, fab) for fab in fabs}
    failed = {fab: error for fab, each in futures.items() if (error := each.exception())}
    for fab, error in failed.items():
        telemetry.failed(error, [fab])
    yield from (each.result() for fab, each in futures.items() if fab not in failed)
    if failed:
        raise FabsFailedError(", ".join(failed))
