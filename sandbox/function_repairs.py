"""How Lambdas are invoked: where ministack 1.5.33 loses, limits or wastes, and the narrowest repair of each.

Runs in the emulator's environment, without our dependencies. docs/emulator.md tells what was measured.
"""

import hashlib
import threading
import types
import zipfile
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

from sandbox.parts import part, wrap

_UNPACKING = threading.Lock()


def invoke_from_rules_asynchronously(iot: ModuleType, functions: ModuleType) -> None:
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


def bound_execution_environments(functions: ModuleType, environments: int) -> None:
    """Each concurrent invocation starts a process: 300 images would start 300. Let them queue, as on AWS."""
    free: defaultdict[str, threading.Semaphore] = defaultdict(
        lambda: threading.Semaphore(environments)
    )

    def wrapper(execute: Callable[..., Any]) -> Callable[..., Any]:
        def execute_in_turn(func: Any, event: Any, request_id: str) -> Any:
            with free[func["config"]["FunctionArn"]]:
                return execute(func, event, request_id)

        return execute_in_turn

    wrap(functions, "_execute_function_warm", "func event request_id", wrapper)


def share_unpacked_code(runtime: ModuleType) -> None:
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


def fill_batches(functions: ModuleType, queues: ModuleType, environments: int) -> None:
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
        return lambda *args, **named: min(allowed(*args, **named), environments)

    wrap(queues, "_receive_messages_for_esm", "queue_url max_number", fill)
    wrap(functions, "_sqs_esm_concurrency", "esm func_rec config queue", limit)
