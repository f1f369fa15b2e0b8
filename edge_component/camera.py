"""1. A picture of a wafer appears -> `WaferImage`."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from fabwafer.errors import ContractError


@dataclass(frozen=True)
class WaferImage:
    """One captured wafer.

    Attributes:
        imgid: Globally unique; the same for every repeat of its messages.
        sequence: Its number among all wafers of this camera.
        timestamp: Epoch milliseconds of the capture.
        picture: The bytes as they came: PNG, or another format that `pictures` reads.
        mark: Where it came from, in the camera's own terms; stored with the wafer, so that a restart
            neither repeats nor loses it.
        truth: The label, where a simulator knows it.
    """

    imgid: str
    sequence: int
    timestamp: int
    picture: bytes
    mark: str
    lot: str | None = None
    wafer: int | None = None
    truth: str | None = None


class Camera(Protocol):
    """A source of wafers, oldest first.

    A wafer stays the camera's until `done` or `reject` is called for it: whatever goes wrong in
    between, and wherever the process dies, `take` hands it out again.
    """

    def take(self, first: int, limit: int, /) -> list[WaferImage]:
        """Return at most `limit` wafers that are ready now, numbered from `first`.

        Raises:
            OSError: If the camera cannot be read at present.
        """
        ...

    def done(self, images: Sequence[WaferImage], /) -> Sequence[str]:
        """Let go of wafers that are committed; return the marks that need not be remembered any more."""
        ...

    def reject(self, image: WaferImage, error: ContractError, /) -> bool:
        """Put a wafer aside that breaks the contract; return False to see it again later."""
        ...

    @property
    def exhausted(self) -> bool:
        """Tell whether there will never be another wafer."""
        ...

    @property
    def wait_s(self) -> float:
        """Return how long to wait when `take` had nothing."""
        ...

    def close(self) -> None:
        """Release the device."""
        ...
