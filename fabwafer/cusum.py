"""A cumulative sum that remembers when it left zero and when it rang. Pure.

Page, E. S. (1954): Continuous inspection schemes. Each group of wafers adds what it speaks for a change, never below
zero. It rings once at its threshold, stays there at most, and is quiet again when it has come back to zero.
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class Cusum:
    """The sum after some groups.

    Attributes:
        value: 0 up to the threshold.
        since_ms: When it left zero, None at zero: about when a change began.
        rang_ms: When it rang, None if it is quiet.
        groups: How many groups came since it rang.
    """

    value: float = 0.0
    since_ms: int | None = None
    rang_ms: int | None = None
    groups: int = 0

    @property
    def rings(self) -> bool:
        """Tell whether it has rung and not come back to zero since."""
        return self.rang_ms is not None

    def step(self, gain: float, at_ms: int, threshold: float) -> "Cusum":
        """Return the sum after one more group.

        Args:
            gain: What the group speaks for a change, negative if it speaks against one.
            at_ms: When the group ended.
            threshold: Where it rings.
        """
        value = min(max(0.0, self.value + gain), threshold)
        if value == 0.0:
            return Cusum()
        since_ms = at_ms if self.since_ms is None else self.since_ms
        if self.rings:
            return Cusum(value, since_ms, self.rang_ms, self.groups + 1)
        return Cusum(value, since_ms, at_ms if value >= threshold else None)

    def early(self, gain: float, at_ms: int, threshold: float) -> "Cusum":
        """Return the sum, ringing if groups that have not ended, and speak for so much, take it to its threshold."""
        if self.rings or self.value + gain < threshold:
            return self
        return Cusum(self.value, at_ms if self.since_ms is None else self.since_ms, at_ms)
