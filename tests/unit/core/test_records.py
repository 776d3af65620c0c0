from __future__ import annotations

from typing import Any

import pytest

from pipeline.core.records import read
from pipeline.errors import Misconfiguration
from pipeline.model import Position
from pipeline.testing.lambda_events import ARRIVED_AT, SHARD, dynamodb_event, dynamodb_record, kinesis_event

KEYS = {"id": {"S": "1"}}


def kinesis(**changes: Any) -> dict[str, Any]:  # noqa: ANN401 - any wrong value
    record: Any = kinesis_event(b"{}")["Records"][0]
    return {"Records": [record | changes]}


def test_kinesis() -> None:
    """A Kinesis batch becomes records in order, each with its position and its original."""
    event = kinesis_event(b"a", b"b", first=9)
    first, second = read(event)
    assert [Position("events", SHARD, "9"), Position("events", SHARD, "10")] == [first.position, second.position]
    assert event["Records"][1] is second.original
    assert ARRIVED_AT == second.arrived_at


def test_enhanced_fan_out() -> None:
    """The stream is the same one, whether it is read directly or by a registered consumer."""
    arn = "arn:aws:kinesis:us-east-1:000000000000:stream/events/consumer/process:1764000000"
    assert "events" == read(kinesis(eventSourceARN=arn))[0].position.stream


def test_dynamodb() -> None:
    """A DynamoDB Streams batch becomes records placed by table and stream label."""
    (record,) = read(dynamodb_event(dynamodb_record(KEYS, after=KEYS, sequence_number=7)))
    assert (Position("orders", "2026-11-23T10:00:00.000", "7"), ARRIVED_AT) == (record.position, record.arrived_at)


def test_empty() -> None:
    """A batch of nothing is a batch."""
    assert [] == read({"Records": []})


@pytest.mark.parametrize(
    "event",
    [
        {},
        {"Records": None},
        {"Records": ["record"]},
        {"Records": [{"eventSource": "aws:sqs"}]},
        kinesis(kinesis=None),
        kinesis(kinesis={}),
        kinesis(eventSourceARN="events"),
        kinesis(eventID=7),
        kinesis(kinesis={"sequenceNumber": "one", "approximateArrivalTimestamp": 0}),
        kinesis(kinesis={"sequenceNumber": "1", "approximateArrivalTimestamp": "now"}),
        dynamodb_event({**dynamodb_record(KEYS, after=KEYS), "eventSourceARN": "arn:aws:dynamodb"}),
    ],
    ids=range(11),
)
def test_not_a_batch(event: dict[str, Any]) -> None:
    """Anything else means that the mapping is wrong, and says so."""
    with pytest.raises(Misconfiguration, match="not a batch of Kinesis or DynamoDB Streams records"):
        read(event)
