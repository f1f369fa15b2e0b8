"""Who may come in: where ministack 1.5.33 is more generous than AWS, or meaner, and the narrowest repair of each.

Runs in the emulator's environment, without our dependencies. docs/emulator.md tells what was measured.
"""

import contextvars
import os
import ssl
from collections.abc import Awaitable, Callable
from types import ModuleType
from typing import Any

from sandbox.parts import part, wrap

_OPEN_PATHS = ("ready", "iot/ca.pem", "cfn-", "lambda-")
_ADMIN = "/_ministack/"


def require_client_certificates(iot: ModuleType) -> None:
    """A device without a certificate is let in and may publish to any topic, under AUTH=true too."""

    def wrapper(build: Callable[[], ssl.SSLContext]) -> Callable[[], ssl.SSLContext]:
        def build_strict() -> ssl.SSLContext:
            context = build()
            context.verify_mode = ssl.CERT_REQUIRED
            return context

        return build_strict

    wrap(iot, "_mtls_build_ssl_context", "", wrapper)


def refuse_withdrawn_certificates(iot: ModuleType) -> None:
    """A revoked or deactivated certificate cannot connect any more, but its live connection goes on."""
    certificates = part(iot, "_certificates")

    def wrapper(allows: Callable[..., bool]) -> Callable[..., bool]:
        def allows_active(account_id: str, region: str, certificate_id: str, *rest: Any) -> bool:
            record = certificates.get_scoped(account_id, region, certificate_id) or {}
            active = record.get("status") == "ACTIVE"
            return active and allows(account_id, region, certificate_id, *rest)

        return allows_active

    parameters = "account_id region certificate_id context action resource provisioning_template"
    wrap(iot, "_mqtt_policy_allows", parameters, wrapper)


def accept_one_root_key(evaluator: ModuleType) -> None:
    """The key `test`, an account's number or no key at all is root, signature unchecked, under AUTH=true too.

    The one root key left is drawn at random for every run. The Lambdas' own keys have their signatures checked.
    """
    root = os.environ["AWS_ACCESS_KEY_ID"]

    def wrapper(_: Any) -> Callable[[str], bool]:
        return lambda access_key_id: access_key_id == root

    wrap(evaluator, "is_root_access_key", "access_key_id", wrapper)


def serve_sign_in_unsigned(evaluator: ModuleType) -> None:
    """Signing in to a user pool takes no key; unsigned calls are root here, and root is one key."""
    served_unsigned = part(evaluator, "_served_unsigned")

    def wrapper(enforce: Callable[..., Any]) -> Callable[..., Any]:
        def enforce_but_sign_in(
            access_key_id: str, iam_action: str, *rest: Any, **named: Any
        ) -> Any:
            sign_in = iam_action.startswith("cognito-idp:")
            if not access_key_id and sign_in and served_unsigned("cognito-idp", iam_action):
                return None
            return enforce(access_key_id, iam_action, *rest, **named)

        return enforce_but_sign_in

    parameters = "access_key_id iam_action service region resource_arn service_context"
    wrap(evaluator, "enforce", parameters, wrapper)


def name_batch_actions(actions: ModuleType) -> None:
    """A batch call asks IAM for `sqs:SendMessageBatch`; AWS knows one action for one message and for ten."""

    def wrapper(extract: Callable[..., str | None]) -> Callable[..., str | None]:
        def extract_single(service: str, *rest: Any) -> str | None:
            action = extract(service, *rest)
            return action.removesuffix("Batch") if action and service == "sqs" else action

        return extract_single

    parameters = "service method path headers body query_params"
    wrap(actions, "extract_iam_action", parameters, wrapper)


def take_loopback_for_tls(app: ModuleType, evaluator: ModuleType) -> None:
    """Buckets, queues and topics refuse what does not come by TLS, as they should; here nothing leaves the machine.

    The emulator's own calls, a rule's to a queue for one, count as plain HTTP as well unless the default changes.
    """
    host, _ = part(evaluator, "_request_origin").get()
    origin = contextvars.ContextVar("origin", default=(host, True))
    setattr(evaluator, "_request_origin", origin)  # noqa: B010 - a module knows no such attribute to mypy

    def wrapper(pin: Callable[..., None]) -> Callable[[str, bool], None]:
        return lambda source_ip, _: pin(source_ip, secure_transport=True)

    wrap(app, "pin_request_origin", "source_ip secure_transport", wrapper)


def close_admin_interface(app: ModuleType) -> None:
    """`/_ministack/reset` and its like answer anybody, a page in the user's browser included."""

    def wrapper(serve: Callable[..., Awaitable[None]]) -> Callable[..., Awaitable[None]]:
        async def serve_guarded(scope: Any, receive: Any, send: Any) -> None:
            path = scope.get("path", "")
            if path.startswith(_ADMIN) and not path.removeprefix(_ADMIN).startswith(_OPEN_PATHS):
                await send({"type": "http.response.start", "status": 404, "headers": []})
                await send({"type": "http.response.body", "body": b""})
                return
            await serve(scope, receive, send)

        return serve_guarded

    wrap(app, "app", "scope receive send", wrapper)
