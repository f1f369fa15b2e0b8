"""What DynamoDB says to who was not the first at an item, which moto does not say."""

from collections.abc import Iterator

import boto3
import pytest
from botocore.stub import Stubber
from review_parts import ALWAYS_ONE, START_MS

from fabwafer.deeds import Deed, Question
from fabwafer.history import Answer, Verdict
from fabwafer.leases import lease
from fabwafer.review import answer
from lambdas.stores.reviews import WorkTable
from lambdas.work_records import Work, work_of

ITEM = "img-1~1763700000000"
FASTER = ["ConditionalCheckFailedException", "TransactionConflictException"]


@pytest.fixture
def told() -> Iterator[tuple[WorkTable, Stubber]]:
    keys = {"aws_access_key_id": "test", "aws_secret_access_key": "test"}
    client = boto3.client("dynamodb", region_name="eu-central-1", **keys)
    with Stubber(client) as stubber:
        yield WorkTable("reviews", "events", client), stubber
        stubber.assert_no_pending_responses()


def waiting() -> Work:
    row = {"fab": "faba", "prediction": "Loc", "reason": "doubtful", "priority": 1}
    return work_of(row | {"item": ITEM, "version": 0, "opened_at": START_MS})


@pytest.mark.parametrize("code", FASTER)
def test_a_lease_while_somebody_answers_is_only_not_had(told, code):
    table, stubber = told
    stubber.add_client_error("put_item", code)
    before = waiting()
    assert not table.save(before, before.after(lease(before.review, "ann", START_MS, ALWAYS_ONE)))


@pytest.mark.parametrize("reason", ["ConditionalCheckFailed", "TransactionConflict"])
def test_an_answer_while_somebody_leases_is_only_not_kept(told, reason):
    table, stubber = told
    stubber.add_client_error(
        "transact_write_items",
        "TransactionCanceledException",
        modeled_fields={"CancellationReasons": [{"Code": reason}, {"Code": "None"}]},
    )
    before = waiting()
    deed = Deed("ann-0001", "ann", 0, START_MS)
    given = Answer(Verdict.LABELS, ("Loc",))
    change = answer(before.review, deed, given, Question("Loc", "doubtful"), ALWAYS_ONE)
    assert not table.append(before, before.after(change.review), change.event)
