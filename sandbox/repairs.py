"""Where ministack 1.5.33 falls short of AWS in what matters here, and the narrowest repair of each.

Rules, queues, roles and Lambdas stay the deployed ones; only the emulator changes, while it runs. A part that is not
as it was when this was written ends the start: docs/emulator.md tells what was measured. No dependency but ministack.
"""

import importlib
import sys

from sandbox import (
    access_repairs,
    beside_repairs,
    event_repairs,
    function_repairs,
    query_repairs,
    start_keys,
)

_SWITCH_S = 0.0005
"""How long one of its many threads may keep the one that serves waiting; Python's default is 5 ms."""


def repair(environments: int) -> None:
    """Apply every repair to the emulator that this process is about to become.

    Args:
        environments: How many processes may run one function at once.
    """
    sys.setswitchinterval(_SWITCH_S)
    iot = importlib.import_module("ministack.services.iot")
    functions = importlib.import_module("ministack.services.lambda_svc")
    queues = importlib.import_module("ministack.services.sqs")
    events = importlib.import_module("ministack.services.eventbridge")
    app = importlib.import_module("ministack.app")
    evaluator = importlib.import_module("ministack.core.iam_evaluator")
    access_repairs.require_client_certificates(iot)
    access_repairs.refuse_withdrawn_certificates(iot)
    function_repairs.invoke_from_rules_asynchronously(iot, functions)
    function_repairs.bound_execution_environments(functions, environments)
    function_repairs.share_unpacked_code(importlib.import_module("ministack.core.lambda_runtime"))
    function_repairs.fill_batches(functions, queues, environments)
    event_repairs.invoke_targets_asynchronously(events, functions)
    event_repairs.hear_the_service_beside(events, evaluator)
    tables = importlib.import_module("ministack.services.dynamodb")
    query_repairs.queries_read_what_they_ask_for(tables)
    start_keys.foreign_start_keys_are_refused(tables)
    access_repairs.accept_one_root_key(evaluator)
    access_repairs.serve_sign_in_unsigned(evaluator)
    access_repairs.name_batch_actions(importlib.import_module("ministack.core.iam_actions"))
    access_repairs.take_loopback_for_tls(app, evaluator)
    access_repairs.close_admin_interface(app)
    router = importlib.import_module("ministack.core.router")
    beside_repairs.judge_for_services_beside(app, evaluator, router)
