import base64
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lambda_events import RECEIVED_MS, envelope
from pydantic import ValidationError

from fabwafer.errors import ContractError
from fabwafer.topics import Kind
from lambdas.envelope import Envelope, quarantine_body, quarantine_key

TEXT = st.text(st.characters(exclude_categories=["Cs"]))


@given(payload=st.binary(), topic=TEXT, received_ms=st.integers(0, 253_402_300_799_999))
def test_any_bytes_reach_python_as_they_were_published(payload, topic, received_ms):
    read = Envelope.model_validate_json(
        json.dumps(envelope(topic, payload, received_ms=received_ms))
    )

    assert (read.payload, read.topic, read.received_ms) == (payload, topic, received_ms)


@given(payload=st.binary(), topic=TEXT)
def test_quarantine_keeps_all_that_came(payload, topic):
    came = Envelope.model_validate(envelope(topic, payload))

    kept = json.loads(quarantine_body(came, ContractError("lot", 7, "a text")))

    assert base64.b64decode(kept.pop("payload")) == payload
    assert kept == {
        "topic": topic,
        "received_ms": RECEIVED_MS,
        "client": "faba--camera1",
        "field": "lot",
        "value": "7",
        "expected": "a text",
    }


@pytest.mark.parametrize(
    "change",
    [
        pytest.param({"payload": "not base64!"}, id="payload is no base64"),
        pytest.param({"payload": 7}, id="payload is a number"),
        pytest.param({"payload": None}, id="payload is null"),
        pytest.param({"topic": None}, id="no topic"),
        pytest.param({"received_ms": "1554134553500"}, id="time is a text"),
        pytest.param({"received_ms": -1}, id="time before 1970"),
        pytest.param({"received_ms": 10**15}, id="time after the year 9999"),
    ],
)
def test_what_no_rule_of_ours_sends_raises(change):
    with pytest.raises(ValidationError):
        Envelope.model_validate(envelope("fabwafer/faba/camera1/status", b"") | change)


def test_a_rule_without_client_is_fine():
    came = envelope("fabwafer/faba/camera1/status", b"")
    del came["client"]

    assert Envelope.model_validate(came).client is None


def test_a_repeat_of_a_broken_message_is_kept_under_the_same_key():
    first = Envelope.model_validate(envelope("t", b"rubbish"))
    again = Envelope.model_validate(envelope("t", b"rubbish", received_ms=RECEIVED_MS + 1))
    other = Envelope.model_validate(envelope("t", b"other rubbish"))

    assert quarantine_key(Kind.PREDICTION, first) == quarantine_key(Kind.PREDICTION, again)
    assert quarantine_key(Kind.PREDICTION, first) != quarantine_key(Kind.PREDICTION, other)
    assert quarantine_key(Kind.PREDICTION, first).startswith("prediction/2019-04-01/")
