"""A request as the real API describes it -> an operation and its parameters, or the refusal that AWS would answer.

The description is botocore's own: what a real client sends is understood, and what AWS would refuse is refused here.
"""

import base64
import binascii
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

import botocore.session
from botocore.model import ListShape, MapShape, OperationModel, ServiceModel, Shape, StructureShape
from botocore.validate import ParamValidator

Json = dict[str, Any]
"""Parameters and answers, in the shapes of the real API; what they may hold is checked by its description."""

_LABEL = re.compile(r"\{(\w+)(\+?)\}")


class RefusalError(Exception):
    """An error as the real API answers it."""

    def __init__(self, code: str, message: str, status: int = 400, **facts: str) -> None:
        super().__init__(f"{code}: {message}")
        self.code, self.message, self.status, self.facts = code, message, status, facts


@dataclass(frozen=True)
class Request:
    """One HTTP request; the target is its path with its query."""

    method: str
    target: str
    headers: Mapping[str, str]
    body: bytes


@dataclass(frozen=True)
class Call:
    """One operation, its parameters and the status that its success has."""

    operation: str
    parameters: Json
    status: int


@cache
def model_of(service: str) -> "AwsModel":
    """Return the description of a service, by its name in boto3."""
    return AwsModel(botocore.session.get_session().get_service_model(service))


class AwsModel:
    """The description of one service."""

    def __init__(self, model: ServiceModel) -> None:
        self._model = model
        self._paths = [self._path(name) for name in self._model.operation_names]

    def parse(self, request: Request) -> Call:
        """Return what is asked for.

        Raises:
            RefusalError: If there is no such operation, or a parameter is missing, unknown or out of its bounds.
        """
        rest = self._model.metadata["protocol"] == "rest-json"
        operation, found = self._by_path(request) if rest else (self._by_target(request), {})
        shape = operation.input_shape
        parameters = _body(request.body) | found
        if shape is not None:
            parameters = _decoded(shape, parameters)
            _require_valid(shape, parameters)
        status = int(operation.http.get("responseCode", 200))
        return Call(operation.name, parameters, status)

    def complaints(self, operation: str, answer: Json) -> str:
        """Return what is wrong with an answer by the description; empty if nothing is."""
        shape = self._model.operation_model(operation).output_shape
        if shape is None:
            return f"{operation} answers nothing" if answer else ""
        report = ParamValidator().validate(answer, shape)
        return str(report.generate_report())

    def _path(self, name: str) -> tuple[str, re.Pattern[str], OperationModel]:
        operation = self._model.operation_model(name)
        path = operation.http["requestUri"].partition("?")[0]
        pattern = _LABEL.sub(lambda label: f"(?P<{label[1]}>{'.+' if label[2] else '[^/]+'})", path)
        return operation.http["method"], re.compile(pattern), operation

    def _by_target(self, request: Request) -> OperationModel:
        prefix, _, name = request.headers.get("X-Amz-Target", "").partition(".")
        if (
            prefix != self._model.metadata["targetPrefix"]
            or name not in self._model.operation_names
        ):
            raise RefusalError("UnknownOperationException", f"no operation {prefix}.{name}")
        return self._model.operation_model(name)

    def _by_path(self, request: Request) -> tuple[OperationModel, Json]:
        address = urlsplit(request.target)
        for method, pattern, operation in self._paths:
            match = pattern.fullmatch(address.path) if method == request.method else None
            if match:
                labels = {name: unquote(value) for name, value in match.groupdict().items()}
                return operation, labels | _query(operation, address.query)
        message = f"no operation {request.method} {address.path}"
        raise RefusalError("UnknownOperationException", message, 404)


def _body(body: bytes) -> Json:
    try:
        found = json.loads(body or b"{}")
    except ValueError as error:
        raise RefusalError("SerializationException", str(error)) from error
    if not isinstance(found, dict):
        raise RefusalError("SerializationException", "expected a JSON object")
    return found


def _query(operation: OperationModel, text: str) -> Json:
    """Return the parameters of a query; one that may be repeated is a list."""
    shape = operation.input_shape
    members = shape.members if isinstance(shape, StructureShape) else {}
    names = {each.serialization.get("name", name): name for name, each in members.items()}
    found: Json = {}
    for key, value in parse_qsl(text, keep_blank_values=True):
        if key not in names:
            raise RefusalError("ValidationException", f"{key}: no such parameter")
        kind = members[names[key]].type_name
        if kind == "list":
            found.setdefault(names[key], []).append(value)
        else:
            found[names[key]] = int(value) if kind == "integer" and value.isdigit() else value
    return found


def _decoded(shape: Shape, value: Any) -> Any:
    """Return the value with its blobs as bytes."""
    if isinstance(shape, StructureShape) and isinstance(value, dict):
        members = shape.members
        return {
            name: _decoded(members[name], each) if name in members else each
            for name, each in value.items()
        }
    if shape.type_name == "blob" and isinstance(value, str):
        try:
            return base64.b64decode(value, validate=True)
        except binascii.Error as error:
            raise RefusalError("SerializationException", f"{shape.name}: {error}") from error
    return value


def _require_valid(shape: Shape, parameters: Json) -> None:
    report = ParamValidator().validate(parameters, shape)
    if report.has_errors():
        raise RefusalError("ValidationException", report.generate_report())
    faults = list(_faults(shape, parameters, ""))
    if faults:
        count = f"{len(faults)} validation error{'s' * (len(faults) > 1)} detected: "
        raise RefusalError("ValidationException", count + "; ".join(faults))


def _faults(shape: Shape, value: Any, place: str) -> Iterator[str]:
    """Yield what botocore leaves to the service to check: patterns, lengths, closed sets."""
    if isinstance(shape, StructureShape):
        for name, each in value.items():
            yield from _faults(shape.members[name], each, f"{place}.{name}".lstrip("."))
    elif isinstance(shape, ListShape):
        for number, each in enumerate(value, 1):
            yield from _faults(shape.member, each, f"{place}.{number}")
    elif isinstance(shape, MapShape):
        for key, each in value.items():
            yield from _faults(shape.key, key, f"{place}.key")
            yield from _faults(shape.value, each, f"{place}.{key}")
    elif expected := _unmet(shape, value):
        yield f"Value '{value}' at '{place}' failed to satisfy constraint: Member must {expected}"


def _unmet(shape: Shape, value: Any) -> str | None:
    if shape.type_name != "string":
        return None
    allowed = getattr(shape, "enum", [])
    if allowed and value not in allowed:
        return f"satisfy enum value set: [{', '.join(allowed)}]"
    if len(value) > shape.metadata.get("max", len(value)):
        return f"have length less than or equal to {shape.metadata['max']}"
    pattern = _compiled(shape.metadata.get("pattern"))
    if pattern and not pattern.search(value):
        return f"satisfy regular expression pattern: {shape.metadata['pattern']}"
    return None


def _compiled(pattern: str | None) -> re.Pattern[str] | None:
    """Return a whole match's expression; None for one that Python's syntax does not know, as those with Unicode classes."""
    try:
        return re.compile(rf"\A(?:{pattern})\Z") if pattern else None
    except re.error:
        return None
