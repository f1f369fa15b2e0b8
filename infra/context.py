"""Context keys of one construct, parsed and checked; an error names the key."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

from constructs import Node

from fabwafer.errors import ContractError

_Number = TypeVar("_Number", int, float)


@dataclass(frozen=True)
class Context:
    """What `cdk deploy -c key=value` or cdk.json says, as a construct sees it."""

    node: Node

    def text(self, key: str, default: str) -> str:
        """Return a text."""
        value = self.node.try_get_context(key)
        return default if value is None else str(value)

    def number(self, key: str, default: float, least: float, most: float) -> float:
        """Return a number within limits.

        Raises:
            ContractError: If it is none, or beyond them.
        """
        return self._within(key, float, default, (least, most))

    def whole(self, key: str, default: int, least: int, most: int) -> int:
        """Return a whole number within limits.

        Raises:
            ContractError: If it is none, or beyond them.
        """
        return self._within(key, int, default, (least, most))

    def _within(
        self, key: str, kind: Callable[[str], _Number], default: float, limits: tuple[float, float]
    ) -> _Number:
        text, (least, most) = self.text(key, str(default)), limits
        what = "a whole number" if kind is int else "a number"
        expected = f"{what} of {least} to {most}"
        try:
            value = kind(text)
        except ValueError as error:
            raise ContractError(f"context {key}", text, expected) from error
        if not least <= value <= most:
            raise ContractError(f"context {key}", text, expected)
        return value

    def flag(self, key: str, *, default: bool) -> bool:
        """Return whether something is wanted.

        Raises:
            ContractError: If it is neither true nor false.
        """
        text = self.text(key, str(default)).lower()
        if text not in {"true", "false"}:
            raise ContractError(f"context {key}", text, "true or false")
        return text == "true"

    def mapping(
        self, key: str, default: Mapping[str, object], expected: str = "a JSON object"
    ) -> dict[str, Any]:
        """Return an object of cdk.json, or what the JSON of one says: `-c` has texts only.

        Raises:
            ContractError: If it is none.
        """
        told = self.node.try_get_context(key)
        try:
            value = json.loads(told) if isinstance(told, str) else told
        except ValueError as error:
            raise ContractError(f"context {key}", told, expected) from error
        if value is None:
            return dict(default)
        if not isinstance(value, dict):
            raise ContractError(f"context {key}", told, expected)
        return value
