"""Changes of source tables on their way, deployed: two tables → relay_changes → Kinesis → process → DynamoDB and S3.

LocalStack gives a stream's records to a function without their userIdentity, so here every delete is a user's; deletes
by TTL are told apart in tests/unit/core/test_change.py, by the shape that DynamoDB documents. It has one shard a table,
and never delivers a batch twice: that is done by hand here, and at every place in tests/simulation.
"""

from __future__ import annotations

import json
import time
import uuid
from collections import Counter
from typing import TYPE_CHECKING, Any

import pytest

from pipeline.aws import s3
from pipeline.aws.cloudwatch import Metric
from pipeline.aws.dynamodbstreams import follow, processed
from pipeline.aws.results import Results
from pipeline.core.claim import claim_of
from pipeline.model import MARKER
from pipeline.testing.lambda_events import dynamodb_event, dynamodb_record
from tests.integration.waiting import eventually

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from pipeline.aws.clients import Clients

pytestmark = pytest.mark.integration

ORDERS, PAYMENTS = ("OrdersTableName", "order_id"), ("PaymentsTableName", "payment_id")


class Relay:
    """The deployed stack, with what the tests do to its tables and see of it. Times are epoch milliseconds."""

    def __init__(self, clients: Clients, outputs: Mapping[str, str]) -> None:
        self.clients, self.outputs = clients, outputs
        self.results = Results(clients.dynamodb, outputs["ResultsTableName"])
        self.since = int(time.time() * 1000)

    def put(self, table: tuple[str, str], key: str, **attributes: Any) -> None:  # noqa: ANN401 - AttributeValues
        name, key_name = table
        self.clients.dynamodb.put_item(TableName=self.outputs[name], Item={key_name: {"S": key}, **attributes})

    def delete(self, table: tuple[str, str], key: str) -> None:
        name, key_name = table
        self.clients.dynamodb.delete_item(TableName=self.outputs[name], Key={key_name: {"S": key}})

    def entity(self, table: tuple[str, str], key: str) -> str:
        return f"{self.outputs[table[0]]}/{key}"

    def history(self, table: tuple[str, str], key: str, count: int) -> list[dict[str, Any]]:
        """The changes of an item, oldest first, once there are so many."""
        entity = self.entity(table, key)
        return eventually(lambda: [*self.results.history(entity)], lambda seen: len(seen) >= count)

    def state(self, table: tuple[str, str], key: str, want: Callable[[Any], bool]) -> Any:  # noqa: ANN401 - JSON
        """The entity as it is now, once there is one as wanted."""
        entity = self.entity(table, key)
        return eventually(lambda: self.results.state(entity), lambda seen: seen is not None and want(seen))

    def archived(self, table: tuple[str, str], key: str) -> list[dict[str, Any]]:
        """The archive's lines of an item."""
        objects = s3.archived(self.clients.s3, self.outputs["ArchiveBucketName"])
        return [line for _, _, lines in objects for line in lines if line.get("subject") == self.entity(table, key)]

    def ledger(self, function: str = "RelayChangesFunctionName") -> Counter[str]:
        """What a function counted since this was made: the sum over the line that it logs for each batch."""
        pages = self.clients.logs.get_paginator("filter_log_events").paginate(
            logGroupName=f"/aws/lambda/{self.outputs[function]}", startTime=self.since, filterPattern=Metric.RECEIVED
        )
        counts = Counter[str]()
        # LocalStack looks at no pattern.
        messages = [
            event["message"] for page in pages for event in page["events"] if Metric.RECEIVED in event["message"]
        ]
        for line in map(json.loads, messages):
            counts.update({name: int(line[name][0]) for name in METRICS})
        return counts

    def invoke(self, *records: Any) -> Any:  # noqa: ANN401 - JSON
        """Deliver a batch of our own making, as the mapping would; the answer, or the error."""
        answer = self.clients.functions.invoke(
            FunctionName=self.outputs["RelayChangesFunctionName"], Payload=json.dumps(dynamodb_event(*records))
        )
        return json.loads(answer["Payload"].read())


RECEIVED, DELIVERED, DROPPED, DEAD, RETRIED = METRICS = (
    Metric.RECEIVED,
    Metric.DELIVERED,
    Metric.DROPPED,
    Metric.DEAD_LETTERED,
    Metric.RETRIED,
)


@pytest.fixture
def relay(localstack: Clients, stack: Mapping[str, str]) -> Relay:
    return Relay(localstack, stack)


def test_changes_of_two_tables(relay: Relay) -> None:
    """Each change has its effect, in order per item, and the ledger adds up; one key in two tables is two entities."""
    key, before = uuid.uuid4().hex, relay.ledger()
    for n in range(10):
        relay.put(ORDERS, key, n={"N": str(n)})
        relay.put(PAYMENTS, key, n={"N": str(-n)})
    relay.delete(ORDERS, key)

    orders, payments = relay.history(ORDERS, key, 11), relay.history(PAYMENTS, key, 10)
    lines = eventually(
        lambda: relay.archived(ORDERS, key) + relay.archived(PAYMENTS, key), lambda seen: len(seen) >= 21
    )
    counted = eventually(lambda: relay.ledger() - before, lambda seen: seen[RECEIVED] >= 21)
    gone = relay.state(ORDERS, key, lambda seen: bool(seen["deleted"]))

    assert ["c", *["u"] * 9, "d"] == [each["data"]["op"] for each in orders]
    assert [*range(10), None] == [(each["data"]["after"] or {}).get("n") for each in orders]
    assert [None, *range(10)] == [(each["data"]["before"] or {}).get("n") for each in orders]
    assert [-n for n in range(10)] == [each["data"]["after"]["n"] for each in payments]
    assert "user" == orders[-1]["data"]["source"]["deleted_by"]
    assert {each["id"] for each in orders + payments} == {line["id"] for line in lines}
    assert 21 == len(lines)
    assert (21, 21) == (counted[RECEIVED], counted[DELIVERED])
    assert 0 == counted[DROPPED] + counted[DEAD] + counted[RETRIED]
    assert True is gone["deleted"]


def test_our_own_writes(relay: Relay) -> None:
    """An item with the marker is not relayed, an edit of it and its delete are; the ledger counts what is dropped."""
    key, before = uuid.uuid4().hex, relay.ledger()
    relay.put(ORDERS, key, n={"N": "0"}, **{MARKER: {"S": "events/shardId-000000000000/1/0"}})
    relay.put(ORDERS, key, n={"N": "1"}, **{MARKER: {"S": "events/shardId-000000000000/2/0"}})
    relay.put(ORDERS, key, n={"N": "2"}, **{MARKER: {"S": "events/shardId-000000000000/2/0"}})
    relay.delete(ORDERS, key)

    changes = relay.history(ORDERS, key, 2)
    counted = eventually(lambda: relay.ledger() - before, lambda seen: seen[RECEIVED] >= 4)

    assert [("u", 1, 2), ("d", 2, None)] == [
        (each["data"]["op"], each["data"]["before"]["n"], (each["data"]["after"] or {}).get("n")) for each in changes
    ]
    assert (4, 2, 2) == (counted[RECEIVED], counted[DELIVERED], counted[DROPPED])


def test_large_changes(relay: Relay) -> None:
    """From 300 KB to 350 KB: the state holds the item, the history a reference, and the archive all of it."""
    key, small, large = uuid.uuid4().hex, "x" * 300_000, "y" * 350_000
    relay.put(PAYMENTS, key, text={"S": small})
    relay.put(PAYMENTS, key, text={"S": large})
    relay.put(PAYMENTS, key, text={"S": "small again"})

    history = relay.history(PAYMENTS, key, 3)
    state = relay.state(PAYMENTS, key, lambda seen: bool(seen["data"]["text"] == "small again"))
    lines = eventually(lambda: relay.archived(PAYMENTS, key), lambda seen: len(seen) >= 3)

    references = [claim_of(each["dataref"], relay.outputs["ClaimsBucketName"]) for each in history]
    assert [300_000 < each.size_bytes < 301_000 for each in references] == [True, False, False]
    assert [650_000 < each.size_bytes < 651_000 for each in references] == [False, True, False]
    assert [(None, small), (small, large), (large, "small again")] == [
        ((line["data"]["before"] or {}).get("text"), line["data"]["after"]["text"])
        for line in sorted(lines, key=lambda line: int(line["data"]["source"]["sequence_number"]))
    ]
    assert "small again" == state["data"]["text"]


def test_the_state_after_a_large_change(relay: Relay) -> None:
    """An item of 350 KB is held by its state; one at DynamoDB's limit leaves no room there, and is referred to."""
    fits, largest = uuid.uuid4().hex, uuid.uuid4().hex
    relay.put(ORDERS, fits, text={"S": "x" * 350_000})
    relay.put(ORDERS, largest, text={"S": "x" * (400 * 1024 - 60)})

    held = relay.state(ORDERS, fits, bool)
    referred = relay.state(ORDERS, largest, bool)

    assert {"order_id": fits, "text": "x" * 350_000} == held["data"]
    assert "data" not in referred
    assert referred["data_bytes"] == claim_of(referred["dataref"], relay.outputs["ClaimsBucketName"]).size_bytes


def test_an_item_of_all_kinds(relay: Relay) -> None:
    """What JSON does not hold is tagged all the way to `pipeline tail`, and LocalStack's streams leave tags alone."""
    key = uuid.uuid4().hex
    batches = follow(relay.clients.dynamodbstreams, relay.outputs["ResultsTableStreamArn"])
    relay.put(
        ORDERS,
        key,
        raw={"B": b"\x00\xff"},
        parts={"BS": [b"a", b"b"]},
        exact={"N": "0.12345678901234567890123456789"},
        looks_tagged={"M": {"@binary": {"S": "AP8="}}},
    )
    shown: list[Any] = []

    def look() -> list[Any]:
        events = filter(None, map(processed, next(batches)))
        shown.extend(event["data"] for event in events if event["subject"] == relay.entity(ORDERS, key))
        return shown

    (data,) = eventually(look)
    assert {
        "order_id": key,
        "raw": {"@binary": "AP8="},
        "parts": {"@set": [{"@binary": "YQ=="}, {"@binary": "Yg=="}]},
        "exact": {"@number": "0.12345678901234567890123456789"},
        "looks_tagged": {"@map": {"@binary": "AP8="}},
    } == data["after"]


def test_a_batch_that_is_delivered_twice(relay: Relay) -> None:
    """The same changes once more, large and small, have no second effect; a delete by TTL is told."""
    key = uuid.uuid4().hex
    keys = {"order_id": {"S": key}}
    images = [None, {**keys, "n": {"N": "1"}}, {**keys, "n": {"N": "2"}, "text": {"S": "x" * 350_000}}, None]
    table = relay.outputs["OrdersTableName"]
    records = [
        {
            **dynamodb_record(keys, before=images[n], after=images[n + 1], sequence_number=10**20 + n, by_ttl=n == 2),
            "eventID": f"{key}-{n}",
            "eventSourceARN": f"arn:aws:dynamodb:us-east-1:000000000000:table/{table}/stream/2026-11-23T10:00:00.000",
        }
        for n in range(3)
    ]

    assert [{"batchItemFailures": []}] * 3 == [
        relay.invoke(*records),
        relay.invoke(*records[1:]),
        relay.invoke(*records),
    ]
    lines = eventually(lambda: relay.archived(ORDERS, key), lambda seen: len(seen) >= 8)
    history = relay.history(ORDERS, key, 3)

    assert Counter({f"{key}-0": 2, f"{key}-1": 3, f"{key}-2": 3}) == Counter(line["id"] for line in lines)
    assert [f"{key}-{n}" for n in range(3)] == [each["id"] for each in history]
    deleted = [line["data"]["source"]["deleted_by"] for line in lines if line["id"] == f"{key}-2"]
    assert ["ttl"] * 3 == deleted


@pytest.mark.parametrize(
    ("table", "view", "why"),
    [
        ("ResultsTableName", "NEW_AND_OLD_IMAGES", "is the results table, and relaying its changes would never end"),
        ("OrdersTableName", "KEYS_ONLY", "carries KEYS_ONLY, and a change needs NEW_AND_OLD_IMAGES"),
    ],
)
def test_a_stream_that_is_none_of_a_source_table(relay: Relay, table: str, view: str, why: str) -> None:
    """The invocation fails, and says what to do; nothing is acknowledged."""
    name = relay.outputs[table]
    record: Any = dynamodb_record({"pk": {"S": "x"}}, after={"pk": {"S": "x"}})
    record["dynamodb"]["StreamViewType"] = view
    arn = f"arn:aws:dynamodb:us-east-1:000000000000:table/{name}/stream/2026-11-23T10:00:00.000"

    answer = relay.invoke({**record, "eventSourceARN": arn})

    assert "Misconfiguration" == answer["errorType"]
    assert why in answer["errorMessage"]
