"""Where ministack 1.5.33 falls short of AWS in what matters here, and the narrowest repair of each.

Rules, queues, roles and Lambdas stay the deployed ones; only the emulator changes, while it runs. A part that is not
as it was when this was written ends the start: docs/emulator.md tells what was measured. No dependency but ministack.
"""

import contextvars
import hashlib
import importlib
import inspect
import os
import ssl
import sys
import threading
import types
import zipfile
from collections import defaultdict
from collections.abc import Awaitable, Callable
from pathlib import Path
from types import ModuleType
from typing import Any

ENVIRONMENTS_PER_FUNCTION = 2
"""How many processes run one function at once; a machine of a few cores gains nothing from more."""

_OPEN_PATHS = ("ready", "iot/ca.pem", "cfn-", "lambda-")
_ADMIN = "/_ministack/"
_SWITCH_S = 0.0005
"""How long its many threads may keep the one that serves waiting; Python's 5 ms cost it a third of its rate."""

_UNPACKING = threading.Lock()


def repair() -> None:
    """Apply every repair to the emulator that this process is about to become."""
    sys.setswitchinterval(_SWITCH_S)
    iot = importlib.import_module("ministack.services.iot")
    functions = importlib.import_module("ministack.services.lambda_svc")
    app = importlib.import_module("ministack.app")
    evaluator = importlib.import_module("ministack.core.iam_evaluator")
    _require_client_certificates(iot)
    _refuse_withdrawn_certificates(iot)
    _invoke_from_rules_asynchronously(iot, functions)
    _bound_execution_environments(functions)
    _share_unpacked_code(importlib.import_module("ministack.core.lambda_runtime"))
    _fill_batches(functions, importlib.import_module("ministack.services.sqs"))
    _accept_one_root_key(evaluator)
    _name_batch_actions(importlib.import_module("ministack.core.iam_actions"))
    _take_loopback_for_tls(app, evaluator)
    _close_admin_interface(app)


def part(module: ModuleType, name: str) -> Any:
    """Return an inner part of the emulator, or end the start when it is gone."""
    found = getattr(module, name, None)
    if found is None:
        raise SystemExit(
            f"{module.__name__}.{name} is missing: the emulator is not the one expected"
        )
    return found


def wrap(
    module: ModuleType, name: str, parameters: str, wrapper: Callable[[Any], Callable[..., Any]]
) -> None:
    """Replace a function of the emulator, or end the start when its parameters are not those named."""
    original = part(module, name)
    found = " ".join(inspect.signature(original).parameters)
    if found != parameters:
        raise SystemExit(f"{module.__name__}.{name}: expected parameters {parameters}, got {found}")
    setattr(module, name, wrapper(original))


def _require_client_certificates(iot: ModuleType) -> None:
    """A device without a certificate is let in and may publish to any topic, under AUTH=true too."""

    def wrapper(build: Callable[[], ssl.SSLContext]) -> Callable[[], ssl.SSLContext]:
        def build_strict() -> ssl.SSLContext:
            context = build()
            context.verify_mode = ssl.CERT_REQUIRED
            return context

        return build_strict

    wrap(iot, "_mtls_build_ssl_context", "", wrapper)


def _refuse_withdrawn_certificates(iot: ModuleType) -> None:
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


def _invoke_from_rules_asynchronously(iot: ModuleType, functions: ModuleType) -> None:
    """A rule runs its Lambda once and forgets a failure; AWS retries, then tells the failure destination."""
    find = part(functions, "_get_func_record_for_ref_in_scope")
    record = part(functions, "_execution_record_for_config")
    invoke_with_retry = part(functions, "invoke_async_with_retry")

    def wrapper(_: Any) -> Callable[[str, str, str, Any], None]:
        def invoke(account_id: str, region: str, function_arn: str, event: Any) -> None:
            function, config, _ = find(function_arn, account_id=account_id, region=region)
            if not function or not config:
                raise RuntimeError(f"function {function_arn} not found")
            invoke_with_retry(record(function, config), event)

        return invoke

    parameters = "account_id region function_arn event"
    wrap(iot, "_dispatch_rule_to_lambda", parameters, wrapper)


def _bound_execution_environments(functions: ModuleType) -> None:
    """Each concurrent invocation starts a process: 300 images would start 300. Let them queue, as on AWS."""
    free: defaultdict[str, threading.Semaphore] = defaultdict(
        lambda: threading.Semaphore(ENVIRONMENTS_PER_FUNCTION)
    )

    def wrapper(execute: Callable[..., Any]) -> Callable[..., Any]:
        def execute_in_turn(func: Any, event: Any, request_id: str) -> Any:
            with free[func["config"]["FunctionArn"]]:
                return execute(func, event, request_id)

        return execute_in_turn

    wrap(functions, "_execute_function_warm", "func event request_id", wrapper)


def _share_unpacked_code(runtime: ModuleType) -> None:
    """Each process unpacks the asset's 60 MB and compiles it anew, which takes longer than all it will ever do."""
    if part(runtime, "zipfile") is not zipfile:
        raise SystemExit(f"{runtime.__name__}.zipfile: expected the standard library's")
    names = {**vars(zipfile), "ZipFile": _SharedZip}
    setattr(runtime, "zipfile", types.SimpleNamespace(**names))  # noqa: B010 - see above


class _SharedZip(zipfile.ZipFile):
    """Unpacks to a folder named by the content, once, and links to it afterwards; /var/task is shared code too."""

    def extractall(self, path: Any = None, members: Any = None, pwd: bytes | None = None) -> None:
        packed = Path(str(self.filename))
        shared = packed.parent.parent / f"code-{hashlib.sha256(packed.read_bytes()).hexdigest()}"
        with _UNPACKING:  # self._lock is the base class' own
            if not shared.exists():
                super().extractall(shared, members, pwd)
        Path(path).rmdir()
        Path(path).symlink_to(shared)


def _fill_batches(functions: ModuleType, queues: ModuleType) -> None:
    """A batch has 10 messages at most, whatever size is asked for, and up to 20 such wait for a process.

    AWS fills batches up to their size; alerts fold only as far as a batch reaches.
    """

    def fill(receive: Callable[[str, int], list[Any]]) -> Callable[[str, int], list[Any]]:
        def receive_all(queue_url: str, max_number: int) -> list[Any]:
            batch = receive(queue_url, max_number)
            while len(batch) < max_number and (more := receive(queue_url, max_number - len(batch))):
                batch += more
            return batch

        return receive_all

    def limit(allowed: Callable[..., int]) -> Callable[..., int]:
        return lambda *args, **named: min(allowed(*args, **named), ENVIRONMENTS_PER_FUNCTION)

    wrap(queues, "_receive_messages_for_esm", "queue_url max_number", fill)
    wrap(functions, "_sqs_esm_concurrency", "esm func_rec config queue", limit)


def _accept_one_root_key(evaluator: ModuleType) -> None:
    """The key `test`, an account's number or no key at all is root, signature unchecked, under AUTH=true too.

    The one root key left is drawn at random for every run. The Lambdas' own keys have their signatures checked.
    """
    root = os.environ["AWS_ACCESS_KEY_ID"]

    def wrapper(_: Any) -> Callable[[str], bool]:
        return lambda access_key_id: access_key_id == root

    wrap(evaluator, "is_root_access_key", "access_key_id", wrapper)


def _name_batch_actions(actions: ModuleType) -> None:
    """A batch call asks IAM for `sqs:SendMessageBatch`; AWS knows one action for one message and for ten."""

    def wrapper(extract: Callable[..., str | None]) -> Callable[..., str | None]:
        def extract_single(service: str, *rest: Any) -> str | None:
            action = extract(service, *rest)
            return action.removesuffix("Batch") if action and service == "sqs" else action

        return extract_single

    parameters = "service method path headers body query_params"
    wrap(actions, "extract_iam_action", parameters, wrapper)


def _take_loopback_for_tls(app: ModuleType, evaluator: ModuleType) -> None:
    """Buckets, queues and topics refuse what does not come by TLS, as they should; here nothing leaves the machine.

    The emulator's own calls, a rule's to a queue for one, count as plain HTTP as well unless the default changes.
    """
    host, _ = part(evaluator, "_request_origin").get()
    origin = contextvars.ContextVar("origin", default=(host, True))
    setattr(evaluator, "_request_origin", origin)  # noqa: B010 - a module knows no such attribute to mypy

    def wrapper(pin: Callable[..., None]) -> Callable[[str, bool], None]:
        return lambda source_ip, _: pin(source_ip, secure_transport=True)

    wrap(app, "pin_request_origin", "source_ip secure_transport", wrapper)


def _close_admin_interface(app: ModuleType) -> None:
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
