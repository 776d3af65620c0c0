"""Kinesis, as producers and readers rely on it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import ParamValidationError

from tests.contract.services.services import fresh, refused

if TYPE_CHECKING:
    from tests.contract.services.services import Services

MIB = 1024 * 1024
# AWS answers one or the other, by where the call is found to be wrong: both mean the same to us.
TOO_MUCH = ("InvalidArgumentException", "ValidationException")


def _put(services: Services, *entries: tuple[str, bytes]) -> list[dict[str, str]]:
    """Put (key, data) onto the stream; the answers."""
    answer = services.kinesis.put_records(
        StreamName=services.stream, Records=[{"PartitionKey": key, "Data": data} for key, data in entries]
    )
    assert 0 == answer["FailedRecordCount"]
    answers: list[dict[str, str]] = answer["Records"]
    return answers


def _iterator(services: Services, shard: str, kind: str, **options: str) -> str:
    answer: dict[str, str] = services.kinesis.get_shard_iterator(
        StreamName=services.stream, ShardId=shard, ShardIteratorType=kind, **options
    )
    return answer["ShardIterator"]


def _read(services: Services, start: str | None, **options: int) -> tuple[list[dict[str, Any]], str | None]:
    """Everything from an iterator on, and the iterator that it ends with."""
    records: list[dict[str, Any]] = []
    while start is not None:
        answer = services.kinesis.get_records(ShardIterator=start, **options)
        records += answer["Records"]
        start = answer.get("NextShardIterator")
        if not answer["Records"]:
            break
    return records, start


@pytest.mark.parametrize("count", [1, 500])
def test_one_answer_for_each_entry(services: Services, count: int) -> None:
    """The answers are in the order of the entries, whatever the order on the stream."""
    run = fresh()
    answers = _put(services, *((f"{run}-{n}", str(n).encode()) for n in range(count)))
    on_stream = {
        record["SequenceNumber"]: record
        for shard in sorted({answer["ShardId"] for answer in answers})
        for record in _read(services, _iterator(services, shard, "TRIM_HORIZON"))[0]
    }

    assert count == len(answers)
    assert not any("ErrorCode" in answer for answer in answers)
    assert [f"{run}-{n}" for n in range(count)] == [
        on_stream[answer["SequenceNumber"]]["PartitionKey"] for answer in answers
    ]


def test_no_entries(services: Services) -> None:
    """A call without any entry is refused before it is sent."""
    with pytest.raises(ParamValidationError):
        _put(services)


def test_501_entries(services: Services) -> None:
    """A call of more than 500 entries is refused whole."""
    with refused(*TOO_MUCH):
        _put(services, *((f"key-{n}", b"x") for n in range(501)))


@pytest.mark.parametrize("key", ["k", "k" * 256, "é" * 256, "🐟" * 128], ids=["1", "256", "256 of é", "128 fish"])
def test_keys(services: Services, key: str) -> None:
    """A key has up to 256 characters, and one beyond the basic plane counts twice."""
    (answer,) = _put(services, (key, b"x"))

    assert "ErrorCode" not in answer


@pytest.mark.parametrize("key", ["k" * 257, "é" * 257, "🐟" * 129], ids=["257", "257 of é", "129 fish"])
def test_keys_that_are_too_long(services: Services, key: str) -> None:
    """One bad key takes the whole call along."""
    with refused(*TOO_MUCH):
        _put(services, ("good", b"x"), (key, b"x"))


def test_an_empty_key(services: Services) -> None:
    """It is refused before it is sent."""
    with pytest.raises(ParamValidationError):
        _put(services, ("", b"x"))


def test_what_lies_where(services: Services) -> None:
    """One key, one shard; from call to call sequence numbers grow, as numbers, and have 56 digits."""
    answers = [_put(services, ("one key", b"x"))[0] for _ in range(5)]
    numbers = [answer["SequenceNumber"] for answer in answers]

    assert 1 == len({answer["ShardId"] for answer in answers})
    assert sorted(set(numbers), key=int) == numbers
    assert {56} == {len(number) for number in numbers}


def test_iterators(services: Services) -> None:
    """From the beginning, at a record, after it, after the last, and after what is there now."""
    answers = [_put(services, ("key", str(n).encode()))[0] for n in range(4)]
    shard, numbers = answers[0]["ShardId"], [answer["SequenceNumber"] for answer in answers]
    latest = _iterator(services, shard, "LATEST")
    _put(services, ("key", b"later"))

    def found(start: str) -> list[bytes]:
        return [record["Data"] for record in _read(services, start)[0]]

    def after(number: str) -> str:
        return _iterator(services, shard, "AFTER_SEQUENCE_NUMBER", StartingSequenceNumber=number)

    at = _iterator(services, shard, "AT_SEQUENCE_NUMBER", StartingSequenceNumber=numbers[2])
    assert [b"0", b"1", b"2", b"3", b"later"] == found(_iterator(services, shard, "TRIM_HORIZON"))[-5:]
    assert [b"2", b"3", b"later"] == found(at)
    assert [b"3", b"later"] == found(after(numbers[2]))
    assert [b"later"] == found(after(numbers[3]))
    assert [b"later"] == found(latest)


def test_an_open_shard_always_has_a_next_iterator(services: Services) -> None:
    """Also where there is nothing yet; reading on from it gives what came since, and nothing twice."""
    (answer,) = _put(services, ("key", b"0"))
    shard = answer["ShardId"]
    _, on = _read(services, _iterator(services, shard, "TRIM_HORIZON"))
    _put(services, ("key", b"1"))
    records, on = _read(services, on)

    assert [b"1"] == [record["Data"] for record in records]
    assert on is not None


def test_what_a_record_holds(services: Services) -> None:
    """Data and key as they were put, the number of the answer, and a time with a zone."""
    (answer,) = _put(services, ("🐟", b"\x00\xff"))
    number = answer["SequenceNumber"]
    at = _iterator(services, answer["ShardId"], "AT_SEQUENCE_NUMBER", StartingSequenceNumber=number)
    ((record,), _) = _read(services, at)

    assert ("🐟", b"\x00\xff") == (record["PartitionKey"], record["Data"])
    assert number == record["SequenceNumber"]
    assert record["ApproximateArrivalTimestamp"].tzinfo is not None


def test_an_iterator_at_no_number(services: Services) -> None:
    """An iterator at a record must say which."""
    (answer,) = _put(services, ("key", b"x"))
    with refused(*TOO_MUCH):
        _iterator(services, answer["ShardId"], "AT_SEQUENCE_NUMBER")


def test_no_such_shard(services: Services) -> None:
    """A shard that is not there is not found."""
    with refused("ResourceNotFoundException"):
        _iterator(services, "shardId-000000000099", "TRIM_HORIZON")


def test_no_such_stream(services: Services) -> None:
    """Each call says that the stream is not there."""
    with refused("ResourceNotFoundException"):
        services.kinesis.put_records(StreamName="no-such-stream", Records=[{"PartitionKey": "k", "Data": b""}])
    with refused("ResourceNotFoundException"):
        services.kinesis.describe_stream_summary(StreamName="no-such-stream")


def test_a_closed_shard_ends(split: Services) -> None:
    """After a split the parent can be read to its last record, and there no iterator follows; its children go on."""
    shards = split.kinesis.list_shards(StreamName=split.stream)["Shards"]
    parent, *children = (shard["ShardId"] for shard in shards)
    records, end = _read(split, _iterator(split, parent, "TRIM_HORIZON"), Limit=2)

    assert [b"0", b"1", b"2"] == [record["Data"] for record in records]
    assert end is None
    assert [parent, parent] == [shard["ParentShardId"] for shard in shards[1:]]
    assert [False, True, True] == ["EndingSequenceNumber" not in shard["SequenceNumberRange"] for shard in shards]
    answers = _put(split, *((f"key-{n}", b"new") for n in range(20)))
    assert set(children) == {answer["ShardId"] for answer in answers}
    assert min(int(answer["SequenceNumber"]) for answer in answers) > max(int(e["SequenceNumber"]) for e in records)


# Last, for their data makes the stream long to read.


@pytest.mark.parametrize("data", [b"", b"x" * (MIB - 3)], ids=["none", "1 MiB with the key"])
def test_data(services: Services, data: bytes) -> None:
    """A record has up to 1 MiB of data and key together, and may have no data at all."""
    (answer,) = _put(services, ("key", data))

    assert "ErrorCode" not in answer


def test_data_over_1_mib(services: Services) -> None:
    """A record whose data alone is too large takes the whole call along."""
    with refused(*TOO_MUCH):
        _put(services, ("good", b"x"), ("key", b"x" * (MIB + 1)))


def test_data_and_key_over_1_mib(services: Services) -> None:
    """The key counts."""
    with refused(*TOO_MUCH):
        _put(services, ("key", b"x" * (MIB - 2)))


def test_a_call_over_10_mib(services: Services) -> None:
    """A call of more than 10 MiB is refused whole."""
    with refused(*TOO_MUCH):
        _put(services, *((f"{n:02}", b"x" * (MIB - 2)) for n in range(10)), ("k", b""))
