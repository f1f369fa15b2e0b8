"""What the two Greengrass runtimes make of a recipe, for tests to run its scripts the way they do."""

import os
import re
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).resolve().parents[2]
RECIPE_VARIABLE = re.compile(r"\{([^{}]*)\}")


def load_recipe(path: Path) -> dict[str, Any]:
    """Read a recipe as Nucleus Lite does: every scalar of YAML is a string."""
    recipe: dict[str, Any] = yaml.load(path.read_text(), Loader=yaml.BaseLoader)  # noqa: S506
    return recipe


def scripts_of(recipe: dict[str, Any]) -> dict[str, str]:
    """Return the scripts by lifecycle phase."""
    return {phase: body["Script"] for phase, body in recipe["Lifecycle"]["all"].items()}


@dataclass(frozen=True)
class Runtime:
    """A runtime's folders and its recipe variables; `strict` refuses those that Nucleus Lite does not know."""

    root: Path
    thing: str
    slash: str
    strict: bool

    def interpolated(self, script: str, component: str, version: str) -> str:
        """Fill in the recipe variables."""
        values = {
            "artifacts:path": f"{self.artifacts(component, version)}{self.slash}",
            "work:path": f"{self.work(component)}{self.slash}",
            "kernel:rootPath": str(self.root),
            "iot:thingName": self.thing,
        }

        def value(match: re.Match[str]) -> str:
            if match[1] not in values and self.strict:
                raise ValueError(f"unhandled variable substitution: {match[0]}")
            return values.get(match[1], match[0])

        return RECIPE_VARIABLE.sub(value, script)

    def artifacts(self, component: str, version: str) -> Path:
        """Return where the runtime puts a component's artifacts."""
        folder = self.root / "packages" / "artifacts" / component / version
        folder.mkdir(parents=True, exist_ok=True)
        return folder

    def work(self, component: str) -> Path:
        """Return a component's work folder."""
        folder = self.root / "work" / component
        folder.mkdir(parents=True, exist_ok=True)
        return folder

    def command(self, recipe: dict[str, Any], phase: str, version: str) -> list[str]:
        """Return what the runtime executes for one phase."""
        script = scripts_of(recipe)[phase]
        return ["/bin/sh", "-c", self.interpolated(script, recipe["ComponentName"], version)]

    def run(
        self, recipe: dict[str, Any], phase: str, version: str, **environment: str
    ) -> subprocess.CompletedProcess[str]:
        """Run one phase as the runtime does: in the component's work folder."""
        return subprocess.run(
            self.command(recipe, phase, version),
            cwd=self.work(recipe["ComponentName"]),
            env={"PATH": os.environ["PATH"], **environment},
            capture_output=True,
            text=True,
            check=False,
        )
