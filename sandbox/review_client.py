"""The portal's API as a browser uses it: an address, a name and a password -> work, answers, figures."""

import contextlib
import http.client
import json
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict

from sandbox.errors import SandboxError
from sandbox.people import Person
from sandbox.portal_pages import CONFIG

_TIMEOUT_S = 60.0


class ConflictError(Exception):
    """The API refused a deed because the item has changed or is in other hands."""


class _Seen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")


class ModelSaid(_Seen):
    """What the model said of a wafer."""

    label: str


class Wafer(_Seen):
    """A wafer in one's hands."""

    item: str
    version: int
    labels: tuple[str, ...]
    model_answer: ModelSaid | None = None


class Given(BaseModel):
    """An answer: `labels`, or a verdict without them."""

    model_config = ConfigDict(frozen=True)

    verdict: str
    labels: tuple[str, ...] = ()


class Backlog(_Seen):
    """The items that wait in one state."""

    state: str
    count: int


class ReviewerDay(_Seen):
    """What one person answered on one day; what was taken back does not count."""

    reviewer: str
    answers: int


class Statistics(_Seen):
    """How the reviewing goes, as who may look around is told."""

    backlog: tuple[Backlog, ...]
    reviewers: tuple[ReviewerDay, ...]
    settled: int | None = None

    def waiting(self, state: str) -> int:
        """Return how many items wait in a state."""
        return sum(each.count for each in self.backlog if each.state == state)


class Client:
    """Somebody who is signed in; one connection, so one thread at a time."""

    def __init__(self, address: str, person: Person) -> None:
        """Sign in.

        Raises:
            SandboxError: If nobody answers, or the password is refused.
        """
        self.person = person
        self._connection = http.client.HTTPConnection(urlsplit(address).netloc, timeout=_TIMEOUT_S)
        _, self._config = self._exchange("GET", CONFIG, None, {})
        self._token = self._sign_in()

    def close(self) -> None:
        """End the connection."""
        self._connection.close()

    def next(self, fab: str, count: int) -> list[Wafer]:
        """Return up to so many wafers to answer; a wafer to be checked with may come along."""
        body = self.ask("POST", "/queue/next", {"fab": fab, "count": count})
        return [Wafer.model_validate(each) for each in body["items"]]

    def answer(self, wafer: Wafer, given: Given, answer_id: str, took_ms: int | None = None) -> int:
        """Answer, and return the item's version.

        Raises:
            ConflictError: If it is no longer one's to answer.
        """
        body = {"answer_id": answer_id, "version": wafer.version, **given.model_dump()}
        if took_ms is not None:
            body["took_ms"] = took_ms
        return int(self.ask("POST", f"/items/{wafer.item}/answer", body)["version"])

    def undo(self, item: str, version: int, answer_id: str) -> Wafer:
        """Take one's last answer back, and return the wafer, in one's hands again.

        Raises:
            ConflictError: If somebody else's answer counts after it.
        """
        body = {"answer_id": answer_id, "version": version}
        return Wafer.model_validate(self.ask("POST", f"/items/{item}/undo", body))

    def release(self, wafer: Wafer) -> None:
        """Give a wafer back.

        Raises:
            ConflictError: If it is no longer one's.
        """
        self.ask("POST", f"/items/{wafer.item}/release", {"version": wafer.version})

    def statistics(self, fab: str, days: int = 2) -> Statistics:
        """Return how the reviewing goes."""
        return Statistics.model_validate(self.ask("GET", f"/statistics?fab={fab}&days={days}"))

    def ask(self, method: str, path: str, body: Mapping[str, Any] | None = None) -> Any:
        """Return what the API answers to a request.

        Raises:
            ConflictError: If it answers 409.
            SandboxError: If it answers anything else but 200, or does not.
        """
        status, told = self._try(method, path, body)
        if status == HTTPStatus.UNAUTHORIZED:
            self._token = self._sign_in()
            status, told = self._try(method, path, body)
        if status == HTTPStatus.CONFLICT:
            raise ConflictError(told["message"])
        if status != HTTPStatus.OK:
            raise SandboxError(f"{method} {path} as {self.person.name}: got {status}, {told}")
        return told

    def _try(self, method: str, path: str, body: Mapping[str, Any] | None) -> tuple[int, Any]:
        bearer = {"Authorization": f"Bearer {self._token}"}
        return self._exchange(method, f"{self._config['api']}{path}", body, bearer)

    def _sign_in(self) -> str:
        request = {
            "AuthFlow": "USER_PASSWORD_AUTH",
            "ClientId": self._config["client_id"],
            "AuthParameters": {"USERNAME": self.person.name, "PASSWORD": self.person.password},
        }
        headers = {
            "Content-Type": "application/x-amz-json-1.1",
            "X-Amz-Target": "AWSCognitoIdentityProviderService.InitiateAuth",
        }
        status, told = self._exchange("POST", self._config["endpoint"], request, headers)
        if status != HTTPStatus.OK:
            raise SandboxError(f"{self.person.name} cannot sign in: got {status}, {told}")
        return str(told["AuthenticationResult"]["IdToken"])

    def _exchange(
        self, method: str, path: str, body: Mapping[str, Any] | None, headers: Mapping[str, str]
    ) -> tuple[int, Any]:
        sent = None if body is None else json.dumps(body)
        try:
            self._connection.request(
                method, path, sent, {"Content-Type": "application/json", **headers}
            )
            answer = self._connection.getresponse()
            return answer.status, json.loads(answer.read() or b"null")
        except (OSError, http.client.HTTPException, ValueError) as error:
            self._connection.close()
            raise SandboxError(
                f"{method} {path} at {self._connection.host}:{self._connection.port}: {error!r}"
            ) from error


def signed_in(address: str, person: Person) -> "contextlib.closing[Client]":
    """Return a client to be used in a `with`.

    Raises:
        SandboxError: If nobody answers, or the password is refused.
    """
    return contextlib.closing(Client(address, person))
