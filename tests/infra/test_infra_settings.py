import json
import re
from collections.abc import Callable
from pathlib import Path

import pytest
from aws_cdk import App

from fabwafer.errors import ContractError
from infra.settings import Settings, Stage, read_settings

ROOT = Path(__file__).resolve().parents[2]
CERTIFICATE = "arn:aws:acm:us-east-1:123456789012:certificate/0123abcd-01ab"


def settings(root: Path, **context: object) -> Settings:
    (root / "fleet.json").write_text(json.dumps({"faba": ["camera1"]}))
    return read_settings(App(context=context).node, root)


def test_without_context_it_is_production_that_keeps_everything(tmp_path: Path) -> None:
    found = settings(tmp_path)
    assert (found.stage, found.audit_rate, found.keep_days) == (Stage.PROD, 0.02, 0)
    assert found.edge == {"source": {"kind": "folder", "folder": "/var/lib/fabwafer/pictures"}}


def test_context_is_text_and_read_as_what_it_means(tmp_path: Path) -> None:
    found = settings(tmp_path, stage="sandbox", audit_rate="0", keep_days="30")
    assert (found.stage, found.audit_rate, found.keep_days) == (Stage.SANDBOX, 0.0, 30)


@pytest.mark.parametrize("write", [json.dumps, dict], ids=["-c", "cdk.json"])
def test_an_object_is_the_same_as_the_text_of_a_command_and_as_cdk_json_has_it(
    tmp_path: Path, write: Callable[[object], object]
) -> None:
    edge = {"source": {"kind": "v4l2", "device": 0}, "model_keys": ["MFkw"]}
    severe = {"severity": ["critical"]}
    found = settings(tmp_path, edge=write(edge), alert_filter=write(severe))
    assert (found.edge, found.alert_filter) == (edge, severe)


def test_numbers_of_cdk_json_are_read_too(tmp_path: Path) -> None:
    found = settings(tmp_path, audit_rate=0.1, keep_days=30)
    assert (found.audit_rate, found.keep_days) == (0.1, 30)


def test_the_documented_cdk_json_is_understood(tmp_path: Path) -> None:
    operations = (ROOT / "docs" / "operations.md").read_text()
    [example] = re.findall(r"```json\n(.*?)```", operations, re.DOTALL)
    found = settings(tmp_path, **json.loads(f"{{{example}}}"))
    assert found.first_model is not None
    assert set(found.edge) == {"source", "model_keys"}


@pytest.mark.parametrize("told", ["https://portal.example.com", "https://portal.example.com/"])
def test_the_portals_address_is_the_same_with_a_slash_at_its_end(tmp_path: Path, told: str) -> None:
    assert settings(tmp_path, portal_url=told).portal_url == "https://portal.example.com"


@pytest.mark.parametrize(
    ("url", "certificate", "message"),
    [
        ("https://https://d1.cloudfront.net", "", "portal_url: expected https:// and a host"),
        ("portal.example.com", "", "portal_url: expected https:// and a host"),
        ("https://portal.example.com/queue", "", "portal_url: expected https:// and a host"),
        ("", CERTIFICATE, "portal_url: expected the name that portal_certificate is for"),
        ("https://d1.cloudfront.net", CERTIFICATE, "portal_url: expected the name that"),
        (
            "https://portal.example.com",
            CERTIFICATE.replace("us-east-1", "eu-central-1"),
            "portal_certificate: expected the ARN of an ACM certificate in us-east-1",
        ),
    ],
)
def test_a_portals_address_that_leads_nowhere_is_refused(
    tmp_path: Path, url: str, certificate: str, message: str
) -> None:
    with pytest.raises(ContractError, match=message):
        settings(tmp_path, portal_url=url, portal_certificate=certificate)


def test_another_fleet_may_be_named(tmp_path: Path) -> None:
    (tmp_path / "other.json").write_text('{"fabc": ["x"]}')
    assert settings(tmp_path, fleet="other.json").fabs == ("fabc",)


@pytest.mark.parametrize(
    ("key", "value", "message"),
    [
        ("stage", "test", "context stage: expected prod or sandbox, got 'test'"),
        ("audit_rate", "2", "context audit_rate: expected a number of 0 to 1, got '2'"),
        ("audit_rate", "nan", "context audit_rate: expected a number of 0 to 1, got 'nan'"),
        (
            "keep_days",
            "ever",
            "context keep_days: expected a whole number of 0 to 36500, got 'ever'",
        ),
        ("alert_filter", "{", "context alert_filter: expected attributes and their values as JSON"),
        (
            "alert_filter",
            '{"severity": "critical"}',
            "context alert_filter: expected attributes and their values as JSON",
        ),
        ("alert_filter", {"severity": "critical"}, "context alert_filter: expected attributes"),
        (
            "alert_filter",
            "[]",
            "context alert_filter: expected attributes and their values as JSON",
        ),
        ("first_model", "1.2.0", "context first_model: expected name@version"),
        ("edge", "[]", "context edge: expected the edge component's configuration as JSON"),
    ],
)
def test_a_bad_context_value_is_refused_naming_key_and_value(
    tmp_path: Path, key: str, value: object, message: str
) -> None:
    with pytest.raises(ContractError, match=message):
        settings(tmp_path, **{key: value})
