"""a person answers in the portal -> events, and the label that counts; the API of all the portal's screens."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, TypeAlias

from aws_lambda_powertools.event_handler import APIGatewayHttpResolver

from lambdas.review import (
    bulk,
    drift,
    exporting,
    fleet,
    labels,
    look,
    models,
    quality,
    rates,
    rollouts,
    search,
    settings,
    trainings,
    why,
    work,
)
from lambdas.review.desk import Desk, desk_of
from lambdas.review.refusals import MAX_BODY_BYTES, parsed, teach, too_large
from lambdas.review.visit import Visit, caller_of
from lambdas.settings import ReviewApiSettings
from lambdas.telemetry import Telemetry, observed

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.typing import LambdaContext

PARTS = (
    *(work, bulk, look, search, labels, rates, quality, exporting, settings),
    *(models, rollouts, trainings, fleet, drift, why),
)

HttpEvent: TypeAlias = dict[str, Any]
"""What an HTTP API invokes a function with, in its format 2.0."""
HttpAnswer: TypeAlias = dict[str, Any]
"""What it is answered with: status, headers, body."""


@dataclass(frozen=True)
class Api:
    """Serves one request at a time: the resolver keeps what it is at."""

    desk: Desk
    resolver: APIGatewayHttpResolver
    clock: Callable[[], float] = time.time

    def serve(self, event: HttpEvent, context: "LambdaContext", telemetry: Telemetry) -> HttpAnswer:
        """Answer one request of whoever the authorizer let in."""
        caller = caller_of(event["requestContext"]["authorizer"]["jwt"]["claims"])
        answer = self._answer(event, context, Visit(caller, self.desk, round(self.clock() * 1000)))
        status = int(answer["statusCode"])
        telemetry.line(
            "refused" if status >= HTTPStatus.BAD_REQUEST else "served",
            method=event["requestContext"]["http"]["method"],
            path=event["rawPath"],
            status=status,
            reviewer=caller.name,
        )
        return answer

    def _answer(self, event: HttpEvent, context: "LambdaContext", visit: Visit) -> HttpAnswer:
        size_bytes = len((event.get("body") or "").encode())
        if size_bytes > MAX_BODY_BYTES:
            refused = too_large(size_bytes)
            return {
                "statusCode": refused.status_code,
                "headers": {"Content-Type": refused.content_type},
                "body": refused.body,
            }
        self.resolver.append_context(visit=visit)  # type: ignore[no-untyped-call]
        return self.resolver.resolve(event, context)


def handler(event: HttpEvent, context: "LambdaContext") -> HttpAnswer:
    """Answer one request."""
    with observed("review_api", context) as telemetry:
        return _api().serve(event, context, telemetry)


def resolver() -> APIGatewayHttpResolver:
    """Return a resolver with every route and what becomes of refusals."""
    app = APIGatewayHttpResolver(enable_validation=True, json_body_deserializer=parsed)
    for part in PARTS:
        app.include_router(part.router)
    teach(app)
    return app


@cache
def _api() -> Api:
    return Api(desk_of(ReviewApiSettings()), resolver())
