"""The review API's OpenAPI document, from the routes themselves: what clients generate their types from; nothing deployed imports it."""

from http import HTTPStatus
from inspect import isroutine
from typing import Annotated, Any, get_args, get_origin

from pydantic import BaseModel

from lambdas.review.refusals import MAX_BODY_BYTES
from lambdas.review.views import Problem
from lambdas.review_api import PARTS, resolver

_REFUSALS = {
    HTTPStatus.FORBIDDEN: "The caller has not the role that this takes.",
    HTTPStatus.NOT_FOUND: "There is no such thing in the caller's fabs.",
    HTTPStatus.CONFLICT: "The item has moved on, or is in other hands.",
    HTTPStatus.REQUEST_ENTITY_TOO_LARGE: f"The body has more than {MAX_BODY_BYTES} bytes.",
    HTTPStatus.UNPROCESSABLE_ENTITY: "A field has a value that it may not have.",
    HTTPStatus.SERVICE_UNAVAILABLE: "Others were faster each time; `Retry-After` says when to repeat it.",
}
_REFERENCE = "#/components/schemas/{model}"
_NOT_OURS = ("HTTPValidationError", "ValidationError", "ResponseValidationError")


def document() -> dict[str, Any]:
    """Return the document; a path's query parameters are told as exactly as its bodies."""
    found = resolver().get_openapi_schema(
        title="FabWafer review", version="1", openapi_version="3.1.0"
    )
    schema: dict[str, Any] = found.model_dump(by_alias=True, exclude_none=True, mode="json")
    schemas = schema["components"]["schemas"]
    for name in _NOT_OURS:
        schemas.pop(name, None)
    schemas["Problem"] = Problem.model_json_schema()
    queries = _queries()
    for path in schema["paths"].values():
        for operation in path.values():
            operation["responses"] |= _refusals()
            for function, query in queries.items():
                if operation["operationId"].startswith(f"{function}_"):
                    _describe(operation, query, schemas)
    return schema


def _refusals() -> dict[str, Any]:
    content = {"application/json": {"schema": {"$ref": "#/components/schemas/Problem"}}}
    return {
        str(status.value): {"description": meaning, "content": content}
        for status, meaning in _REFUSALS.items()
    }


def _queries() -> dict[str, type[BaseModel]]:
    """Return the model of every route's query, by the route's function."""
    functions = [each for part in PARTS for each in vars(part).values() if isroutine(each)]
    annotations = {each.__name__: each.__annotations__ for each in functions}
    return {
        name: get_args(each["query"])[0]
        for name, each in annotations.items()
        if get_origin(each.get("query")) is Annotated
    }


def _describe(operation: dict[str, Any], query: type[BaseModel], schemas: dict[str, Any]) -> None:
    told = query.model_json_schema(ref_template=_REFERENCE)
    schemas |= told.get("$defs", {})
    schemas.pop(query.__name__, None)
    for parameter in operation["parameters"]:
        if parameter["in"] == "query":
            parameter["schema"] = told["properties"][parameter["name"]]
