"""The fakes, in place of the services."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from pipeline.aws.eventbridge import BusSink
from pipeline.aws.sns import TopicSink
from pipeline.aws.sqs import QueueSink
from pipeline.testing.buckets import FakeAccount
from pipeline.testing.dynamodb import FakeDynamoDB
from pipeline.testing.dynamodbstreams import STREAM_ARN, FakeDynamoDBStreams
from pipeline.testing.kinesis_client import FakeKinesis
from pipeline.testing.outlets import FakeBus, FakeOutlet, FakeQueue, FakeTopic
from pipeline.testing.s3 import FakeS3
from tests.contract.services.services import Owner, Services, Told

if TYPE_CHECKING:
    from collections.abc import Callable


@pytest.fixture
def services() -> Services:
    """Fakes that nothing fails in."""
    streams = FakeDynamoDBStreams()
    return Services(
        dynamodb=FakeDynamoDB("results", stream=streams),
        dynamodbstreams=streams,
        s3=FakeS3({"bucket": {}}),
        kinesis=FakeKinesis("events"),
        table="results",
        table_stream_arn=STREAM_ARN,
        bucket="bucket",
        stream="events",
    )


@pytest.fixture
def split(services: Services) -> Services:
    """A stream whose only shard held three records and was split in the middle."""
    for number in range(3):
        services.kinesis.put_records(
            StreamName=services.stream, Records=[{"PartitionKey": "key", "Data": str(number).encode()}]
        )
    services.kinesis.split_shard(
        StreamName=services.stream, ShardToSplit="shardId-000000000000", NewStartingHashKey=str(2**127)
    )
    return services


@pytest.fixture
def outlet() -> Callable[[str], Told]:
    """A fake of the kind."""

    def make(kind: str) -> Told:
        name = f"outlet{'.fifo' if 'FIFO' in kind else ''}"
        fakes: dict[str, tuple[type[FakeOutlet], Any]] = {
            "bus": (FakeBus, BusSink),
            "topic": (FakeTopic, TopicSink),
            "queue": (FakeQueue, QueueSink),
        }
        fake, sink = fakes[kind.removeprefix("FIFO ")]
        made = fake(name)
        return Told(sink(made, name), lambda _: made.ids())

    return make


@pytest.fixture
def owner() -> Owner:
    """An account in which nothing is deployed."""
    account = FakeAccount()
    return Owner(account.s3, account.dynamodb, account.sqs, account.s3.account)
