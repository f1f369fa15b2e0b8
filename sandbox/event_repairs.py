"""How events reach functions: where ministack 1.5.33 forgets a failure or lets no service speak, and the repair of each.

Runs in the emulator's environment, without our dependencies. docs/emulator.md tells what was measured.
"""

import json
from collections.abc import Callable
from types import ModuleType
from typing import Any

from sandbox.parts import part, wrap

_BESIDE = "aws.sagemaker"


def invoke_targets_asynchronously(events: ModuleType, functions: ModuleType) -> None:
    """A rule or schedule runs its Lambda once and forgets a failure; AWS retries, then tells the failure destination."""
    find = part(functions, "_get_func_record_for_ref")
    record = part(functions, "_execution_record_for_config")
    invoke_with_retry = part(functions, "invoke_async_with_retry")

    def wrapper(_: Any) -> Callable[[str, str], None]:
        def dispatch(arn: str, payload: str) -> None:
            function, config, _ = find(arn)
            if not function or not config:
                raise RuntimeError(f"function {arn} not found")
            invoke_with_retry(record(function, config), json.loads(payload))

        return dispatch

    wrap(events, "_dispatch_to_lambda", "arn payload", wrapper)


def hear_the_service_beside(events: ModuleType, evaluator: ModuleType) -> None:
    """Only the emulator's own services may send events as AWS'; SageMaker runs beside it, and signs with the root key."""
    caller = part(evaluator, "caller_arn")

    def wrapper(put: Callable[..., Any]) -> Callable[..., Any]:
        def put_events(data: Any, allow_aws_source: bool = False) -> Any:
            sources = {entry.get("Source") for entry in data.get("Entries", [])}
            beside = sources == {_BESIDE} and caller().endswith(":root")
            return put(data, allow_aws_source=allow_aws_source or beside)

        return put_events

    wrap(events, "_put_events", "data allow_aws_source", wrapper)
