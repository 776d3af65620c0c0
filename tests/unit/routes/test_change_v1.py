"""Orders and payments as changes: from the streams of both tables to what they are now, and to how they came to it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from pipeline.aws.dynamodb import ItemSink, StateSink
from pipeline.aws.results import Results
from pipeline.core.process import finish, prepare
from pipeline.core.records import read
from pipeline.model import Entry, Item, State
from pipeline.routes import relay_changes_stages
from pipeline.testing.bench import SCHEMA, STAGES
from pipeline.testing.dynamodb import FakeDynamoDB
from pipeline.testing.lambda_events import kinesis_event

if TYPE_CHECKING:
    from pipeline.model import LambdaRecord

RELAY = relay_changes_stages(SCHEMA, results_table="results")
ARN = "arn:aws:dynamodb:eu-central-1:123456789012:table/{}/stream/2026-11-01T00:00:00.000"
ORDER = {"order_id": {"S": "o-7"}, "total": {"N": "12.50"}, "status": {"S": "placed"}, "lines": {"L": [{"S": "pen"}]}}
PAYMENT = {"payment_id": {"S": "p-3"}, "order_id": {"S": "o-7"}, "amount": {"N": "12.50"}, "status": {"S": "open"}}
PAID, CAPTURED = ({**item, "status": {"S": status}} for item, status in ((ORDER, "paid"), (PAYMENT, "captured")))
BY_TTL = {"userIdentity": {"type": "Service", "principalId": "dynamodb.amazonaws.com"}}


def change(name: str, table: str, number: int, *images: dict[str, Any] | None, **more: Any) -> LambdaRecord:  # noqa: ANN401 - JSON
    """A record of DynamoDB Streams as Lambda delivers it (Lambda developer guide, "Using Lambda with DynamoDB")."""
    key_name = f"{table.removesuffix('s')}_id"
    known = {each: image for each, image in zip(("OldImage", "NewImage"), images, strict=True) if image is not None}
    return {
        "eventID": f"{number:032x}",
        "eventName": name,
        "eventVersion": "1.1",
        "eventSource": "aws:dynamodb",
        "awsRegion": "eu-central-1",
        "dynamodb": {
            "ApproximateCreationDateTime": 1_795_428_000 + number,
            "Keys": {key_name: next(iter(known.values()))[key_name]},
            **known,
            "SequenceNumber": str(4421584500000000017450439090 + number),
            "SizeBytes": 59,
            "StreamViewType": "NEW_AND_OLD_IMAGES",
        },
        "eventSourceARN": ARN.format(table),
        **more,
    }


STORY = (
    change("INSERT", "orders", 1, None, ORDER),
    change("INSERT", "payments", 2, None, PAYMENT),
    change("MODIFY", "payments", 3, PAYMENT, CAPTURED),
    change("MODIFY", "orders", 4, ORDER, PAID),
    change("REMOVE", "payments", 5, CAPTURED, None, **BY_TTL),
)


@pytest.fixture
def table() -> FakeDynamoDB:
    """The results table."""
    return FakeDynamoDB("results")


def run(table: FakeDynamoDB, *records: LambdaRecord) -> None:
    """Relay the changes, process what was put onto the stream, and write it."""
    relayed = finish(prepare(read({"Records": [*records]}), RELAY), {}, RELAY)
    entries = [each.data for each in relayed.deliveries if isinstance(each, Entry)]
    done = finish(prepare(read(kinesis_event(*entries)), STAGES), {}, STAGES)
    assert ([], []) == (relayed.dead_letters, done.dead_letters)
    client: Any = table
    items, states = ([each for each in done.deliveries if isinstance(each, kind)] for kind in (Item, State))
    assert {} == ItemSink(client, "results").write(items, lambda: 60.0)  # type: ignore[arg-type] # they are items
    assert {} == StateSink(client, "results").write(states, lambda: 60.0)  # type: ignore[arg-type] # they are states


def states(table: FakeDynamoDB) -> dict[str, Any]:
    """The entities as they are now."""
    return {key: item for (key, sort), item in table.items.items() if sort == "state"}


def history(table: FakeDynamoDB, entity: str) -> list[tuple[Any, Any]]:
    """Each change in the order of the timeline: the operation, and the status after it, or who deleted it."""
    found = [each for each in table.items.values() if each.get("timeline") == {"S": entity}]
    data = [each["data"]["M"] for each in sorted(found, key=lambda each: str(each["timeline_order"]["S"]))]
    deleted_by = (each["source"]["M"].get("deleted_by", {}).get("S") for each in data)
    statuses = (each["after"].get("M", {}).get("status", {}).get("S") for each in data)
    return [(each["op"]["S"], status or who) for each, status, who in zip(data, statuses, deleted_by, strict=True)]


@pytest.mark.parametrize("times", [1, 2])
def test_state_and_history(table: FakeDynamoDB, times: int) -> None:
    """Each entity as it is now, and every change of it in order; delivered twice, it is the same."""
    for _ in range(times):
        run(table, *STORY)
    client: Any = table
    results = Results(client, "results")

    order, payment = results.state("orders/o-7"), results.state("payments/p-3")
    assert order is not None
    assert payment is not None
    assert (False, {"order_id": "o-7", "total": 12.5, "status": "paid", "lines": ["pen"]}) == (
        order["deleted"],
        order["data"],
    )
    assert (True, None) == (payment["deleted"], payment.get("data"))
    assert [("c", "placed"), ("u", "paid")] == history(table, "orders/o-7")
    assert [("c", "open"), ("u", "captured"), ("d", "ttl")] == history(table, "payments/p-3")


def test_a_late_duplicate(table: FakeDynamoDB) -> None:
    """It moves nothing back, and adds nothing."""
    run(table, *STORY)
    before = [states(table), history(table, "payments/p-3")]
    run(table, STORY[0], STORY[2])
    assert before == [states(table), history(table, "payments/p-3")]
