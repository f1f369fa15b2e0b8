"""The deployed review API: tokens of the user pool, the functions' own grants, real signatures."""

import base64
import contextlib
import http.client
import json
import secrets
import time
from dataclasses import dataclass
from functools import partial
from typing import Any
from urllib.parse import urlsplit

import boto3
import pytest
from botocore import UNSIGNED
from botocore.config import Config

from fabwafer.messages import Prediction
from fabwafer.triage import Decision, ReviewReason, review_request
from lambdas.open_review import priority
from lambdas.records import image_key, item_id, prediction_item, review_item
from lambdas.stores.values import serialized
from sandbox.cloud import Cloud
from sandbox.emulator import HOST, REGION

pytestmark = pytest.mark.sandbox

FAB, OTHER = "fabr", "fabs"
PICTURE = b"as good as a picture"


@dataclass(frozen=True)
class Client:
    """Somebody with a token, or without."""

    sandbox: Cloud
    token: str | None

    def call(self, method: str, path: str, body: Any = None) -> tuple[int, Any]:
        # The API's host resolves nowhere; the emulator goes by the header.
        headers = {
            "Host": self.sandbox.outputs["ReviewApiUrl"].partition("://")[2],
            "Content-Type": "application/json",
        }
        if self.token is not None:
            headers["Authorization"] = f"Bearer {self.token}"
        sent = None if body is None else json.dumps(body)
        port = self.sandbox.emulator.port
        with contextlib.closing(http.client.HTTPConnection(HOST, port, timeout=60)) as connection:
            connection.request(method, path, sent, headers)
            answer = connection.getresponse()
            return answer.status, json.loads(answer.read() or b"null")


def fetched(url: str) -> bytes:
    """What lies at a signed address, if its signature is good."""
    place = urlsplit(url)
    with contextlib.closing(http.client.HTTPConnection(place.netloc, timeout=30)) as connection:
        connection.request("GET", f"{place.path}?{place.query}")
        answer = connection.getresponse()
        assert answer.status == 200
        return answer.read()


def sign_in(sandbox: Cloud, name: str, *groups: str) -> Client:
    """Make a user of these groups and sign in."""
    pool, password = sandbox.outputs["UserPoolId"], f"Aa1!{secrets.token_urlsafe(12)}"
    admin = sandbox.emulator.client("cognito-idp")
    admin.admin_create_user(UserPoolId=pool, Username=name, MessageAction="SUPPRESS")
    admin.admin_set_user_password(UserPoolId=pool, Username=name, Password=password, Permanent=True)
    for group in groups:
        admin.admin_add_user_to_group(UserPoolId=pool, Username=name, GroupName=group)
    anybody = boto3.client(
        "cognito-idp",
        endpoint_url=sandbox.emulator.endpoint,
        region_name=REGION,
        config=Config(signature_version=UNSIGNED),
    )
    answer = anybody.initiate_auth(
        ClientId=sandbox.outputs["UserPoolClientId"],
        AuthFlow="USER_PASSWORD_AUTH",
        AuthParameters={"USERNAME": name, "PASSWORD": password},
    )
    return Client(sandbox, answer["AuthenticationResult"]["IdToken"])


@dataclass(frozen=True)
class Staff:
    ann: Client
    eve: Client
    far: Client


@pytest.fixture(scope="module")
def staff(sandbox: Cloud) -> Staff:
    admin = sandbox.emulator.client("cognito-idp")
    for fab in (FAB, OTHER):
        admin.create_group(UserPoolId=sandbox.outputs["UserPoolId"], GroupName=f"fab:{fab}")
    make = partial(sign_in, sandbox)
    return Staff(
        make("ann", "reviewer", f"fab:{FAB}"),
        make("eve", "engineer", f"fab:{FAB}"),
        make("far", "reviewer", "engineer", "admin", f"fab:{OTHER}"),
    )


def stored(sandbox: Cloud, imgid: str) -> str:
    """A wafer with its picture that waits for an answer."""
    now_ms = time.time_ns() // 1_000_000
    wafer = Prediction(
        imgid=imgid,
        timestamp=now_ms,
        fab=FAB,
        camera="camera1",
        prediction="Loc",
        probability=0.4,
        scores={"Loc": 0.4},
    )
    decision = Decision(alert=False, review=ReviewReason.DOUBTFUL)
    asked = review_request(wafer, ReviewReason.DOUBTFUL)
    rows = {
        "PredictionsTable": prediction_item(wafer, decision, "digest", now_ms, now_ms),
        "ReviewsTable": review_item(asked, priority(asked), now_ms),
    }
    for table, row in rows.items():
        sandbox.emulator.client("dynamodb").put_item(
            TableName=sandbox.outputs[table], Item=serialized(row)
        )
    sandbox.emulator.client("s3").put_object(
        Bucket=sandbox.outputs["ImagesBucket"],
        Key=image_key(FAB, "camera1", now_ms, imgid),
        Body=PICTURE,
    )
    return item_id(imgid, now_ms)


def altered(token: str, **claims: Any) -> str:
    header, body, signature = token.split(".")
    told = json.loads(base64.urlsafe_b64decode(body + "=="))
    forged = base64.urlsafe_b64encode(json.dumps(told | claims).encode()).decode().rstrip("=")
    return f"{header}.{forged}.{signature}"


@pytest.mark.parametrize(
    "spoil",
    [
        pytest.param(lambda _: None, id="none"),
        pytest.param(lambda _: "nonsense", id="nonsense"),
        pytest.param(lambda token: token[:-8] + "AAAAAAAA", id="another signature"),
        pytest.param(
            lambda token: altered(token, **{"cognito:groups": ["admin", "fab:*"]}), id="more groups"
        ),
        pytest.param(lambda token: altered(token, exp=time.time() + 9e6), id="a longer life"),
        pytest.param(lambda token: altered(token, aud="other"), id="for another client"),
    ],
)
def test_without_a_token_of_the_pool_nobody_comes_in(
    sandbox: Cloud, staff: Staff, spoil: Any
) -> None:
    client = Client(sandbox, spoil(staff.ann.token))
    assert client.call("GET", "/me")[0] == 401
    assert client.call("POST", "/queue/next", {"fab": FAB})[0] == 401


def test_an_item_is_handed_out_answered_undone_and_looked_at(sandbox: Cloud, staff: Staff) -> None:
    item = stored(sandbox, "answered")
    _, work = staff.ann.call("POST", "/queue/next", {"fab": FAB, "count": 10})
    [held] = [each for each in work["items"] if each["item"] == item]
    assert fetched(held["picture"]["url"]) == PICTURE

    answer = {"answer_id": "answer-01", "verdict": "labels", "labels": ["loc"], "note": "<b>"}
    status, state = staff.ann.call(
        "POST", f"/items/{item}/answer", answer | {"version": held["version"]}
    )
    assert status == 200
    undo = {"answer_id": "undo-0001", "version": state["version"]}
    assert staff.ann.call("POST", f"/items/{item}/undo", undo)[0] == 200

    status, found = staff.eve.call("GET", f"/items/{item}")
    assert (status, found["review"]["intact"]) == (200, True)
    assert found["model_answer"]["scores"] == {"Loc": 0.4}
    assert [each["act"] for each in found["review"]["history"]] == ["answer", "undo"]
    assert found["review"]["history"][0]["note"] == "<b>"


@pytest.mark.parametrize(
    "path",
    [
        "/me",
        "/catalogue",
        f"/items?fab={FAB}",
        f"/items?fab={FAB}&order=urgent",
        f"/wafers?fab={FAB}",
        f"/wafers?fab={FAB}&camera=camera1",
        f"/wafers?fab={FAB}&label=Loc",
        f"/lot?fab={FAB}&lot=lot47",
        f"/labels?fab={FAB}",
        f"/rates?fab={FAB}&days=2",
        f"/rates?fab={FAB}&days=2&camera=camera1",
        f"/statistics?fab={FAB}",
        f"/agreement?fab={FAB}",
        f"/audit?fab={FAB}",
    ],
)
def test_its_own_grants_let_the_function_answer_every_question(
    sandbox: Cloud, staff: Staff, path: str
) -> None:
    stored(sandbox, f"asked-{secrets.token_hex(4)}")
    status, body = staff.eve.call("GET", path)
    assert status == 200, body


def test_another_fabs_item_is_not_there(sandbox: Cloud, staff: Staff) -> None:
    item = stored(sandbox, "elsewhere")
    status, told = staff.far.call("GET", f"/items/{item}")
    assert (status, told["message"]) == (404, f"not found: item {item}")
    assert not any(value for name, value in told.items() if name != "message")


def test_a_batch_is_answered_and_taken_back(sandbox: Cloud, staff: Staff) -> None:
    items = [stored(sandbox, f"alike{number}") for number in range(3)]
    body = {
        "fab": FAB,
        "batch": f"batch-{secrets.token_hex(4)}",
        "verdict": "labels",
        "labels": ["Donut"],
        "items": [{"item": item, "version": 0} for item in items],
    }
    assert staff.ann.call("POST", "/bulk", body)[1]["done"] == 3
    undo = {"answer_id": "undo-0001"}
    assert staff.ann.call("POST", f"/bulk/{body['batch']}/undo", undo)[1]["done"] == 3


@pytest.mark.parametrize("kind", ["csv", "manifest"])
def test_an_export_is_written_and_can_be_fetched(sandbox: Cloud, staff: Staff, kind: str) -> None:
    stored(sandbox, f"exported-{kind}")
    span = {"from_ms": 0, "to_ms": time.time_ns() // 1_000_000 + 1000}
    status, export = staff.eve.call("POST", "/exports", {"fab": FAB, "format": kind, **span})
    assert status == 200
    deadline = time.monotonic() + 60
    while export["state"] == "waiting" and time.monotonic() < deadline:
        time.sleep(0.5)
        export = staff.eve.call("GET", f"/exports/{export['export']}")[1]
    assert export["state"] == "done"
    body = fetched(export["url"])
    assert len(body) == export["size_bytes"]
    assert f"exported-{kind}".encode() in body
