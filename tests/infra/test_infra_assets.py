from pathlib import Path

import pytest

from infra.assets import build_lambda_asset

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A repository whose functions need no wheels, so that nothing is fetched."""
    for package in ("fabwafer", "lambdas"):
        (tmp_path / package).mkdir()
        (tmp_path / package / "__init__.py").touch()
    (tmp_path / "requirements").mkdir()
    (tmp_path / "requirements" / "lambdas.txt").touch()
    return tmp_path


def test_an_asset_holds_the_functions_and_the_contract(root: Path) -> None:
    asset = build_lambda_asset(root, ())
    assert sorted(path.relative_to(asset).as_posix() for path in asset.rglob("*.py")) == [
        "fabwafer/__init__.py",
        "lambdas/__init__.py",
    ]


def test_an_asset_is_built_once(root: Path) -> None:
    asset = build_lambda_asset(root, ())
    (asset / "built-before").touch()
    assert build_lambda_asset(root, ()) == asset
    assert (asset / "built-before").exists()


@pytest.mark.parametrize("changed", ["lambdas/__init__.py", "fabwafer/new.py"])
def test_a_change_of_the_sources_is_another_asset_on_the_same_wheels(
    root: Path, changed: str
) -> None:
    before = build_lambda_asset(root, ())
    (root / changed).write_text("changed = True")
    assert build_lambda_asset(root, ()) != before
    assert len(list((root / "build").glob("lambda-wheels-*"))) == 1


def test_each_platform_has_wheels_of_its_own(root: Path) -> None:
    here = build_lambda_asset(root, ())
    there = build_lambda_asset(root, ("--python-version", "3.13", "--implementation", "cp"))
    assert here != there


def test_the_locked_wheels_are_the_same_for_every_python() -> None:
    """Pip judges markers by the Python it runs in, which is not the one in the cloud."""
    lock = (ROOT / "requirements" / "lambdas.txt").read_text()
    assert "==" in lock
    assert ";" not in lock
