"""The people of the sandbox: one of each role, one of another fab, and as many simulated reviewers as may be wanted."""

import secrets
from collections.abc import Sequence

from pydantic import BaseModel, ConfigDict

from sandbox.cloud import Cloud
from sandbox.fleet import FAB

OTHER_FAB = "fabb"
SIMULATED = 8
"""How many simulated reviewers have a name and a password."""

_EVERY_FAB = "fab:*"


class Person(BaseModel):
    """A user of the portal; the password is drawn at random for each run."""

    model_config = ConfigDict(frozen=True)

    name: str
    groups: tuple[str, ...]
    password: str


def person(name: str, *groups: str) -> Person:
    """Return somebody with a new password, as the user pool's policy wants it."""
    return Person(name=name, groups=groups, password=f"Aa1!{secrets.token_urlsafe(12)}")


def staff() -> list[Person]:
    """Return who works in the sandbox' fab, and one who works elsewhere and must see nothing of it."""
    fab = f"fab:{FAB}"
    return [
        person("rita", "reviewer", fab),
        person("rolf", "reviewer", fab),
        person("erin", "engineer", fab),
        person("ada", "admin", _EVERY_FAB),
        person("otto", "reviewer", f"fab:{OTHER_FAB}"),
    ]


def simulated(count: int = SIMULATED) -> list[Person]:
    """Return reviewers whose names say in every audit log that they are none."""
    return [person(f"sim{number}", "reviewer", f"fab:{FAB}") for number in range(1, count + 1)]


def register(cloud: Cloud, people: Sequence[Person]) -> None:
    """Make the people users of the pool, and the groups that it has not yet."""
    admin, pool = cloud.emulator.client("cognito-idp"), cloud.outputs["UserPoolId"]
    known = {
        group["GroupName"]
        for page in admin.get_paginator("list_groups").paginate(UserPoolId=pool)
        for group in page["Groups"]
    }
    for group in sorted({group for each in people for group in each.groups} - known):
        admin.create_group(UserPoolId=pool, GroupName=group)
    for each in people:
        admin.admin_create_user(UserPoolId=pool, Username=each.name, MessageAction="SUPPRESS")
        admin.admin_set_user_password(
            UserPoolId=pool, Username=each.name, Password=each.password, Permanent=True
        )
        for group in each.groups:
            admin.admin_add_user_to_group(UserPoolId=pool, Username=each.name, GroupName=group)
