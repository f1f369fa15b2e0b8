"""Services beside the emulator ask it who calls them and whether he may, for it alone knows keys, roles and policies.

Runs in the emulator's environment, without our dependencies; `sandbox/gate.py` is who asks.
"""

import base64
import contextvars
import hmac
import json
import os
from collections.abc import Awaitable, Callable
from types import ModuleType
from typing import Any

from sandbox.parts import part, wrap

PATH = "/_fabwafer/judge"


def judge_for_services_beside(app: ModuleType, evaluator: ModuleType, router: ModuleType) -> None:
    """A missing grant or a forged signature is to fail there as it does here.

    Asked with a request as it was signed and the checks that it must pass; answered with what denies it, or null.
    """
    secret = os.environ["AWS_SECRET_ACCESS_KEY"]

    def judge(asked: Any) -> str | None:
        headers = [(name.lower().encode(), value.encode()) for name, value in asked["headers"]]
        query = asked["query"]
        part(evaluator, "pin_signed_request")(asked["method"], asked["path"], query, headers)
        part(evaluator, "pin_signed_body")(base64.b64decode(asked["body"]))
        key = part(router, "extract_access_key_id")(dict(asked["headers"]), query)
        for check in asked["checks"]:
            if denied := _denied(evaluator, key, check.get("service", asked["service"]), check):
                return denied
        return None

    def wrapper(serve: Callable[..., Awaitable[None]]) -> Callable[..., Awaitable[None]]:
        async def serve_judging(scope: Any, receive: Any, send: Any) -> None:
            if scope.get("path") != PATH:
                await serve(scope, receive, send)
                return
            asked = json.loads(await _body(receive))
            known = hmac.compare_digest(str(asked.get("secret")), secret)
            answer = contextvars.copy_context().run(judge, asked) if known else "who asks?"
            status = 200 if known else 403
            await send({"type": "http.response.start", "status": status, "headers": []})
            body = json.dumps({"denied": answer}).encode()
            await send({"type": "http.response.body", "body": body})

        return serve_judging

    wrap(app, "app", "scope receive send", wrapper)


async def _body(receive: Any) -> bytes:
    body, more = b"", True
    while more:
        message = await receive()
        body += message.get("body", b"")
        more = message.get("more_body", False)
    return body


def _denied(evaluator: ModuleType, key: str, service: str, check: Any) -> str | None:
    """Return why a check fails, None if one of its resources passes."""
    action, region, result = check["action"], os.environ["MINISTACK_REGION"], None
    for resource in check["resources"]:
        result = part(evaluator, "enforce")(
            key, action, service, region, resource, check.get("context", {})
        )
        if result is None:
            return None
        if isinstance(result, part(evaluator, "AuthError")):
            return f"{result.code}: {result.message}"
    who = getattr(result, "principal_arn", "")
    return (
        f"User: {who} is not authorized to perform: {action} on resource: {check['resources'][0]}"
    )
