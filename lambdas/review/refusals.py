"""What went wrong with a request -> status and message; nothing was changed by it."""

import json
from http import HTTPStatus
from json import JSONDecodeError
from typing import Any

from aws_lambda_powertools.event_handler import APIGatewayHttpResolver, Response, content_types
from aws_lambda_powertools.event_handler.exceptions import NotFoundError as NoRouteError
from aws_lambda_powertools.event_handler.openapi.exceptions import (
    RequestUnsupportedContentType,
    RequestValidationError,
)

from fabwafer.errors import ConflictError, ContractError
from fabwafer.fields import contract_error
from lambdas.review.changes import BusyError
from lambdas.review.views import Problem
from lambdas.review.visit import ForbiddenError, NotFoundError, Visit

MAX_BODY_BYTES = 256 * 1024
"""As much as twenty answers with their notes, or a bulk answer of two hundred items, can need."""

REFUSALS = (BusyError, ContractError, ForbiddenError, NotFoundError)
"""What a route raises to refuse a request."""

_AGAIN_AFTER_S = "1"


def refusal(error: Exception, visit: Visit) -> tuple[HTTPStatus, Problem]:
    """Return the status and the words of one of `REFUSALS`."""
    match error:
        case ConflictError():
            moved_on = {"version": error.version, "held_by": visit.name_of(error.held_by)}
            return HTTPStatus.CONFLICT, _problem(error).model_copy(update=moved_on)
        case ContractError():
            return HTTPStatus.UNPROCESSABLE_ENTITY, _problem(error)
        case NotFoundError():
            return HTTPStatus.NOT_FOUND, Problem(message=f"not found: {error}")
        case BusyError():
            return HTTPStatus.SERVICE_UNAVAILABLE, Problem(message=str(error))
        case _:
            return HTTPStatus.FORBIDDEN, Problem(message=str(error))


def refuse(status: HTTPStatus, problem: Problem) -> Response[str]:
    """Return a refusal."""
    headers = {"Retry-After": _AGAIN_AFTER_S} if status is HTTPStatus.SERVICE_UNAVAILABLE else None
    body = problem.model_dump_json()
    return Response(status.value, content_types.APPLICATION_JSON, body, headers)


def teach(app: APIGatewayHttpResolver) -> None:
    """Have the resolver answer every refusal that a route may raise."""

    def refused(error: Exception) -> Response[str]:
        return refuse(*refusal(error, app.context["visit"]))

    def no_route(_: NoRouteError) -> Response[str]:
        path = app.current_event.path
        return refuse(HTTPStatus.NOT_FOUND, Problem(message=f"not found: {path!r:.200}"))

    def invalid(error: RequestValidationError) -> Response[str]:
        return refuse(HTTPStatus.UNPROCESSABLE_ENTITY, _problem(_first(error)))

    def unreadable(_: RequestUnsupportedContentType) -> Response[str]:
        content_type = app.current_event.headers.get("content-type")
        error = ContractError("content-type", content_type, "application/json")
        return refuse(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, _problem(error))

    app.exception_handler(list(REFUSALS))(refused)
    app.exception_handler(RequestValidationError)(invalid)
    app.exception_handler(RequestUnsupportedContentType)(unreadable)
    app.not_found(no_route)


def parsed(body: str) -> Any:
    """Return what a body says; nested without end or with endless numbers it is as little JSON as with a comma missing.

    Raises:
        JSONDecodeError: For every body that is none.
    """
    try:
        return json.loads(body)
    except JSONDecodeError:
        raise
    except (ValueError, RecursionError) as error:
        raise JSONDecodeError(str(error), "", 0) from error


def too_large(size_bytes: int) -> Response[str]:
    """Return the refusal of a body."""
    error = ContractError("body", f"{size_bytes} bytes", f"at most {MAX_BODY_BYTES} bytes")
    return refuse(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, _problem(error))


def _first(error: RequestValidationError) -> ContractError:
    """The first fault in the words of the contract; where it was is told without the parameter's name in the code."""
    found = error.errors()[0]
    if found["type"] == "json_invalid":
        return ContractError("body", found["ctx"]["error"], "JSON")
    place, *path = found["loc"]
    field = ".".join(map(str, path[1:] if place == "query" else path)) or str(place)
    return contract_error(found, field)


def _problem(error: ContractError) -> Problem:
    return Problem(
        message=str(error), field=error.field, value=error.value, expected=error.expected
    )
