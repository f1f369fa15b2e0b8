"""every quarter of an hour -> new predictions -> three detectors -> burst audits to review, alarms to engineers."""

import time
from collections.abc import Sequence
from functools import cache
from typing import TYPE_CHECKING, Any

from fabwafer.fab_watch import Rules
from lambdas.fabs import for_every_fab
from lambdas.loop.drift_audits import Audits
from lambdas.loop.drifting import Looked, Watcher
from lambdas.loop.ledger import Ledger
from lambdas.policies import Policies
from lambdas.settings import WatchDriftSettings
from lambdas.stores.channels import AlertTopic, Parameters, Queue
from lambdas.stores.papers import PaperTable
from lambdas.stores.reviews import WorkTable
from lambdas.stores.tables import CameraTable
from lambdas.stores.wafers import WaferTable
from lambdas.telemetry import Telemetry, observed

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.typing import LambdaContext


def handler(event: dict[str, Any], context: "LambdaContext") -> None:  # noqa: ARG001  a schedule says nothing
    """Look at every fab."""
    with observed("watch_drift", context) as telemetry:
        watcher, fabs = _wired()
        look_at_all(watcher, fabs, round(time.time() * 1000), telemetry)


def look_at_all(watcher: Watcher, fabs: Sequence[str], now_ms: int, telemetry: Telemetry) -> None:
    """Look at every fab; one that fails does not stop the others.

    Raises:
        FabsFailedError: At the end, if one did.
    """
    for looked in for_every_fab(fabs, lambda fab: watcher.look(fab, now_ms), telemetry):
        _report(looked, telemetry)


def _report(looked: Looked, telemetry: Telemetry) -> None:
    for each in looked.rang:
        telemetry.count("DriftSuspicions" if each.model else "DriftAlarms")
        telemetry.line("rang", fab=looked.fab, detector=each.detector.value, what=each.what)
    for found in looked.findings:
        telemetry.count(f"Audits{found.audit.outcome.value.capitalize()}")
        telemetry.line(found.audit.outcome.value, fab=looked.fab, model=found.model)
    outcome = "looked" if looked.taken else "overtaken"
    telemetry.line(outcome, fab=looked.fab, wafers=looked.wafers)


@cache
def _wired() -> tuple[Watcher, tuple[str, ...]]:
    settings = WatchDriftSettings()
    wafers = WaferTable(settings.predictions_table)
    watcher = Watcher(
        wafers=wafers,
        cameras=CameraTable(settings.cameras_table),
        ledger=Ledger(PaperTable(settings.papers_table)),
        policies=Policies(Parameters(settings.models_parameter_prefix).read),
        reviews=Queue(settings.review_queue_url),
        topic=AlertTopic(settings.notices_topic_arn),
        audits=Audits(wafers, WorkTable(settings.reviews_table, "")),
        rules=Rules.of(settings.drift_lots_per_day),
        settle_ms=settings.drift_settle_s * 1000,
    )
    return watcher, tuple(sorted(filter(None, settings.fabs.split(","))))
