"""Taking hold of the emulator's inner parts, or refusing to start when they are not as they were.

What is replaced here may change with any version; then the start must end, and not a result be wrong.
"""

import inspect
from collections.abc import Callable
from types import ModuleType
from typing import Any


def part(module: ModuleType, name: str) -> Any:
    """Return an inner part of the emulator, or end the start when it is gone."""
    found = getattr(module, name, None)
    if found is None:
        raise SystemExit(
            f"{module.__name__}.{name} is missing: the emulator is not the one expected"
        )
    return found


def wrap(
    module: ModuleType, name: str, parameters: str, wrapper: Callable[[Any], Callable[..., Any]]
) -> None:
    """Replace a function of the emulator, or end the start when its parameters are not those named."""
    original = part(module, name)
    found = " ".join(inspect.signature(original).parameters)
    if found != parameters:
        raise SystemExit(f"{module.__name__}.{name}: expected parameters {parameters}, got {found}")
    setattr(module, name, wrapper(original))
