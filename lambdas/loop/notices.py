"""What engineers are told of models and machines: one SNS message, a text for people and JSON for machines."""

import json
from collections.abc import Mapping
from enum import StrEnum
from typing import TypeAlias

from pydantic import JsonValue

from lambdas.stores.channels import AlertTopic

NoticeTopic: TypeAlias = AlertTopic
"""The topic of notices; published to like that of alerts."""

_ATTRIBUTES = ("kind", "fab")
_SUBJECT_CHARACTERS = 99
_TEXT_CHARACTERS = 8_000


class NoticeKind(StrEnum):
    """What a notice is about."""

    RELEASE = "release"
    TRAINING = "training"
    DRIFT = "drift"


def tell(topic: NoticeTopic, subject: str, text: str, facts: Mapping[str, JsonValue]) -> None:
    """Publish one notice.

    Args:
        topic: Where to.
        subject: One line; what an e-mail's subject may not hold is replaced or cut.
        text: For people.
        facts: For machines, and below the text for people, one a line. `kind`, a `NoticeKind`, and `fab`, if the
            notice is about one, are also what a subscription may filter by.
    """
    attributes = {name: str(facts[name]) for name in _ATTRIBUTES if facts.get(name)}
    body = {"subject": subject, "text": text, **facts}
    message = {"default": json.dumps(body), "email": _email(text, facts)}
    topic.publish(_plain(subject), json.dumps(message), attributes)


def _email(text: str, facts: Mapping[str, JsonValue]) -> str:
    lines = [f"{name}: {_shown(value)}" for name, value in facts.items()]
    return "\n".join([text, "", *lines])[:_TEXT_CHARACTERS]


def _shown(value: JsonValue) -> str:
    return value if isinstance(value, str) else json.dumps(value)


def _plain(subject: str) -> str:
    printable = "".join(each if each.isprintable() else " " for each in subject)
    return printable.encode("ascii", "replace").decode()[:_SUBJECT_CHARACTERS]
