"""The contract of the services, on LocalStack: the very tests that the fakes pass.

Where LocalStack is known to do otherwise, AWS's documentation sides with the fake: the test is expected to fail here.
"""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from pipeline.aws.eventbridge import BusSink
from pipeline.aws.sns import TopicSink
from pipeline.aws.sqs import QueueSink
from tests.contract.services.services import Owner, Services, Told, fresh
from tests.contract.services.test_buckets import *  # noqa: F403 - the same tests, on LocalStack
from tests.contract.services.test_dynamodb import *  # noqa: F403 - the same tests, on LocalStack
from tests.contract.services.test_dynamodbstreams import *  # noqa: F403 - the same
from tests.contract.services.test_kinesis import *  # noqa: F403 - the same
from tests.contract.services.test_outlets import *  # noqa: F403 - the same
from tests.contract.services.test_ports import *  # noqa: F403 - the same
from tests.contract.services.test_s3 import *  # noqa: F403 - the same
from tests.integration.waiting import eventually

if TYPE_CHECKING:
    from collections.abc import Callable

    from pipeline.aws.clients import Clients
    from pipeline.model import Notice
    from pipeline.ports import Sink

pytestmark = pytest.mark.integration

DEVIATIONS = {
    "test_501_entries": "kinesis-mock does not count entries; API reference, PutRecords: at most 500",
    "test_data_and_key_over_1_mib": "kinesis-mock leaves out the key; API reference, PutRecords: data and key together",
    "test_a_call_over_10_mib": "kinesis-mock does not add up a call; API reference, PutRecords: at most 10 MiB",
    "test_listing_of_keys_beyond_ascii_page_by_page": "LocalStack loses such keys after the first page",
    "test_a_bucket_of_somebody_else": "LocalStack does not look at ExpectedBucketOwner; S3 user guide: 403",
    "test_no_such_shard_of_a_table": "LocalStack answers InternalError; API reference: ResourceNotFoundException",
}


@pytest.fixture(autouse=True)
def _known_deviations(request: pytest.FixtureRequest) -> None:
    """Expect the failures that are LocalStack's own, strictly."""
    reason = DEVIATIONS.get(request.function.__name__)
    if reason is not None:
        request.applymarker(pytest.mark.xfail(reason=reason, strict=True))


@pytest.fixture(scope="module")
def services(localstack: Clients) -> Services:
    """A table with a stream, a bucket and a stream, for this file alone."""
    name = f"contract-{fresh()[:8]}"
    localstack.s3.create_bucket(Bucket=name)
    return Services(
        dynamodb=localstack.dynamodb,
        dynamodbstreams=localstack.dynamodbstreams,
        s3=localstack.s3,
        kinesis=localstack.kinesis,
        table=name,
        table_stream_arn=_table(localstack, name),
        bucket=name,
        stream=_stream(localstack, name),
    )


@pytest.fixture(scope="module")
def owner(localstack: Clients) -> Owner:
    """Whoever deploys to LocalStack."""
    account = localstack.sts.get_caller_identity()["Account"]
    return Owner(localstack.s3, localstack.dynamodb, localstack.sqs, account)


@pytest.fixture
def outlet(localstack: Clients) -> Callable[[str], Told]:
    """One of the kind, and a queue that hears what it is told, if it is none itself."""

    def make(kind: str) -> Told:
        end = ".fifo" if "FIFO" in kind else ""
        fifo = {"FifoTopic" if "topic" in kind else "FifoQueue": "true"} if end else {}
        name = f"outlet-{fresh()[:8]}{end}"
        url = localstack.sqs.create_queue(QueueName=name, Attributes={"FifoQueue": "true"} if end else {})["QueueUrl"]
        arn = localstack.sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
        sink: Sink[Notice] = QueueSink(localstack.sqs, url)
        if "topic" in kind:
            topic = localstack.sns.create_topic(Name=name, Attributes=fifo)["TopicArn"]
            raw = {"RawMessageDelivery": "true"}
            localstack.sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=arn, Attributes=raw)
            sink = TopicSink(localstack.sns, topic)
        if kind == "bus":
            localstack.events.create_event_bus(Name=name)
            pattern = json.dumps({"detail-type": ["log.v1"]})
            localstack.events.put_rule(Name=name, EventBusName=name, EventPattern=pattern)
            localstack.events.put_targets(Rule=name, EventBusName=name, Targets=[{"Id": "ear", "Arn": arn}])
            sink = BusSink(localstack.events, name)
        return Told(sink, lambda count: _heard(localstack, url, count))

    return make


def _heard(clients: Clients, url: str, count: int) -> list[str]:
    """The ids of the events in a queue, once there are so many."""
    found: list[str] = []

    def look() -> list[str]:
        for message in clients.sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages", ()):
            body = json.loads(message["Body"])
            found.append(body.get("detail", body)["id"])
            clients.sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
        return found

    return eventually(look, lambda seen: len(seen) >= count)


@pytest.fixture
def split(services: Services) -> Services:
    """A stream whose only shard held three records and was split in the middle."""
    stream = _stream(services, f"{services.stream}-split")
    for number in range(3):
        services.kinesis.put_record(StreamName=stream, PartitionKey="key", Data=str(number).encode())
    services.kinesis.split_shard(StreamName=stream, ShardToSplit="shardId-000000000000", NewStartingHashKey=str(2**127))
    _wait(services.kinesis, "stream_exists", StreamName=stream)
    return replace(services, stream=stream)


def _table(clients: Clients, name: str) -> str:
    """The ARN of the stream of a new table, once both are there."""
    keys = {"pk": "HASH", "sk": "RANGE"}
    clients.dynamodb.create_table(
        TableName=name,
        AttributeDefinitions=[{"AttributeName": key, "AttributeType": "S"} for key in keys],
        KeySchema=[{"AttributeName": key, "KeyType": kind} for key, kind in keys.items()],  # type: ignore[typeddict-item] # the two kinds
        BillingMode="PAY_PER_REQUEST",
        StreamSpecification={"StreamEnabled": True, "StreamViewType": "NEW_AND_OLD_IMAGES"},
    )
    _wait(clients.dynamodb, "table_exists", TableName=name)
    arn = clients.dynamodb.describe_table(TableName=name)["Table"]["LatestStreamArn"]
    # LocalStack loses the changes that are made before.
    seen = eventually(
        lambda: clients.dynamodbstreams.describe_stream(StreamArn=arn)["StreamDescription"]["StreamStatus"],
        lambda status: status == "ENABLED",
    )
    assert "ENABLED" == seen
    return arn


def _stream(clients: Any, name: str) -> str:  # noqa: ANN401 - whatever has a Kinesis client
    """A new stream of one shard, once it is there."""
    clients.kinesis.create_stream(StreamName=name, ShardCount=1)
    _wait(clients.kinesis, "stream_exists", StreamName=name)
    return name


def _wait(client: Any, condition: str, **of: str) -> None:  # noqa: ANN401 - any client
    client.get_waiter(condition).wait(**of, WaiterConfig={"Delay": 1, "MaxAttempts": 60})
