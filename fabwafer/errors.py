"""What can be wrong with what others hand us.

FabWaferError
├── ContractError   a topic, message, label or picture breaks the contract: quarantine, never retry
│   └── ConflictError   a work item has moved on, or is in other hands: look again, then decide
└── BundleError     a model bundle lacks a part, was altered or does not fit: keep the last good one
"""

_SHOWN_CHARACTERS = 120


class FabWaferError(Exception):
    """Everything this project raises on purpose."""


class ContractError(FabWaferError):
    """A value that breaks the contract.

    Attributes:
        field: The field, topic level or file that is wrong.
        value: What came, shortened for a log line.
        expected: What the contract asks for.
    """

    def __init__(self, field: str, value: object, expected: str) -> None:
        """Build the message `field: expected ..., got ...`."""
        self.field = field
        self.value = shorten(value)
        self.expected = expected
        super().__init__(f"{field}: expected {expected}, got {self.value}")


class ConflictError(ContractError):
    """A deed that an item, as it is by now, does not allow.

    Attributes:
        version: The item's version now.
        held_by: Whose it is, if that is why.
    """

    def __init__(
        self, field: str, value: object, expected: str, version: int, held_by: str | None = None
    ) -> None:
        """Build the same message, and remember what the item is like now."""
        super().__init__(field, value, expected)
        self.version = version
        self.held_by = held_by


class BundleError(FabWaferError):
    """A model bundle that must not be used; the message names the file and what is wrong with it."""


def shorten(value: object) -> str:
    """Return `repr(value)`, cut in the middle when it is too long for one log line."""
    text = repr(value)
    if len(text) <= _SHOWN_CHARACTERS:
        return text
    half = _SHOWN_CHARACTERS // 2
    return f"{text[:half]}...{text[-half:]} ({len(text)} characters)"
