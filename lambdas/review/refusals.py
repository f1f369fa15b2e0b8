"""What went wrong with a request -> status and message; nothing was changed by it."""

from http import HTTPStatus

from aws_lambda_powertools.event_handler import APIGatewayHttpResolver, Response, content_types
from aws_lambda_powertools.event_handler.exceptions import NotFoundError as NoRouteError
from aws_lambda_powertools.event_handler.openapi.exceptions import (
    RequestUnsupportedContentType,
    RequestValidationError,
)

from fabwafer.errors import ConflictError, ContractError
from fabwafer.fields import contract_error
from lambdas.review.views import Problem
from lambdas.review.visit import ForbiddenError, NotFoundError, Visit

MAX_BODY_BYTES = 128 * 1024
"""As much as two hundred items of a bulk answer, and a note, can need."""

_SOMEBODY = "somebody else"


def refuse(status: HTTPStatus, problem: Problem) -> Response[str]:
    """Return a refusal."""
    body = problem.model_dump_json(exclude_none=True)
    return Response(status.value, content_types.APPLICATION_JSON, body)


def teach(app: APIGatewayHttpResolver) -> None:
    """Have the resolver answer every refusal that a route may raise."""

    def conflict(error: ConflictError) -> Response[str]:
        visit: Visit = app.context["visit"]
        held_by = error.held_by if visit.looks or error.held_by is None else _SOMEBODY
        problem = _problem(error).model_copy(update={"version": error.version, "held_by": held_by})
        return refuse(HTTPStatus.CONFLICT, problem)

    def unfit(error: ContractError) -> Response[str]:
        return refuse(HTTPStatus.UNPROCESSABLE_ENTITY, _problem(error))

    def forbidden(error: ForbiddenError) -> Response[str]:
        return refuse(HTTPStatus.FORBIDDEN, Problem(message=str(error)))

    def not_found(error: NotFoundError) -> Response[str]:
        return refuse(HTTPStatus.NOT_FOUND, Problem(message=f"not found: {error}"))

    def no_route(_: NoRouteError) -> Response[str]:
        path = app.current_event.path
        return refuse(HTTPStatus.NOT_FOUND, Problem(message=f"not found: {path!r:.200}"))

    def invalid(error: RequestValidationError) -> Response[str]:
        return refuse(HTTPStatus.UNPROCESSABLE_ENTITY, _problem(_first(error)))

    def unreadable(_: RequestUnsupportedContentType) -> Response[str]:
        content_type = app.current_event.headers.get("content-type")
        error = ContractError("content-type", content_type, "application/json")
        return refuse(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, _problem(error))

    app.exception_handler(ConflictError)(conflict)
    app.exception_handler(ContractError)(unfit)
    app.exception_handler(ForbiddenError)(forbidden)
    app.exception_handler(NotFoundError)(not_found)
    app.exception_handler(RequestValidationError)(invalid)
    app.exception_handler(RequestUnsupportedContentType)(unreadable)
    app.not_found(no_route)


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
