"""One log line a message at its end, and the metrics of namespace `FabWafer`."""

from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from functools import cache
from typing import TYPE_CHECKING

from aws_lambda_powertools.logging import Logger
from aws_lambda_powertools.metrics import EphemeralMetrics, MetricUnit

from fabwafer.errors import ContractError

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.typing import LambdaContext

NAMESPACE = "FabWafer"


class Telemetry:
    """What one run of a function has to say.

    Metrics have the one dimension `service`, the function's name; those of a camera have `fab` and
    `camera` instead.
    """

    def __init__(self, service: str) -> None:
        self._logger = _logger(service)
        self._service = service
        self._counts: Counter[str] = Counter()

    def line(self, outcome: str, **keys: object) -> None:
        """Log how a message ended."""
        self._logger.info(outcome, extra={"outcome": outcome, **keys})

    def quarantined(self, error: ContractError, **keys: object) -> None:
        """Log and count a message that breaks the contract."""
        self.count("Quarantined")
        self._logger.warning(
            str(error),
            extra={"outcome": "quarantined", "field": error.field, "value": error.value, **keys},
        )

    def failed(self, error: BaseException, messages: Iterable[str]) -> None:
        """Log that messages come again, and why."""
        extra = {"outcome": "failed", "message_ids": list(messages)}
        self._logger.error(str(error), exc_info=error, extra=extra)

    def count(self, name: str, value: int = 1) -> None:
        """Add to a counter."""
        self._counts[name] += value

    @contextmanager
    def camera(self, fab: str, camera: str) -> Iterator[EphemeralMetrics]:
        """Open the metrics of one camera, with the dimensions `fab` and `camera`."""
        metrics = EphemeralMetrics(namespace=NAMESPACE, service="")
        metrics.add_dimension("fab", fab)
        metrics.add_dimension("camera", camera)
        yield metrics
        metrics.flush_metrics()

    def flush(self) -> None:
        """Write the counters out: one value each, not one a message."""
        if not self._counts:
            return
        metrics = EphemeralMetrics(namespace=NAMESPACE, service=self._service)
        for name, value in self._counts.items():
            metrics.add_metric(name, MetricUnit.Count, value)
        metrics.flush_metrics()


@contextmanager
def observed(service: str, context: "LambdaContext") -> Iterator[Telemetry]:
    """Observe one run of a function; its metrics are written even if it raises."""
    telemetry = Telemetry(service)
    _logger(service).append_keys(request_id=context.aws_request_id)
    try:
        yield telemetry
    finally:
        telemetry.flush()


@cache
def _logger(service: str) -> Logger:
    return Logger(service=service, location=None)
