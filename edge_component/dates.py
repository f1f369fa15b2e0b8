"""The date, as far as a Pi knows it: without a network and a battery it begins anywhere."""

import time

FIRST_TIME_MS = 100_000_000_000
"""March 1973: what is less, the contract takes for seconds."""
LAST_TIME_MS = 253_402_300_799_999
"""The year 9999."""
_SET_AFTER_MS = 1_735_689_600_000
"""2025: before that there was no such component."""


def now_ms() -> int:
    """Return the time, epoch ms, within what a message can carry: a wrong date must cost no wafer."""
    return min(max(time.time_ns() // 1_000_000, FIRST_TIME_MS), LAST_TIME_MS)


def is_set() -> bool:
    """Tell whether the date may be right."""
    return now_ms() > _SET_AFTER_MS
