"""Who calls the review API, and what they may: roles and fabs are groups of the user pool."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property
from typing import Annotated, Any, TypeAlias, TypeVar

from aws_lambda_powertools.event_handler import Request
from aws_lambda_powertools.event_handler.depends import Depends

from fabwafer.triage import Policy
from lambdas.review.desk import Desk
from lambdas.review.vocabulary import Vocabulary

_FAB_GROUP = "fab:"
_EVERY_FAB = "fab:*"

_Name = TypeVar("_Name", str, str | None)


class Role(StrEnum):
    """What a person does here; one may have several, and none includes another."""

    REVIEWER = "reviewer"
    ENGINEER = "engineer"
    ADMIN = "admin"


class ForbiddenError(Exception):
    """The caller has none of the roles that this takes."""


class NotFoundError(Exception):
    """There is no such thing, or none that the caller may know of: the two must not be told apart."""


@dataclass(frozen=True)
class Caller:
    """A person as their token tells; `fabs` is None for who may see every fab."""

    name: str
    roles: frozenset[Role]
    fabs: frozenset[str] | None

    def sees(self, fab: str) -> bool:
        """Tell whether a fab is one of theirs."""
        return self.fabs is None or fab in self.fabs


@dataclass(frozen=True)
class Visit:
    """One request: who calls, when, and what the API works with."""

    caller: Caller
    desk: Desk
    now_ms: int

    def need(self, *roles: Role) -> None:
        """Go on only for a caller with one of these roles.

        Raises:
            ForbiddenError: For everybody else.
        """
        if self.caller.roles.isdisjoint(roles):
            raise ForbiddenError(f"expected a member of {' or '.join(roles)}")

    def need_fab(self, fab: str) -> str:
        """Return a fab of the caller's.

        Raises:
            NotFoundError: If it is none of theirs, whether there is such a fab or not.
        """
        if not self.caller.sees(fab):
            raise NotFoundError(f"fab {fab}")
        return fab

    def need_every_fab(self) -> None:
        """Go on only for a caller of every fab: what is done about a model is done to all of them.

        Raises:
            ForbiddenError: For everybody else.
        """
        if not self.sees_every_fab:
            raise ForbiddenError("expected a member of every fab, for a model goes to all of them")

    @property
    def sees_every_fab(self) -> bool:
        """Tell whether no fab of the deployment is hidden from the caller."""
        return all(map(self.caller.sees, self.desk.fabs))

    @property
    def fabs(self) -> tuple[str, ...]:
        """Return the caller's fabs by name."""
        return self.desk.fabs if self.caller.fabs is None else tuple(sorted(self.caller.fabs))

    @cached_property
    def vocabulary(self) -> Vocabulary:
        """Return the label books, each read once a request."""
        return Vocabulary(self.desk.papers)

    def policy(self, fab: str, model: str | None) -> Policy:
        """Return what a model brings, and with its labels those that the fab's people may answer beyond it."""
        return self.vocabulary.extend(fab, self.desk.policies.of(model))

    def name_of(self, somebody: _Name) -> _Name:
        """Return a name as the caller may know it; a reviewer learns no other reviewer's."""
        if somebody is None or somebody == self.caller.name or self.looks:
            return somebody
        return "somebody else"

    @property
    def looks(self) -> bool:
        """Tell whether the caller may look at more than what is given to them to read."""
        return not self.caller.roles.isdisjoint({Role.ENGINEER, Role.ADMIN})


def caller_of(claims: Mapping[str, Any]) -> Caller:
    """Return who a verified token stands for; a token without a name may do nothing.

    An array of claims reaches a function as `[one two]`; a group's name has no blank.
    """
    name = claims.get("cognito:username") or claims.get("username") or ""
    told = claims.get("cognito:groups", "") if name else ""
    groups = set(str(told).strip("[]").split())
    fabs = {each.removeprefix(_FAB_GROUP) for each in groups if each.startswith(_FAB_GROUP)}
    return Caller(
        str(name),
        frozenset(Role(each) for each in groups & set(Role)),
        None if _EVERY_FAB in groups else frozenset(fabs),
    )


def _visiting(request: Request) -> Visit:
    visit: Visit = request.context["visit"]
    return visit


Visiting: TypeAlias = Annotated[Visit, Depends(_visiting)]
"""A route's parameter that is the request it serves."""
