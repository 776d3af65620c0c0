"""What the fakes do when they are told to, and a service cannot be made to do in a test."""

from __future__ import annotations

from typing import Any

import pytest
from botocore.exceptions import ClientError

from pipeline.testing.aws_errors import aws_error
from pipeline.testing.deliveries import an_item
from pipeline.testing.dynamodb import FakeDynamoDB
from pipeline.testing.dynamodb_items import read_item
from pipeline.testing.dynamodbstreams import STREAM_ARN, FakeDynamoDBStreams
from pipeline.testing.kinesis_client import FakeKinesis
from pipeline.testing.s3 import FakeS3


def put(client: FakeKinesis, *data: bytes) -> Any:  # noqa: ANN401 - the answer
    return client.put_records(StreamName="events", Records=[{"PartitionKey": "k", "Data": each} for each in data])


def test_unprocessed_items() -> None:
    """What is left unprocessed comes back as it was asked for, and is not stored."""
    requests = [{"PutRequest": {"Item": read_item(an_item(number).item)}} for number in range(3)]
    table = FakeDynamoDB(unprocessed=[2])
    answer = table.batch_write_item(RequestItems={"results": requests})

    assert {"UnprocessedItems": {"results": requests[1:]}} == answer
    assert [("event#0", "event")] == list(table.items)


def test_an_iterator_of_kinesis_expires() -> None:
    """After five minutes an iterator is of no use; a new one is."""
    client = FakeKinesis()
    put(client, b"1")
    at = {"StreamName": "events", "ShardId": "shardId-000000000000", "ShardIteratorType": "TRIM_HORIZON"}
    iterator = client.get_shard_iterator(**at)["ShardIterator"]
    client.expire_iterators()

    with pytest.raises(ClientError, match="ExpiredIteratorException"):
        client.get_records(ShardIterator=iterator)
    assert 1 == len(client.get_records(**client.get_shard_iterator(**at))["Records"])


def test_an_iterator_of_a_table_stream_expires() -> None:
    """The same after fifteen minutes."""
    client = FakeDynamoDBStreams()
    client.write("shard-0", {"pk": {"S": "a"}})
    at = {"StreamArn": STREAM_ARN, "ShardId": "shard-0", "ShardIteratorType": "TRIM_HORIZON"}
    iterator = client.get_shard_iterator(**at)["ShardIterator"]
    client.expire_iterators()

    with pytest.raises(ClientError, match="ExpiredIteratorException"):
        client.get_records(ShardIterator=iterator)
    assert 1 == len(client.get_records(**client.get_shard_iterator(**at))["Records"])


def test_a_closed_shard_of_a_table_stream_ends() -> None:
    """Its last records come without a next iterator."""
    client = FakeDynamoDBStreams(page_records=2)
    for number in range(3):
        client.write("shard-0", {"pk": {"S": str(number)}})
    client.split("shard-0", "shard-1")
    at = {"StreamArn": STREAM_ARN, "ShardId": "shard-0", "ShardIteratorType": "TRIM_HORIZON"}
    first = client.get_records(**client.get_shard_iterator(**at))
    last = client.get_records(ShardIterator=first["NextShardIterator"])

    assert (2, 1) == (len(first["Records"]), len(last["Records"]))
    assert "NextShardIterator" not in last


def test_errors_in_turn() -> None:
    """A call that was told to fail does nothing; the next one goes through."""
    slow = aws_error("ProvisionedThroughputExceededException")
    kinesis, s3 = FakeKinesis(errors=[slow]), FakeS3({"bucket": {}}, errors=[aws_error("SlowDown", 503)])
    with pytest.raises(ClientError, match="ProvisionedThroughputExceededException"):
        put(kinesis, b"1")
    with pytest.raises(ClientError, match="SlowDown"):
        s3.put_object(Bucket="bucket", Key="k", Body=b"1", ContentType="text/plain")

    assert ([], {}) == (kinesis.shards[0].records, s3.buckets["bucket"])
    assert 0 == put(kinesis, b"1")["FailedRecordCount"]


def test_entries_are_taken_in_no_promised_order() -> None:
    """Within a call the last entry lies first on the shard, and the answers keep the order of the call."""
    client = FakeKinesis()
    answers = put(client, b"1", b"2")["Records"]

    assert [b"2", b"1"] == [record["Data"] for record in client.shards[0].records]
    assert int(answers[0]["SequenceNumber"]) > int(answers[1]["SequenceNumber"])
