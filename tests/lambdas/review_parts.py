"""A review API of its own on moto's tables, with people who call it."""

import json
import threading
from dataclasses import dataclass, field, replace
from functools import cache
from types import SimpleNamespace
from typing import Any
from urllib.parse import urlencode

from botocore.exceptions import ClientError
from lambda_events import prediction

from fabwafer.deeds import Rules
from fabwafer.messages import Prediction
from fabwafer.triage import Decision, ReviewReason, review_request
from lambdas.loop.launching import LaunchDesk, launch
from lambdas.loop.ledger import Ledger
from lambdas.loop.packaging import tell_registry
from lambdas.open_review import priority
from lambdas.policies import Policies
from lambdas.records import item_id, prediction_item, review_item
from lambdas.review.desk import Desk
from lambdas.review.loop_reach import Loop
from lambdas.review.visit import Visit, caller_of
from lambdas.review_api import Api, resolver
from lambdas.stores import clients
from lambdas.stores.buckets import ExportBucket, ImageBucket
from lambdas.stores.channels import Queue
from lambdas.stores.papers import PaperTable
from lambdas.stores.reviews import WorkTable
from lambdas.stores.tables import CameraTable, PredictionTable, ReviewTable
from lambdas.stores.wafers import WaferTable
from lambdas.telemetry import Telemetry

START_MS = 1_763_700_000_000
CONTEXT = SimpleNamespace(aws_request_id="request-1")
ALWAYS_ONE = Rules(second_share=0, honeypot_pool=0, honeypot_share=0, lease_ms=60_000, undo_ms=0)
ALWAYS_TWO = replace(ALWAYS_ONE, second_share=1)
_LOCK = threading.RLock()
_resolver = cache(resolver)

KEYS: dict[str, tuple[tuple[str, str], ...]] = {
    "predictions": (("imgid", "S"), ("timestamp", "N")),
    "reviews": (("item", "S"),),
    "events": (("item", "S"), ("seq", "N")),
    "papers": (("kind", "S"), ("name", "S")),
    "cameras": (("fab", "S"), ("camera", "S")),
}
INDEXES = {
    "predictions": {
        "by_camera": (("fab_camera", "S"), ("timestamp", "N")),
        "by_lot": (("fab_lot", "S"), ("timestamp", "N")),
        "by_fab": (("fab", "S"), ("timestamp", "N")),
        "by_label": (("fab_label", "S"), ("timestamp", "N")),
    },
    "reviews": {
        "by_state": (("fab_state", "S"), ("opened_at", "N")),
        "by_turn": (("fab_queue", "S"), ("turn", "N")),
    },
    "events": {"by_time": (("fab", "S"), ("at_ms", "N"))},
}
SHOWN = [
    *("camera", "lot", "wafer", "prediction", "probability", "model", "novelty"),
    *("review", "alert", "image_key"),
]
PROJECTED = {
    "by_fab": SHOWN,
    "by_label": ["fab", *SHOWN],
    "by_state": ["prediction", "probability", "novelty", "camera", "lot"],
}
"""What these indexes hold beside keys, as infra/tables.py has it; the others hold all."""


class AtomicWork(WorkTable):
    """DynamoDB checks a condition and writes in one step; moto needs a lock for that."""

    def save(self, before, after):
        with _LOCK:
            return super().save(before, after)

    def append(self, before, after, event):
        with _LOCK:
            return super().append(before, after, event)


@dataclass(frozen=True)
class Person:
    """Somebody with a token."""

    name: str
    groups: tuple[str, ...] = ("reviewer", "fab:faba")

    @property
    def claims(self) -> dict[str, str]:
        return {
            "username": self.name,
            "cognito:groups": f"[{' '.join(self.groups)}]",
            "token_use": "access",
        }


ANN = Person("ann")
BOB = Person("bob")
EVE = Person("eve", ("engineer", "fab:faba"))
ADA = Person("ada", ("admin", "engineer", "fab:*"))
FAR = Person("far", ("reviewer", "engineer", "admin", "fab:fabb"))
NIL = Person("nil", ())


@dataclass
class Answered:
    """A response."""

    status: int
    body: Any
    headers: dict[str, str]


@dataclass
class LoopCalls:
    """What the API has asked the loop for; rollouts get their papers, and nothing walks them on."""

    started: list[tuple[str, str]] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)
    stopped: list[tuple[str, str]] = field(default_factory=list)
    logs: dict[str, tuple[str, ...]] = field(default_factory=dict)
    registry: dict[str, tuple[str, str]] = field(default_factory=dict)
    is_throttled: bool = False

    def tell(self, arn: str, approval: str, why: str) -> None:
        """What the registry is told, while it answers."""
        if self.is_throttled:
            raise ClientError({"Error": {"Code": "ThrottlingException", "Message": arn}}, "Update")
        self.registry[arn] = (approval, why)

    def start(self, name: str, body: str) -> None:
        """What the loop's executions are asked for."""
        self.started.append((name, body))

    def loop(self, papers: PaperTable) -> Loop:
        desk = LaunchDesk(Ledger(papers), self)
        return Loop(
            note=lambda model: tell_registry(self, desk.ledger, model),
            launch=lambda model, now_ms: launch(desk, model, now_ms),
            train=self.asked.append,
            stop=lambda number, by: self.stopped.append((number, by)),
            log=lambda job: self.logs.get(job, ()),
        )


@dataclass
class Portal:
    """The API and what is behind it."""

    desk: Desk
    queue_url: str
    loop: LoopCalls
    now_ms: int = START_MS
    telemetry: Telemetry = field(default_factory=lambda: Telemetry("test"))

    def call(
        self,
        person: Person,
        method: str,
        path: str,
        body: Any = None,
        *,
        raw: str | None = None,
        **query: Any,
    ) -> Answered:
        event = request(person, method, path, body, raw=raw, **query)
        api = Api(self.desk, _resolver(), lambda: self.now_ms / 1000)
        answer = api.serve(event, CONTEXT, self.telemetry)
        return Answered(int(answer["statusCode"]), json.loads(answer["body"]), answer["headers"])

    def next(self, person: Person, count: int = 1, **wish: Any) -> list[dict[str, Any]]:
        body = {"fab": "faba", "count": count} | wish
        answer = self.call(person, "POST", "/queue/next", body)
        assert answer.status == 200, answer.body
        return answer.body["items"]

    def answer(
        self, person: Person, item: dict[str, Any], *labels: str, **changes: Any
    ) -> Answered:
        body = {
            "answer_id": f"{person.name}-{item['item']}-{item['version']}".translate(_PLAIN),
            "version": item["version"],
            "verdict": "labels" if labels else "unknown",
            "labels": list(labels),
        } | changes
        return self.call(person, "POST", f"/items/{item['item']}/answer", body)

    def detail(self, person: Person, item: str) -> Answered:
        return self.call(person, "GET", f"/items/{item}")

    def visit(self, person: Person) -> Visit:
        """What a route gets: the resolver serves one request at a time, the routes any number."""
        return Visit(caller_of(person.claims), self.desk, self.now_ms)

    def later(self, seconds: float) -> None:
        self.now_ms += round(seconds * 1000)

    def store(self, reason: ReviewReason | None = ReviewReason.DOUBTFUL, **changes: Any) -> str:
        """Keep a prediction and, with a reason, its work item; return the wafer's id."""
        said = {"timestamp": START_MS - 1000, "prediction": "Loc", "probability": 0.4} | changes
        made = Prediction(**prediction(**said))
        decision = Decision(alert=False, review=reason)
        PredictionTable("predictions").put_new(
            prediction_item(made, decision, "digest", made.timestamp, made.timestamp)
        )
        if reason is not None:
            asked = review_request(made, reason)
            row = review_item(asked, priority(asked), self.now_ms)
            ReviewTable("reviews").open_new(row)
        return item_id(made.imgid, made.timestamp)

    def store_many(self, count: int, **changes: Any) -> list[str]:
        return [self.store(imgid=f"wafer-{n:04}", **changes) for n in range(count)]

    def under(self, rules: Rules) -> "Portal":
        """The same with other rules."""
        self.desk = replace(self.desk, rules=rules)
        return self


_PLAIN = str.maketrans({"~": "-", ".": "-"})


def request(
    person: Person,
    method: str,
    path: str,
    body: Any = None,
    *,
    raw: str | None = None,
    **query: Any,
) -> dict[str, Any]:
    """What an HTTP API hands to the function."""
    event: dict[str, Any] = {
        "version": "2.0",
        "routeKey": "$default",
        "rawPath": path,
        "rawQueryString": urlencode(query),
        "headers": {"content-type": "application/json"},
        "isBase64Encoded": False,
        "requestContext": {
            "accountId": "123456789012",
            "stage": "$default",
            "requestId": "r1",
            "http": {"method": method, "path": path, "sourceIp": "127.0.0.1"},
            "authorizer": {"jwt": {"claims": person.claims, "scopes": None}},
        },
    }
    if query:
        event["queryStringParameters"] = {name: str(value) for name, value in query.items()}
    if raw is not None or body is not None:
        event["body"] = json.dumps(body) if raw is None else raw
    return event


def make_portal(rules: Rules = ALWAYS_ONE) -> Portal:
    """Create the tables and buckets, and a desk on them."""
    clients.dynamodb().meta.events.register(
        "before-parameter-build.dynamodb.Query", _refuse_foreign_start, "start keys"
    )
    for name, key in KEYS.items():
        _table(name, key)
    for bucket in ("images", "exports"):
        clients.s3().create_bucket(
            Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": "eu-central-1"}
        )
    url = clients.sqs().create_queue(QueueName="exports")["QueueUrl"]
    papers, loop = PaperTable("papers"), LoopCalls()
    desk = Desk(
        work=AtomicWork("reviews", "events"),
        wafers=WaferTable("predictions"),
        cameras=CameraTable("cameras"),
        papers=papers,
        images=ImageBucket("images"),
        exports=ExportBucket("exports"),
        exports_queue=Queue(url),
        policies=Policies(lambda _: None),
        rules=rules,
        fabs=("faba", "fabb"),
        loop=loop.loop(papers),
    )
    return Portal(desk, url, loop)


def _refuse_foreign_start(params: dict[str, Any], **_: Any) -> None:
    """DynamoDB takes a start key of exactly the table's and the index' keys; moto takes any more."""
    table, index = params["TableName"], params.get("IndexName")
    keys = (*KEYS[table], *(INDEXES[table][index] if index else ()))
    start = params.get("ExclusiveStartKey")
    if start is not None and start.keys() != {name for name, _ in keys}:
        raise AssertionError(f"The provided starting key is invalid: {sorted(start)}")


def make_draw_key() -> str:
    """Create the key of the deployment's draws, and return its id."""
    made = clients.kms().create_key(KeySpec="HMAC_256", KeyUsage="GENERATE_VERIFY_MAC")
    return made["KeyMetadata"]["KeyId"]


def _table(name: str, key: tuple[tuple[str, str], ...]) -> None:
    indexes = INDEXES.get(name, {})
    kinds = dict(key) | {n: t for attributes in indexes.values() for n, t in attributes}
    secondary = [
        {
            "IndexName": index,
            "KeySchema": _schema(attributes),
            "Projection": _projection(index),
        }
        for index, attributes in indexes.items()
    ]
    clients.dynamodb().create_table(
        TableName=name,
        AttributeDefinitions=[{"AttributeName": n, "AttributeType": t} for n, t in kinds.items()],
        KeySchema=_schema(key),
        BillingMode="PAY_PER_REQUEST",
        **({"GlobalSecondaryIndexes": secondary} if secondary else {}),
    )


def _projection(index: str) -> dict[str, Any]:
    if index not in PROJECTED:
        return {"ProjectionType": "ALL"}
    return {"ProjectionType": "INCLUDE", "NonKeyAttributes": PROJECTED[index]}


def _schema(key: tuple[tuple[str, str], ...]) -> list[dict[str, str]]:
    return [
        {"AttributeName": name, "KeyType": kind}
        for (name, _), kind in zip(key, ("HASH", "RANGE"), strict=False)
    ]
