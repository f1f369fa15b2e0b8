"""What `make component` left under build/component: recipes that lack nothing but the bucket."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from fabwafer.errors import ContractError

EDGE = "com.fabwafer.Edge"
MODEL = "com.fabwafer.Model"
SHADOW_MODEL = "com.fabwafer.ShadowModel"
_PLACEHOLDER = "s3://BUCKET_NAME/"


@dataclass(frozen=True)
class Component:
    """One version of a component, as built."""

    name: str
    version: str
    recipe: dict[str, Any]
    folder: Path

    def artifacts(self) -> dict[str, Path]:
        """Return the file behind every artifact's URI.

        Raises:
            ContractError: If one was not built.
        """
        return {uri: self._file(uri) for uri in _uris(self.recipe)}

    def recipe_with(self, uris: Mapping[str, str]) -> dict[str, Any]:
        """Return the recipe with every artifact where it was uploaded to."""
        manifests = [
            manifest
            | {
                "Artifacts": [
                    artifact | {"Uri": uris[artifact["Uri"]]} for artifact in manifest["Artifacts"]
                ]
            }
            for manifest in self.recipe["Manifests"]
        ]
        return self.recipe | {"Manifests": manifests}

    def _file(self, uri: str) -> Path:
        path = self.folder / uri.removeprefix(_PLACEHOLDER)
        if not uri.startswith(_PLACEHOLDER) or not path.is_file():
            raise ContractError(f"{self.name} {self.version}: Uri", uri, f"that of {path}")
        return path


def read_component(folder: Path, name: str) -> Component:
    """Read the one built version of a component.

    Raises:
        ContractError: If it was not built, or more than once.
    """
    recipes = sorted((folder / "recipes").glob(f"{name}-*.json"))
    if len(recipes) != 1:
        found = [path.name for path in recipes]
        raise ContractError(str(folder), found, f"one recipe of {name}; run `make component` first")
    recipe = json.loads(recipes[0].read_text())
    return Component(name, recipe["ComponentVersion"], recipe, folder / "artifacts")


def _uris(recipe: Mapping[str, Any]) -> list[str]:
    return [artifact["Uri"] for each in recipe["Manifests"] for artifact in each["Artifacts"]]
