"""What runs where: the cameras of a fab by their last heartbeat, and what the fleet is meant to run."""

from typing import Annotated, cast

from aws_lambda_powertools.event_handler.openapi.params import Query
from aws_lambda_powertools.event_handler.router import APIGatewayHttpRouter

from lambdas.loop.records import MODEL, LinePaper
from lambdas.records import Item
from lambdas.review.fleet_reports import DeviceView, Fleet
from lambdas.review.queries import FabQuery
from lambdas.review.visit import Role, Visit, Visiting

router = APIGatewayHttpRouter()  # type: ignore[no-untyped-call]

SILENT_AFTER_MS = 15 * 60_000
"""A heartbeat comes every minute; the alarm of a silent camera goes off as late."""
_TOLD = (
    *("clock_skew_ms", "version", "model", "serial", "verified", "shadow", "uptime_s", "degraded"),
    *("outbox_messages", "outbox_oldest_s", "dropped", "quarantined", "classified"),
    *("last_wafer", "disk_free_bytes", "temperature_c", "edge_ms"),
)


@router.get("/fleet", summary="The cameras of a fab, as their last heartbeats tell")
def fleet(visit: Visiting, query: Annotated[FabQuery, Query()]) -> Fleet:
    """Return every camera of a fab that was ever heard of."""
    visit.need(Role.ENGINEER, Role.ADMIN)
    visit.need_fab(query.fab)
    line = visit.desk.ledger.read(LinePaper, MODEL)
    rows = visit.desk.cameras.of_fab(query.fab)
    return Fleet(
        devices=tuple(_device(visit, row) for row in rows),
        current=line.current if line else None,
        rollout=line.rollout if line else None,
    )


def _device(visit: Visit, row: Item) -> DeviceView:
    heard_ms = int(cast("int", row["received_ms"]))
    told = {name: row[name] for name in _TOLD if name in row}
    return DeviceView.model_validate(
        {
            "fab": row["fab"],
            "camera": row["camera"],
            "heartbeat_ms": heard_ms,
            "silent": visit.now_ms - heard_ms > SILENT_AFTER_MS,
            **told,
        }
    )
