"""`python -m bench.review_api [--write]`: the review API's milliseconds as the predictions grow, in the deployed sandbox.

Every request is asked for twice: of the API's own code in this process, on the emulator's tables (what the function
spends), and by a browser's way, through the portal's server, the emulator's HTTP API and its authorizer.
"""

import argparse
import contextlib
import itertools
import json
import os
import statistics
import tempfile
import time
import uuid
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from bench.table import keep, machine
from fabwafer.labels import WM811K
from fabwafer.messages import Prediction
from fabwafer.triage import Decision, ReviewReason, review_request
from lambdas.open_review import priority
from lambdas.records import prediction_item, review_item
from lambdas.review.desk import desk_of
from lambdas.review.queries import RatesQuery
from lambdas.review.rates import counts_kind
from lambdas.review_api import Api, resolver
from lambdas.settings import ReviewApiSettings
from lambdas.stores.values import serialized
from lambdas.telemetry import Telemetry
from sandbox.cloud import Cloud, cloud
from sandbox.emulator import Wishes
from sandbox.people import Person, person, register
from sandbox.portal import serving
from sandbox.review_client import Client

FAB, CAMERA, LOT_WAFERS = "faba", "camera1", 25
OPEN_ITEMS = 5_000
_SECTION, _ROUNDS, _PER_CALL, _THREADS = "review", 40, 25, 4
_SPAN_MS = 27 * 86_400_000
_FUNCTION = "ReviewApiFunction"

Ask = Callable[[str, str, Any], Any]
"""Method, path and body -> what was answered."""


@dataclass(frozen=True)
class Timed:
    """One request's milliseconds at one number of predictions."""

    what: str
    wafers: int
    own_ms: Sequence[float]
    whole_ms: Sequence[float]


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="python -m bench.review_api", description=__doc__)
    parser.add_argument("--write", action="store_true", help="keep the table in docs/benchmarks.md")
    parser.add_argument(
        "--wafers", default="1000,10000,100000", help="how many predictions, in steps"
    )
    options = parser.parse_args()
    table = markdown(measure([int(each) for each in options.wafers.split(",")]))
    print(table)
    if options.write:
        keep(_SECTION, table)


def measure(steps: Sequence[int]) -> list[Timed]:
    """Return what every request takes at every step."""
    timed: list[Timed] = []
    with contextlib.ExitStack() as stack:
        state = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="fabwafer-bench-")))
        running = stack.enter_context(cloud(state, {FAB: [CAMERA]}, Wishes()))
        everybody = person("bench", "reviewer", "engineer", "admin", f"fab:{FAB}")
        register(running, [everybody])
        address = stack.enter_context(serving(running, {}, 0))
        client = stack.enter_context(contextlib.closing(Client(address, everybody)))
        own = _own(running, everybody)
        now_ms = time.time_ns() // 1_000_000
        for before, wafers in itertools.pairwise([0, *steps]):
            fill(running, range(before, wafers), now_ms)
            for what, act in acts(running, now_ms).items():
                timed.append(
                    Timed(what, wafers, list(_rounds(act, own)), list(_rounds(act, client.ask)))
                )
    return timed


def acts(running: Cloud, now_ms: int) -> dict[str, Callable[[Ask], float]]:
    """Return what the portal asks for, each as something that asks and tells the milliseconds it took."""
    from_ms = now_ms - _SPAN_MS
    paths = {
        "who am I": "/me",
        "backlog, 48 items": f"/items?fab={FAB}&limit=48",
        "search a fab, 50 wafers": f"/wafers?fab={FAB}&limit=50",
        "search a camera": f"/wafers?fab={FAB}&camera={CAMERA}&limit=50",
        "search a label": f"/wafers?fab={FAB}&label=Scratch&limit=50&from_ms={from_ms}",
        "a lot": f"/lot?fab={FAB}&lot=LOT-1",
        "statistics, 28 days": f"/statistics?fab={FAB}&days=28",
        "agreement, 28 days": f"/agreement?fab={FAB}&days=28",
        "defect rate, 28 days": f"/rates?fab={FAB}&days=28",
        "audit log": f"/audit?fab={FAB}&limit=50",
    }
    asked = {what: _getting(path) for what, path in paths.items()}
    rates = paths["defect rate, 28 days"]
    cold = {"defect rate, 28 days, cold": lambda ask: _counting(running, ask, rates)}
    return asked | cold | {"next item": _next, "answer": _answer}


def _getting(path: str) -> Callable[[Ask], float]:
    return lambda ask: _spent(lambda: ask("GET", path, None))[0]


def _counting(running: Cloud, ask: Ask, path: str) -> float:
    """Forget what was counted before; a long time takes several requests, of which the first counts here."""
    tables, name = running.emulator.client("dynamodb"), running.outputs["PapersTable"]
    for paper in running.items("PapersTable"):
        if paper["kind"] == counts_kind(RatesQuery(fab=FAB)):
            key = {each: paper[each] for each in ("kind", "name")}
            tables.delete_item(TableName=name, Key=serialized(key))
    return _spent(lambda: ask("GET", path, None))[0]


def _next(ask: Ask) -> float:
    spent, dealt = _spent(lambda: ask("POST", "/queue/next", {"fab": FAB, "count": 1}))
    for each in dealt["items"]:
        ask("POST", f"/items/{each['item']}/release", {"version": each["version"]})
    return spent


def _answer(ask: Ask) -> float:
    (wafer,) = ask("POST", "/queue/next", {"fab": FAB, "count": 1})["items"]
    body = {
        "answer_id": uuid.uuid4().hex,
        "version": wafer["version"],
        "verdict": "labels",
        "labels": ["Loc"],
        "took_ms": 900,
    }
    return _spent(lambda: ask("POST", f"/items/{wafer['item']}/answer", body))[0]


def _spent(act: Callable[[], Any]) -> tuple[float, Any]:
    began = time.perf_counter()
    answered = act()
    return (time.perf_counter() - began) * 1000, answered


def _rounds(act: Callable[[Ask], float], ask: Ask) -> Iterator[float]:
    act(ask)  # warm
    for _ in range(_ROUNDS):
        yield act(ask)


def _own(running: Cloud, somebody: Person) -> Ask:
    """Return the API's own code in this process, told what the deployed function is told."""
    function = running.emulator.client("lambda").get_function_configuration(
        FunctionName=running.outputs[_FUNCTION]
    )
    os.environ.update(running.emulator.environment())
    os.environ.update({"POWERTOOLS_LOG_LEVEL": "CRITICAL"} | function["Environment"]["Variables"])
    api = Api(desk_of(ReviewApiSettings()), resolver())
    claims = {"cognito:username": somebody.name, "cognito:groups": f"[{' '.join(somebody.groups)}]"}
    context: Any = SimpleNamespace(aws_request_id="bench")

    def ask(method: str, path: str, body: Any) -> Any:
        place = urlsplit(path)
        event = {
            "version": "2.0",
            "rawPath": place.path,
            "rawQueryString": place.query,
            "queryStringParameters": dict(parse_qsl(place.query)),
            "headers": {"content-type": "application/json"},
            "body": None if body is None else json.dumps(body),
            "requestContext": {
                "http": {"method": method, "path": place.path},
                "authorizer": {"jwt": {"claims": claims}},
                "stage": "$default",
            },
        }
        answer = api.serve(event, context, Telemetry("bench"))
        if answer["statusCode"] != 200:
            raise RuntimeError(f"{method} {path}: {answer['statusCode']}, {answer['body']}")
        return json.loads(answer["body"])

    return ask


def fill(running: Cloud, numbers: range, now_ms: int) -> None:
    """Put predictions into the table, the first ones of them under review."""
    chunks = [numbers[first : first + _PER_CALL] for first in range(0, len(numbers), _PER_CALL)]
    with ThreadPoolExecutor(_THREADS) as pool:
        list(pool.map(lambda chunk: _put(running, chunk, now_ms), chunks))


def _put(running: Cloud, numbers: range, now_ms: int) -> None:
    rows: dict[str, list[Any]] = {"PredictionsTable": [], "ReviewsTable": []}
    for number in numbers:
        wafer = _wafer(number, now_ms)
        reason = ReviewReason.DOUBTFUL if number < OPEN_ITEMS else None
        decision = Decision(alert=False, review=reason)
        rows["PredictionsTable"].append(
            prediction_item(wafer, decision, "digest", wafer.timestamp, wafer.timestamp)
        )
        if reason:
            asked = review_request(wafer, reason)
            rows["ReviewsTable"].append(review_item(asked, priority(asked), wafer.timestamp))
    tables = running.emulator.client("dynamodb")
    for table, items in rows.items():
        if items:
            puts: list[Any] = [{"PutRequest": {"Item": serialized(item)}} for item in items]
            tables.batch_write_item(RequestItems={running.outputs[table]: puts})


def _wafer(number: int, now_ms: int) -> Prediction:
    label = WM811K.names[number % 9] if number % 7 == 0 else WM811K.normal
    return Prediction(
        imgid=f"bench-{number:06d}",
        timestamp=now_ms - (number * 7919 * 1000) % _SPAN_MS,
        fab=FAB,
        camera=CAMERA,
        prediction=label,
        probability=0.3 + (number % 500) / 1000,
        lot=f"LOT-{number // LOT_WAFERS}",
        wafer=number % LOT_WAFERS + 1,
        model="wafer-map@1.2.0",
        scores={label: 0.5},
        heat=[[0.0, 0.5], [0.5, 1.0]],
    )


def markdown(timed: Sequence[Timed]) -> str:
    """Return the table: a row a request, its own and the whole p95 at every step."""
    steps = sorted({each.wafers for each in timed})
    heads = [f"{wafers:,}: own p50 / p95, whole p95" for wafers in steps]
    lines = [f"| ms at predictions of | {' | '.join(heads)} |", "|---|" + "---:|" * len(steps)]
    for what in dict.fromkeys(each.what for each in timed):
        cells = [_cell(each) for each in timed if each.what == what]
        lines.append(f"| {what} | {' | '.join(cells)} |")
    return "\n".join([machine(), "", *lines, ""])


def _cell(timed: Timed) -> str:
    return f"{statistics.median(timed.own_ms):.0f} / {_p95(timed.own_ms):.0f}, {_p95(timed.whole_ms):.0f}"


def _p95(values: Sequence[float]) -> float:
    return statistics.quantiles(values, n=20)[-1]


if __name__ == "__main__":
    main()
