"""Where a page ended, as a text that a client gives back: the key of its last row, and nothing that it may choose."""

import base64
import binascii
import json
from collections.abc import Mapping
from decimal import Decimal, InvalidOperation

from fabwafer.errors import ContractError
from lambdas.records import Item, Value

_EXPECTED = "the cursor of the page before"
_MOST_DIGITS = 30


def cursor_of(key: Item | None, names: tuple[str, ...]) -> str | None:
    """Return the cursor after a row, None at the end."""
    if key is None:
        return None
    text = json.dumps([str(key[name]) for name in names], separators=(",", ":"))
    return base64.urlsafe_b64encode(text.encode()).decode()


def start_of(
    cursor: str | None, names: Mapping[str, type], partition: Mapping[str, Value]
) -> Item | None:
    """Return the key to go on after, None to begin.

    The partition comes from the request, which was checked, and never from the cursor.

    Raises:
        ContractError: If it is no cursor of ours.
    """
    if cursor is None:
        return None
    try:
        values = json.loads(base64.b64decode(cursor, altchars=b"-_", validate=True))
        if [type(each) for each in values] != [str] * len(names) or not all(values):
            raise ContractError("cursor", cursor, _EXPECTED)
        key = {
            name: _number(value) if kind is int else value
            for (name, kind), value in zip(names.items(), values, strict=True)
        }
    except (binascii.Error, ValueError, TypeError, InvalidOperation) as error:
        raise ContractError("cursor", cursor, _EXPECTED) from error
    return {**key, **partition}


def _number(text: str) -> Decimal:
    number = Decimal(text)
    if not number.is_finite() or len(text) > _MOST_DIGITS:
        raise ValueError(text)
    return number
