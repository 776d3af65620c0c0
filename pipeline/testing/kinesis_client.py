"""A Kinesis stream in memory, behind the calls of the client; what it does is held against LocalStack.

Limits are those of the API reference, PutRecords, and of the developer guide, "Quotas and limits". Shards split, and
iterators expire when they are told to.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Final

from pipeline.testing.aws_errors import aws_error, never_sent

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

MAX_ENTRIES: Final = 500
MAX_CALL_BYTES: Final = 10 * 1024 * 1024
MAX_RECORD_BYTES: Final = 1024 * 1024
MAX_KEY_UNITS: Final = 256
STARTED_AT: Final = datetime(2026, 11, 23, 10, 0, tzinfo=UTC)
_FIRST_NUMBER: Final = 49 * 10**54
_HASHES: Final = 2**128


@dataclass
class FakeKinesisShard:
    """A shard: the hashes it holds, [start, end), its parent, its records, and whether it is closed."""

    start: int = 0
    end: int = _HASHES
    parent: str | None = None
    records: list[dict[str, Any]] = field(default_factory=list)
    is_closed: bool = False


@dataclass
class FakeKinesis:
    """One stream.

    Args:
        stream: its name; any other is not found.
        errors: raised by the next calls of PutRecords, in turn; None lets a call through.
    """

    stream: str = "events"
    errors: list[Exception | None] = field(default_factory=list)
    shards: list[FakeKinesisShard] = field(default_factory=lambda: [FakeKinesisShard()])
    _written: int = 0
    _generation: int = 0

    def put_records(self, *, StreamName: str, Records: Sequence[Mapping[str, Any]]) -> dict[str, Any]:  # noqa: N803 - the API's names
        """Put all, the last first: PutRecords promises no order."""
        _check_call(Records)
        error = self.errors.pop(0) if self.errors else None
        if error is not None:
            raise error
        self._check_stream(StreamName)
        answers = [self._put(entry) for entry in reversed(Records)]
        return {"FailedRecordCount": 0, "Records": answers[::-1]}

    def describe_stream_summary(self, *, StreamName: str) -> dict[str, Any]:  # noqa: N803 - the API's names
        """What the stream is like."""
        self._check_stream(StreamName)
        count = sum(not shard.is_closed for shard in self.shards)
        return {"StreamDescriptionSummary": {"StreamStatus": "ACTIVE", "OpenShardCount": count}}

    def list_shards(self, *, StreamName: str) -> dict[str, Any]:  # noqa: N803 - the API's names
        """Every shard, the closed ones too."""
        self._check_stream(StreamName)
        return {"Shards": [self._describe(number) for number in range(len(self.shards))]}

    def split_shard(self, *, StreamName: str, ShardToSplit: str, NewStartingHashKey: str) -> None:  # noqa: N803 - the API's names
        """Close a shard and go on in two."""
        self._check_stream(StreamName)
        shard, middle = self._shard(ShardToSplit), int(NewStartingHashKey)
        shard.is_closed = True
        self.shards += [
            FakeKinesisShard(shard.start, middle, ShardToSplit),
            FakeKinesisShard(middle, shard.end, ShardToSplit),
        ]

    def get_shard_iterator(
        self,
        *,
        StreamName: str,  # noqa: N803 - the API's names
        ShardId: str,  # noqa: N803 - the API's names
        ShardIteratorType: str,  # noqa: N803 - the API's names
        StartingSequenceNumber: str | None = None,  # noqa: N803 - the API's names
    ) -> dict[str, Any]:
        """An iterator: shard, place, and the generation it expires with."""
        self._check_stream(StreamName)
        numbers = [int(record["SequenceNumber"]) for record in self._shard(ShardId).records]
        if "SEQUENCE_NUMBER" in ShardIteratorType and StartingSequenceNumber is None:
            raise aws_error("InvalidArgumentException")
        asked = int(StartingSequenceNumber or 0)
        places: dict[str, Callable[[], int]] = {
            "LATEST": lambda: len(numbers),
            "TRIM_HORIZON": lambda: 0,
            "AT_SEQUENCE_NUMBER": lambda: sum(number < asked for number in numbers),
            "AFTER_SEQUENCE_NUMBER": lambda: sum(number <= asked for number in numbers),
        }
        return {"ShardIterator": self._iterator(ShardId, places[ShardIteratorType]())}

    def get_records(self, *, ShardIterator: str, Limit: int = 10_000) -> dict[str, Any]:  # noqa: N803 - the API's names
        """The records from there on, and the next iterator while the shard may have more."""
        shard_id, place, generation = ShardIterator.split("|")
        if int(generation) != self._generation:
            raise aws_error("ExpiredIteratorException")
        shard, start = self._shard(shard_id), int(place)
        records = shard.records[start : start + Limit]
        end = start + len(records)
        if shard.is_closed and end == len(shard.records):
            return {"Records": records, "MillisBehindLatest": 0}
        return {"Records": records, "MillisBehindLatest": 0, "NextShardIterator": self._iterator(shard_id, end)}

    def expire_iterators(self) -> None:
        """Five minutes pass."""
        self._generation += 1

    def _put(self, entry: Mapping[str, Any]) -> dict[str, str]:
        hash_key = int.from_bytes(hashlib.md5(entry["PartitionKey"].encode(), usedforsecurity=False).digest())
        (place,) = (n for n, s in enumerate(self.shards) if not s.is_closed and s.start <= hash_key < s.end)
        self._written += 1
        number = str(_FIRST_NUMBER + self._written)
        at = STARTED_AT + timedelta(milliseconds=self._written)
        self.shards[place].records.append({**entry, "SequenceNumber": number, "ApproximateArrivalTimestamp": at})
        return {"ShardId": _name(place), "SequenceNumber": number}

    def _describe(self, number: int) -> dict[str, Any]:
        shard = self.shards[number]
        numbers = {"StartingSequenceNumber": str(_FIRST_NUMBER)}
        numbers |= {"EndingSequenceNumber": str(_FIRST_NUMBER + self._written)} if shard.is_closed else {}
        hashes = {"StartingHashKey": str(shard.start), "EndingHashKey": str(shard.end - 1)}
        described = {"ShardId": _name(number), "HashKeyRange": hashes, "SequenceNumberRange": numbers}
        return described if shard.parent is None else described | {"ParentShardId": shard.parent}

    def _shard(self, shard_id: str) -> FakeKinesisShard:
        names = [_name(number) for number in range(len(self.shards))]
        if shard_id not in names:
            raise aws_error("ResourceNotFoundException")
        return self.shards[names.index(shard_id)]

    def _iterator(self, shard_id: str, place: int) -> str:
        return f"{shard_id}|{place}|{self._generation}"

    def _check_stream(self, name: str) -> None:
        if name != self.stream:
            raise aws_error("ResourceNotFoundException")


def _check_call(records: Sequence[Mapping[str, Any]]) -> None:
    keys = [entry["PartitionKey"] for entry in records]
    if not records or not all(keys):
        raise never_sent("Records is empty, or a PartitionKey is")
    sizes = [len(entry["Data"]) + len(entry["PartitionKey"].encode()) for entry in records]
    if len(records) > MAX_ENTRIES or sum(sizes) > MAX_CALL_BYTES:
        raise aws_error("InvalidArgumentException", text="too many entries, or too many bytes in a call")
    units = [len(key.encode("utf-16-le")) // 2 for key in keys]
    if max(sizes) > MAX_RECORD_BYTES or max(units) > MAX_KEY_UNITS:
        raise aws_error("InvalidArgumentException", text="a record is too large, or its key is")


def _name(number: int) -> str:
    return f"shardId-{number:012}"
