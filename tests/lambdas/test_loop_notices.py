import json

import pytest

from lambdas.loop.notices import NoticeKind, tell
from lambdas.stores.channels import AlertTopic


class Heard(AlertTopic):
    """A topic that remembers."""

    def publish(self, subject, message, attributes):
        said.append((subject, json.loads(message), dict(attributes)))


said: list = []


@pytest.fixture
def topic():
    said.clear()
    return Heard("arn", client=None)


def test_a_notice_is_text_for_people_and_json_for_machines(topic):
    facts = {"kind": NoticeKind.DRIFT.value, "fab": "faba", "usual": 0.02}
    tell(topic, "Scratch", "More of it.", facts)
    [(subject, message, attributes)] = said
    assert subject == "Scratch"
    assert attributes == {"kind": "drift", "fab": "faba"}
    assert json.loads(message["default"]) == {"subject": "Scratch", "text": "More of it.", **facts}
    assert message["email"] == "More of it.\n\nkind: drift\nfab: faba\nusual: 0.02"


def test_a_notice_about_no_fab_has_no_fab_to_filter_by(topic):
    tell(topic, "Released", "All of it.", {"kind": NoticeKind.RELEASE.value, "fab": None})
    assert said[0][2] == {"kind": "release"}


@pytest.mark.parametrize(
    ("subject", "shown"),
    [
        ("Drift in Z\u00fcrich", "Drift in Z?rich"),
        ("two\nlines", "two lines"),
        ("x" * 300, "x" * 99),
    ],
    ids=["letters", "lines", "length"],
)
def test_a_subject_is_one_that_sns_takes(topic, subject, shown):
    tell(topic, subject, "", {"kind": "drift"})
    assert said[0][0] == shown
