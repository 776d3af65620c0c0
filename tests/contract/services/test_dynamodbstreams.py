"""DynamoDB Streams, as `relay_changes` and `pipeline tail` rely on it."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from tests.contract.services.services import an_item, fresh, refused

if TYPE_CHECKING:
    from pipeline.model import Image
    from tests.contract.services.services import Services

DEADLINE_SECONDS = 20.0


def _put(services: Services, item: Image) -> None:
    services.dynamodb.put_item(TableName=services.table, Item=item)


def _shards(services: Services) -> list[str]:
    described = services.dynamodbstreams.describe_stream(StreamArn=services.table_stream_arn)["StreamDescription"]
    return [shard["ShardId"] for shard in described["Shards"]]


def _iterator(services: Services, shard: str, kind: str, **options: str) -> str:
    answer: dict[str, str] = services.dynamodbstreams.get_shard_iterator(
        StreamArn=services.table_stream_arn, ShardId=shard, ShardIteratorType=kind, **options
    )
    return answer["ShardIterator"]


def _read(services: Services, start: str | None, **options: int) -> list[dict[str, Any]]:
    """What there is from an iterator on."""
    records: list[dict[str, Any]] = []
    while start is not None:
        answer = services.dynamodbstreams.get_records(ShardIterator=start, **options)
        records += answer["Records"]
        start = answer.get("NextShardIterator")
        if not answer["Records"]:
            break
    return records


def _changes(services: Services, pk: str, count: int) -> list[dict[str, Any]]:
    """The changes of an item once there are so many, or at the deadline: a change is in the stream a moment later."""
    deadline = time.monotonic() + DEADLINE_SECONDS
    while True:
        found = [
            record
            for shard in _shards(services)
            for record in _read(services, _iterator(services, shard, "TRIM_HORIZON"))
            if record["dynamodb"]["Keys"]["pk"] == {"S": pk}
        ]
        if len(found) >= count or time.monotonic() > deadline:
            return found


def _numbers(records: list[dict[str, Any]]) -> list[str]:
    return [record["dynamodb"]["SequenceNumber"] for record in records]


def test_what_a_change_holds(services: Services) -> None:
    """An insert has the new image, a modification both, a removal the old one; all have the keys and a time."""
    pk = fresh()
    one, two = an_item(pk, n={"N": "1"}), an_item(pk, n={"N": "2"})
    _put(services, one)
    _put(services, two)
    services.dynamodb.delete_item(TableName=services.table, Key=an_item(pk))
    records = _changes(services, pk, 3)

    assert ["INSERT", "MODIFY", "REMOVE"] == [record["eventName"] for record in records]
    assert [(None, one), (one, two), (two, None)] == [
        (record["dynamodb"].get("OldImage"), record["dynamodb"].get("NewImage")) for record in records
    ]
    assert all(an_item(pk) == record["dynamodb"]["Keys"] for record in records)
    assert all(record["dynamodb"]["ApproximateCreationDateTime"].tzinfo is not None for record in records)
    assert {"aws:dynamodb"} == {record["eventSource"] for record in records}


def test_each_change_has_an_id_and_numbers_that_grow(services: Services) -> None:
    """The changes of one item are in their order, with sequence numbers that grow as numbers, and ids of their own."""
    pk = fresh()
    for n in range(12):
        _put(services, an_item(pk, n={"N": str(n)}))
    records = _changes(services, pk, 12)

    assert [str(n) for n in range(12)] == [record["dynamodb"]["NewImage"]["n"]["N"] for record in records]
    assert sorted(set(_numbers(records)), key=int) == _numbers(records)
    assert 12 == len({record["eventID"] for record in records})


def test_a_write_that_changes_nothing_is_no_change(services: Services) -> None:
    """Neither the same item again, nor a delete of nothing, nor a put that the guard refuses."""
    pk = fresh()
    _put(services, an_item(pk))
    _put(services, an_item(pk))
    services.dynamodb.delete_item(TableName=services.table, Key=an_item(f"{pk}-not-there"))
    with refused("ConditionalCheckFailedException"):
        services.dynamodb.put_item(
            TableName=services.table, Item=an_item(pk, n={"N": "1"}), ConditionExpression="attribute_not_exists(pk)"
        )
    _put(services, an_item(pk, n={"N": "2"}))

    assert ["INSERT", "MODIFY"] == [record["eventName"] for record in _changes(services, pk, 2)]


def test_a_batch_is_told_item_by_item(services: Services) -> None:
    """Each item of a BatchWriteItem is a change of its own."""
    run = fresh()
    puts = [{"PutRequest": {"Item": an_item(f"{run}-{n}")}} for n in range(3)]
    services.dynamodb.batch_write_item(RequestItems={services.table: puts})

    assert ["INSERT"] * 3 == [record["eventName"] for n in range(3) for record in _changes(services, f"{run}-{n}", 1)]


def test_iterators_of_a_table(services: Services) -> None:
    """At a change, after it, after the last, and after what is there now; page by page it is the same."""
    pk = fresh()
    for n in range(4):
        _put(services, an_item(pk, n={"N": str(n)}))
    found = _numbers(_changes(services, pk, 4))
    (shard,) = _shards(services)
    latest = _iterator(services, shard, "LATEST")
    _put(services, an_item(pk, n={"N": "4"}))
    (*_, last) = _numbers(_changes(services, pk, 5))

    def at(kind: str, number: str, **options: int) -> list[str]:
        return _numbers(_read(services, _iterator(services, shard, kind, SequenceNumber=number), **options))

    assert [*found[2:], last] == at("AT_SEQUENCE_NUMBER", found[2])
    assert [*found[3:], last] == at("AFTER_SEQUENCE_NUMBER", found[2])
    assert [*found[1:], last] == at("AFTER_SEQUENCE_NUMBER", found[0], Limit=1)
    assert [] == at("AFTER_SEQUENCE_NUMBER", last)
    assert [last] == _numbers(_read(services, latest))


def test_an_open_shard_of_a_table_always_has_a_next_iterator(services: Services) -> None:
    """Also where there is nothing yet."""
    (shard,) = _shards(services)
    answer = services.dynamodbstreams.get_records(ShardIterator=_iterator(services, shard, "LATEST"))

    assert [] == answer["Records"]
    assert answer["NextShardIterator"]


def test_no_such_stream_of_a_table(services: Services) -> None:
    """A stream that is not there is not found."""
    arn = "arn:aws:dynamodb:us-east-1:000000000000:table/no-such-table/stream/2026-11-23T10:00:00.000"
    with refused("ResourceNotFoundException"):
        services.dynamodbstreams.describe_stream(StreamArn=arn)


def test_no_such_shard_of_a_table(services: Services) -> None:
    """A shard that is not there is not found."""
    with refused("ResourceNotFoundException"):
        _iterator(services, "shardId-00000000000000000000-00000000", "LATEST")
