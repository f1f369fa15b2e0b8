import runpy
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
WALK = runpy.run_path(str(ROOT / "scripts" / "walk"))
HOPS = list(WALK["hops"]((ROOT / "README.md").read_text()))
FILES = [(number, path) for number, _, paths in HOPS for path in paths]


def test_the_walk_starts_at_the_camera_and_comes_back_to_it():
    assert [HOPS[0][0], HOPS[-1][0]] == [1, 13]


@pytest.mark.parametrize(
    ("number", "path"), FILES, ids=lambda value: getattr(value, "name", str(value))
)
def test_every_file_on_the_walk_opens_with_its_hop(number, path):
    assert path.exists(), f"hop {number} names {path}"
    assert " -> " in WALK["opening"](path), f"hop {number}: {path} does not open with its hop"
