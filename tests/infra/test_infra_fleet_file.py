from pathlib import Path

import pytest

from fabwafer.errors import ContractError
from infra.fleet_file import Camera, read_fleet


def fleet(tmp_path: Path, text: str) -> tuple[Camera, ...]:
    path = tmp_path / "fleet.json"
    path.write_text(text)
    return read_fleet(path)


def test_every_camera_of_every_fab_is_read_in_order(tmp_path: Path) -> None:
    found = fleet(tmp_path, '{"fabb": ["c"], "faba": ["b", "a"]}')
    assert found == (Camera("faba", "a"), Camera("faba", "b"), Camera("fabb", "c"))


def test_a_camera_knows_its_thing_and_its_topics() -> None:
    camera = Camera("faba", "camera1")
    assert (camera.thing, camera.topics) == ("faba--camera1", "fabwafer/faba/camera1")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        pytest.param("{", "fleet.json: expected JSON", id="no JSON"),
        pytest.param("{}", "fleet.json: expected an object of fabs", id="empty"),
        pytest.param("[]", "fleet.json: expected an object of fabs", id="a list"),
        pytest.param('{"fab a": ["c"]}', "fleet.json: fab: expected .* got 'fab a'", id="fab"),
        pytest.param('{"faba": "c"}', "fleet.json: faba: expected a list .* got 'c'", id="text"),
        pytest.param('{"faba": []}', "fleet.json: faba: expected a list", id="no camera"),
        pytest.param('{"faba": {"c": 1}}', "fleet.json: faba: expected a list", id="an object"),
        pytest.param(
            '{"faba": ["c", 7]}', r"fleet.json: faba\[1\]: expected .* got 7", id="number"
        ),
        pytest.param('{"faba": ["a.b"]}', r"faba\[0\]: expected .*no dot.* got 'a.b'", id="dot"),
        pytest.param('{"faba": ["a/b"]}', r"faba\[0\]: expected .* got 'a/b'", id="slash"),
        pytest.param('{"faba": ["c", "c"]}', "every thing name once, got 'faba--c'", id="twice"),
        pytest.param('{"faba": ["c"], "faba": ["c"]}', "every thing name once", id="fab twice"),
        pytest.param(
            '{"a--b": ["c"], "a": ["b--c"]}', "every thing name once, got 'a--b--c'", id="one thing"
        ),
        pytest.param(
            f'{{"{"f" * 64}": ["{"c" * 64}"]}}',
            "a thing name of at most 112 characters",
            id="too long",
        ),
    ],
)
def test_a_bad_fleet_file_is_refused_naming_field_and_value(
    tmp_path: Path, text: str, message: str
) -> None:
    with pytest.raises(ContractError, match=message):
        fleet(tmp_path, text)


def test_a_missing_fleet_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(ContractError, match="nowhere.json: expected a readable file"):
        read_fleet(tmp_path / "nowhere.json")
