import re
import subprocess
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


def tracked(*patterns):
    listing = subprocess.run(
        ["git", "ls-files", *patterns], cwd=ROOT, capture_output=True, text=True, check=True
    )
    return [ROOT / name for name in listing.stdout.split()]


@pytest.mark.parametrize(
    "path", sorted((ROOT / "requirements").glob("*.txt")), ids=lambda path: path.name
)
def test_lock_files_pin_with_hashes_and_name_no_index(path):
    text = path.read_text()
    assert "--hash=sha256:" in text
    assert not re.search(r"https?://|--(extra-)?index-url", text)


def test_the_package_lock_names_no_registry():
    assert "resolved" not in (ROOT / "package-lock.json").read_text()


def test_boto3_stays_behind_the_stores():
    users = [
        path
        for path in tracked("*.py")
        if re.search(r"^\s*(import|from) boto", path.read_text(), re.MULTILINE)
    ]
    folders = {path.relative_to(ROOT).parts[0] for path in users}
    modules = {path for path in users if path.relative_to(ROOT).parts[0] == "lambdas"}
    assert folders <= {"lambdas", "sandbox", "tests", "bench", "training"}
    assert {path.relative_to(ROOT / "lambdas").parts[0] for path in modules} <= {
        "stores.py",
        "stores",
    }


def test_infra_is_kept_from_every_module_of_the_functions_but_their_settings():
    tool = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]
    [forbidden] = [
        set(each["forbidden_modules"])
        for each in tool["importlinter"]["contracts"]
        if each["type"] == "forbidden"
    ]
    paths = {path.relative_to(ROOT / "lambdas").parts[0] for path in tracked("lambdas/*.py")}
    modules = {path.removesuffix(".py") for path in paths} - {"__init__", "settings"}
    assert {f"lambdas.{name}" for name in modules} <= forbidden


@pytest.mark.parametrize(
    "target", ["demo", "demo-loop", "sandbox", "test", "check", "synth", "bench", "walk"]
)
def test_the_makefile_has_what_the_readme_promises(target):
    assert re.search(rf"^{target}:", (ROOT / "Makefile").read_text(), re.MULTILINE)
