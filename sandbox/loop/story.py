"""What happened, step by step, with figures: shown as it happens, kept as JSON."""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeVar

from rich.console import Console

from sandbox.errors import SandboxError

_LOOK_S = 1.0
T = TypeVar("T")


@dataclass(frozen=True)
class Step:
    """One step: when it ended and how long it took, in seconds since the beginning, and its figures."""

    name: str
    at_s: float
    took_s: float
    figures: Mapping[str, Any]


@dataclass
class Story:
    """Steps in the order in which they ended."""

    console: Console
    steps: list[Step] = field(default_factory=list)
    began: float = field(default_factory=time.monotonic)

    @property
    def now_s(self) -> float:
        """Return the seconds since the beginning."""
        return time.monotonic() - self.began

    def tell(self, name: str, since_s: float, **figures: Any) -> None:
        """Keep a step that began at `since_s` and ends now, and show it."""
        step = Step(name, round(self.now_s, 1), round(self.now_s - since_s, 1), figures)
        self.steps.append(step)
        minutes, seconds = divmod(int(step.at_s), 60)
        shown = ", ".join(
            f"{key.replace('_', ' ')} {_short(value)}" for key, value in figures.items()
        )
        self.console.print(
            f"[dim]{minutes:2d}:{seconds:02d}[/] [bold]{name}[/] {shown}", highlight=False
        )

    def wait(
        self,
        what: str,
        look: Callable[[], T | None],
        patience_s: float,
        state: Callable[[], str] = lambda: "",
    ) -> T:
        """Look every second until there is something; `state` says meanwhile how things stand.

        Raises:
            SandboxError: If patience ends.
        """
        deadline = time.monotonic() + patience_s
        with self.console.status(what) as status:
            while True:
                found = look()
                if found is not None:
                    return found
                now = state()
                if time.monotonic() > deadline:
                    raise SandboxError(f"not within {patience_s:.0f} s: {what}. {now}")
                status.update(f"{what} [dim]{now}[/]" if now else what)
                time.sleep(_LOOK_S)


def _short(value: Any) -> str:
    if isinstance(value, float):
        return f"{value:.3g}"
    if isinstance(value, Mapping):
        return ", ".join(f"{name} {_short(each)}" for name, each in value.items())
    if isinstance(value, list | tuple):
        return "; ".join(_short(each) for each in value)
    return str(value)
