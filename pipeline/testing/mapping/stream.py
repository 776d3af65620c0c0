"""Streams in memory, as an event source mapping reads them: shards with parents, closed shards, retention.

KinesisSource   places records by the MD5 of their partition key, can split and merge its shards (developer guide,
                "Resharding a stream"); sequence numbers grow over the whole stream, as they do within each shard
TableSource     DynamoDB Streams: a shard is closed now and then and followed by a child (`roll`), or by two (`split`)
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from itertools import pairwise
from typing import TYPE_CHECKING, Any, Final

import orjson

from pipeline.testing.lambda_events import FIRST_SEQUENCE_NUMBER, dynamodb_record, kinesis_record

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pipeline.model import Image, LambdaRecord
    from pipeline.testing.mapping.clock import Clock

HASH_KEYS: Final = 2**128
_DAY_SECONDS: Final = 86_400.0


@dataclass(frozen=True, slots=True)
class StreamRecord:
    """A record that lies in a shard.

    `key` keeps its order: the partition key, or an item's key. `size_bytes` is its part of an invocation's 6 MB.
    """

    shard: str
    sequence_number: int
    key: str
    original: LambdaRecord
    arrived_at: float
    size_bytes: int


@dataclass
class Shard:
    """A shard: the hash keys from `start` up to, not including, `end`; a closed one takes no more records."""

    name: str
    start: int = 0
    end: int = HASH_KEYS
    parents: tuple[str, ...] = ()
    is_closed: bool = False
    records: list[StreamRecord] = field(default_factory=list)


@dataclass
class Source:
    """What both kinds of streams share.

    Args:
        clock: says when a record arrives.
        next_number: the sequence number of the next record.
        retention_seconds: how long a record can be read.
        trimmed: the records that were older than that.
    """

    clock: Clock
    next_number: int = FIRST_SEQUENCE_NUMBER
    retention_seconds: float = _DAY_SECONDS
    shards: dict[str, Shard] = field(default_factory=dict)
    trimmed: list[StreamRecord] = field(default_factory=list)
    _started_at: float = field(init=False)

    def __post_init__(self) -> None:
        self._started_at = self.clock.now()

    def open_shards(self) -> list[Shard]:
        """The shards that take records, by name."""
        return [shard for shard in self.shards.values() if not shard.is_closed]

    def records(self) -> list[StreamRecord]:
        """All that can be read, in the order they were put."""
        found = [record for shard in self.shards.values() for record in shard.records]
        return sorted(found, key=lambda record: record.sequence_number)

    def trim(self) -> None:
        """Take out what is older than the retention."""
        oldest_at = self.clock.now() - self.retention_seconds
        if oldest_at <= self._started_at:
            return
        for shard in self.shards.values():
            self.trimmed += [record for record in shard.records if record.arrived_at < oldest_at]
            shard.records = [record for record in shard.records if record.arrived_at >= oldest_at]

    def split(self, name: str, at: int | None = None) -> tuple[Shard, Shard]:
        """Close a shard and open two in its place. Raises ValueError where that cannot be."""
        shard = self.shards[name]
        middle = (shard.start + shard.end) // 2 if at is None else at
        if shard.is_closed or not shard.start < middle < shard.end:
            raise ValueError(f"{name} is closed, or cannot be split at {middle}")
        return self._open(shard.start, middle, (name,)), self._open(middle, shard.end, (name,))

    def _open(self, start: int = 0, end: int = HASH_KEYS, parents: tuple[str, ...] = ()) -> Shard:
        for name in parents:
            self.shards[name].is_closed = True
        shard = Shard(f"shardId-{len(self.shards):012}", start, end, parents)
        self.shards[shard.name] = shard
        return shard

    def _place(self, hash_key: int) -> Shard:
        return next(shard for shard in self.open_shards() if shard.start <= hash_key < shard.end)

    def _number(self) -> int:
        self.next_number += 1
        return self.next_number - 1


@dataclass
class KinesisSource(Source):
    """A Kinesis data stream with a number of equal shards."""

    shard_count: int = 1
    arn: str = "arn:aws:kinesis:us-east-1:000000000000:stream/events"
    retention_seconds: float = 3 * _DAY_SECONDS

    def __post_init__(self) -> None:
        super().__post_init__()
        edges = [HASH_KEYS * number // self.shard_count for number in range(self.shard_count + 1)]
        for start, end in pairwise(edges):
            self._open(start, end)

    def put(self, partition_key: str, data: bytes, explicit_hash_key: int | None = None) -> StreamRecord:
        """Put a record; it arrives now."""
        hash_key = hash_of(partition_key) if explicit_hash_key is None else explicit_hash_key
        shard, number, at = self._place(hash_key), self._number(), self.clock.now()
        original = self._as_delivered(shard.name, number, partition_key, data, at)
        record = StreamRecord(shard.name, number, partition_key, original, at, len(original["kinesis"]["data"]))
        shard.records.append(record)
        return record

    def _as_delivered(self, shard: str, number: int, partition_key: str, data: bytes, at: float) -> Mapping[str, Any]:
        template = kinesis_record(data, number)
        # The mark has milliseconds (API reference, GetRecords).
        kinesis = {**template["kinesis"], "partitionKey": partition_key, "approximateArrivalTimestamp": round(at, 3)}
        return {**template, "kinesis": kinesis, "eventID": f"{shard}:{number}", "eventSourceARN": self.arn}

    def merge(self, first: str, second: str) -> Shard:
        """Close two neighbours and open one in their place. Raises ValueError where Kinesis would refuse it."""
        low, high = sorted((self.shards[first], self.shards[second]), key=lambda shard: shard.start)
        if low.is_closed or high.is_closed or low.end != high.start:
            raise ValueError(f"{first} and {second} are not open neighbours")
        return self._open(low.start, high.end, (low.name, high.name))


@dataclass
class TableSource(Source):
    """The stream of a DynamoDB table: one shard, until it is split."""

    next_number: int = 100_000_000_000_000_000_001
    arn: str = "arn:aws:dynamodb:us-east-1:000000000000:table/orders/stream/2026-11-23T10:00:00.000"

    def __post_init__(self) -> None:
        super().__post_init__()
        self._open()

    def put(
        self, keys: Image, *, before: Image | None = None, after: Image | None = None, by_ttl: bool = False
    ) -> StreamRecord:
        """A change: an insert, an update or a delete, by which images there are."""
        number, at = self._number(), self.clock.now()
        template = dynamodb_record(keys, before=before, after=after, sequence_number=number, by_ttl=by_ttl)
        change = {**template["dynamodb"], "ApproximateCreationDateTime": float(int(at))}
        original = {**template, "dynamodb": change, "eventSourceARN": self.arn}
        text = orjson.dumps(keys, option=orjson.OPT_SORT_KEYS).decode()
        shard = self._place(hash_of(text))
        record = StreamRecord(shard.name, number, text, original, at, len(orjson.dumps(original)))
        shard.records.append(record)
        return record

    def roll(self) -> Shard:
        """Close the oldest shard and open its child, as DynamoDB does with each every few hours."""
        shard = self.open_shards()[0]
        return self._open(shard.start, shard.end, (shard.name,))


def hash_of(key: str) -> int:
    """The hash key of a partition key: its MD5 as a 128-bit number (API reference, PutRecord)."""
    return int.from_bytes(hashlib.md5(key.encode(), usedforsecurity=False).digest())
