from __future__ import annotations

import pytest

from pipeline.core.records import read
from pipeline.core.response import respond, respond_with_all
from pipeline.model import Position
from pipeline.testing.lambda_events import SHARD, kinesis_event

RECORDS = read(kinesis_event(b"a", b"b", first=9))


def test_nothing_failed() -> None:
    """An empty list acknowledges the batch."""
    assert {"batchItemFailures": []} == respond(RECORDS, None)


def test_first_failure() -> None:
    """One failure is named, by its sequence number as text."""
    failure = Position("events", SHARD, "10", sub_sequence_number=3)
    assert {"batchItemFailures": [{"itemIdentifier": "10"}]} == respond(RECORDS, failure)


def test_not_in_the_batch() -> None:
    """A failure outside of the batch would fail all of it on AWS, so it is not answered."""
    with pytest.raises(ValueError, match="events/shardId-000000000000/11/0 is not in the batch"):
        respond(RECORDS, Position("events", SHARD, "11"))


def test_failures_of_a_queue() -> None:
    """Each is named; none acknowledges the batch, and one of another batch is never answered."""
    assert {"batchItemFailures": []} == respond_with_all(RECORDS, [])
    assert {"batchItemFailures": [{"itemIdentifier": "9"}, {"itemIdentifier": "10"}]} == respond_with_all(
        RECORDS, RECORDS
    )
    with pytest.raises(ValueError, match="a message that failed is not in the batch"):
        respond_with_all(RECORDS[:1], RECORDS)
