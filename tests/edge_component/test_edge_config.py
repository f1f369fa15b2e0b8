import json
from pathlib import Path
from typing import Any

import pytest
from edge_signing import Signer

from edge_component.config import FolderSource, MqttPublisher, SimulatorSource, parse_settings
from edge_component.configuration import FileConfiguration
from fabwafer.errors import ContractError

PLAIN: dict[str, Any] = {
    "fab": "faba",
    "camera": "camera1",
    "model_dir": "model",
    "state_dir": "state",
    "source": {"kind": "folder", "folder": "in"},
    "publisher": {"kind": "greengrass"},
}
MQTT = {
    "kind": "mqtt",
    "endpoint": "host",
    "certificate": "c",
    "key": "k",
    "client_id": "faba--camera1",
}


def test_the_least_that_must_be_said_is_enough() -> None:
    settings = parse_settings(PLAIN)
    assert settings.messages_per_s == 20
    assert isinstance(settings.source, FolderSource)


def test_scalars_may_arrive_as_strings() -> None:
    settings = parse_settings(
        PLAIN
        | {
            "source": {
                "kind": "simulator",
                "wafers": "5",
                "rate_per_s": "0.5",
                "npz": "",
                "seed": "3",
            },
            "publisher": MQTT | {"port": "18883"},
            "messages_per_s": "7.5",
            "exit_when_done": "true",
            "heartbeat_s": "30",
            "journal": "",
            "images_bucket": "",
            "basic_ingest_rules": "",
        }
    )
    assert isinstance(settings.source, SimulatorSource)
    assert isinstance(settings.publisher, MqttPublisher)
    assert (settings.source.wafers, settings.source.rate_per_s, settings.source.npz) == (
        5,
        0.5,
        None,
    )
    assert (settings.publisher.port, settings.messages_per_s) == (18883, 7.5)
    assert (settings.exit_when_done, settings.journal, settings.images_bucket) == (True, None, None)
    assert settings.basic_ingest_rules is None


def test_names_may_arrive_as_numbers() -> None:
    assert parse_settings(PLAIN | {"fab": 7}).fab == "7"


@pytest.mark.parametrize(
    "change, field, value",
    [
        ({"fab": "a/b"}, "fab", "a/b"),
        ({"fab": ".."}, "fab", ".."),
        ({"messages_per_s": "fast"}, "messages_per_s", "fast"),
        ({"messages_per_s": "101"}, "messages_per_s", "101"),
        ({"messages_per_s": "nan"}, "messages_per_s", "nan"),
        ({"messages_per_s": "1e-300"}, "messages_per_s", "1e-300"),
        ({"heartbeat_s": "inf"}, "heartbeat_s", "inf"),
        ({"heartbeat_s": "1e10"}, "heartbeat_s", "1e10"),
        ({"images_bucket": "No Bucket"}, "images_bucket", "No Bucket"),
        ({"source": {"kind": "v4l2", "interval_s": "inf"}}, "source.interval_s", "inf"),
        *(
            (
                {"source": {"kind": "folder", "folder": "x", name: "86401"}},
                f"source.{name}",
                "86401",
            )
            for name in ("settle_s", "patience_s", "poll_s")
        ),
        ({"exit_when_done": "perhaps"}, "exit_when_done", "perhaps"),
        ({"outbox_limit_bytes": "1"}, "outbox_limit_bytes", "1"),
        ({"source": {"kind": "telescope"}}, "source", "telescope"),
        ({"source": {"kind": "folder"}}, "source.folder", "None"),
        (
            {"source": {"kind": "folder", "folder": "x", "lot_pattern": "("}},
            "source.lot_pattern",
            "(",
        ),
        (
            {"source": {"kind": "folder", "folder": "x", "lot_pattern": "a"}},
            "source.lot_pattern",
            "a",
        ),
        ({"publisher": MQTT | {"port": "0"}}, "publisher.port", "0"),
        ({"basic_ingest_rules": {"img": "a b"}}, "basic_ingest_rules.img", "a b"),
        ({"unknown": "1"}, "unknown", "1"),
        ({"exit_when_done": True}, "configuration", "faba"),
    ],
    ids=lambda value: json.dumps(value) if isinstance(value, dict) else None,
)
def test_a_bad_value_is_named_with_its_field(
    change: dict[str, Any], field: str, value: str
) -> None:
    with pytest.raises(ContractError) as raised:
        parse_settings(PLAIN | change)
    assert raised.value.field == field
    assert value in raised.value.value


def test_a_file_is_read_again_when_it_is_written(tmp_path: Path) -> None:
    path = tmp_path / "config.json"
    path.write_text("{}")
    configuration = FileConfiguration(path)
    assert configuration.may_have_changed() is False
    path.write_text('{"fab": "faba"}')
    assert configuration.may_have_changed() is True
    assert configuration.may_have_changed() is False
    assert configuration.read() == {"fab": "faba"}


@pytest.mark.parametrize("text", [None, "{", "[]"], ids=["missing", "no JSON", "no object"])
def test_a_file_that_is_no_configuration_says_so(tmp_path: Path, text: str | None) -> None:
    path = tmp_path / "config.json"
    if text is not None:
        path.write_text(text)
    with pytest.raises(ContractError, match="a JSON"):
        FileConfiguration(path).read()


ONE, OTHER = Signer().text, Signer().text


@pytest.mark.parametrize(
    "value, keys",
    [
        ("", ()),
        ([], ()),
        ([ONE, OTHER], (ONE, OTHER)),
        (ONE, (ONE,)),
        (f"{ONE}, {OTHER}\n", (ONE, OTHER)),
    ],
    ids=["not set", "none", "a list", "a string of one", "a string of several"],
)
def test_keys_may_arrive_as_a_list_or_as_one_string(value: object, keys: tuple[str, ...]) -> None:
    assert parse_settings(PLAIN | {"model_keys": value}).model_keys == keys


@pytest.mark.parametrize(
    "keys", ["rubbish", [ONE, ONE[:40]], 5], ids=["no key", "half a key", "a number"]
)
def test_what_is_no_public_key_is_named(keys: object) -> None:
    with pytest.raises(ContractError, match=r"^model_keys"):
        parse_settings(PLAIN | {"model_keys": keys})


def test_an_empty_shadow_dir_means_no_shadow() -> None:
    assert parse_settings(PLAIN | {"shadow_dir": ""}).shadow_dir is None
    assert str(parse_settings(PLAIN).shadow_dir) == "../com.fabwafer.ShadowModel/current"
