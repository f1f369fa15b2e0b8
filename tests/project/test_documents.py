import json
import re
from pathlib import Path

import pytest

from edge_component.config import (
    FolderSource,
    Settings,
    SimulatorSource,
    VideoSource,
    parse_settings,
)

ROOT = Path(__file__).parents[2]
DOCUMENTS = sorted(
    [
        *ROOT.glob("*.md"),
        *(ROOT / "docs").glob("*.md"),
        ROOT / "portal" / "README.md",
        ROOT / "training" / "README.md",
        ROOT / "models" / "wafer-map" / "MODEL_CARD.md",
    ]
)
CONFIGURATION = (ROOT / "docs" / "configuration.md").read_text()


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_link_of_a_document_leads_somewhere(document):
    targets = re.findall(r"\]\(([^)#\s]+)[^)]*\)", document.read_text())
    local = [target for target in targets if "://" not in target]
    assert [target for target in local if not (document.parent / target).exists()] == []


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_make_target_that_a_document_names_exists(document):
    targets = set(re.findall(r"^([a-z0-9-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    named = set(
        re.findall(
            r"\bmake ([a-z][a-z0-9-]+)", re.sub(r"[^`]*(`[^`]*`)", r"\1", document.read_text())
        )
    )
    assert named <= targets


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_a_documented_deployment_names_its_stacks_and_takes_nothing_back(document):
    """What `-c` tells one command the next one lacks, and `--all` goes past the canaries."""
    commands = re.findall(r"cdk deploy([^\n`#(]*)", document.read_text())
    words = [word for command in commands for word in command.split()]
    assert [word for word in words if word.startswith("-")] == []
    named = {word for word in words if word.startswith("FabWafer")}
    assert named <= set(re.findall(r'"(FabWafer\w+)"', (ROOT / "app.py").read_text()))


def test_the_documented_first_model_is_the_shipped_one():
    manifest = json.loads((ROOT / "models" / "wafer-map" / "manifest.json").read_text())
    for document in (ROOT / "README.md", ROOT / "docs" / "operations.md"):
        named = re.findall(r'"first_model": "([^"]*)"', document.read_text())
        assert named == [f"{manifest['name']}@{manifest['version']}"]


def test_the_configuration_example_is_one():
    (example,) = re.findall(r"```json\n(.*?)```", CONFIGURATION, re.DOTALL)
    assert parse_settings(json.loads(example)).source.kind == "folder"


@pytest.mark.parametrize("section", [Settings, FolderSource, SimulatorSource, VideoSource])
def test_every_configuration_key_is_documented(section):
    assert [
        name for name in section.model_fields if f"`{name}`" not in CONFIGURATION and name != "kind"
    ] == []
