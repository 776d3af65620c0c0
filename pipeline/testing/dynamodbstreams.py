"""The stream of a table in memory, behind the calls of the DynamoDB Streams client that the reader makes.

What it does is held against LocalStack by `tests/contract/services`.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from pipeline.testing.aws_errors import aws_error

if TYPE_CHECKING:
    from collections.abc import Callable

    from pipeline.model import Image

STREAM_ARN = "arn:aws:dynamodb:us-east-1:000000000000:table/results/stream/2026-11-23T10:00:00.000"
STARTED_AT = datetime(2026, 11, 23, 10, 0, tzinfo=UTC)


@dataclass
class FakeShard:
    """A shard: its records, the first that is not trimmed, and whether it is closed."""

    parent: str | None
    records: list[dict[str, Any]] = field(default_factory=list)
    trimmed: int = 0
    is_closed: bool = False


@dataclass
class FakeDynamoDBStreams:
    """A stream whose shards split, whose iterators expire and whose calls fail when told.

    `errors` are raised by the next calls of the operation they are listed under, None lets a call through.
    """

    page_shards: int = 100
    page_records: int = 1000
    shards: dict[str, FakeShard] = field(default_factory=lambda: {"shard-0": FakeShard(None)})
    errors: dict[str, list[Exception | None]] = field(default_factory=dict)
    calls: list[tuple[str, str]] = field(default_factory=list)
    _written: int = 0
    _generation: int = 0

    # what happens to the table -------------------------------------------------------------------

    def write(
        self,
        shard_id: str,
        image: Image | None,
        *,
        before: Image | None = None,
        name: str = "INSERT",
        at: datetime | None = None,
    ) -> str:
        """A change, on a shard. Gives its sequence number, which has as many digits as it needs."""
        self._written += 1
        number = str(self._written * 7)
        either = image or before or {}
        change: dict[str, Any] = {
            "ApproximateCreationDateTime": at or STARTED_AT + timedelta(seconds=self._written),
            "Keys": {key: either[key] for key in ("pk", "sk") if key in either},
            "SequenceNumber": number,
            "StreamViewType": "NEW_AND_OLD_IMAGES",
        }
        images = {"NewImage": image, "OldImage": before}
        change |= {which: each for which, each in images.items() if each is not None}
        record = {"eventID": f"event-{number}", "eventName": name, "eventSource": "aws:dynamodb", "dynamodb": change}
        self.shards[shard_id].records.append(record)
        return number

    def change(self, before: Image | None, after: Image | None) -> None:
        """An item was put or deleted, on the last shard; where nothing is different, nothing is told."""
        if before != after:
            name = "INSERT" if before is None else "REMOVE" if after is None else "MODIFY"
            self.write(next(reversed(self.shards)), after, before=before, name=name)

    def split(self, shard_id: str, *children: str) -> None:
        """Close a shard and go on in its children; without children it only ends."""
        self.shards[shard_id].is_closed = True
        for child in children:
            self.shards[child] = FakeShard(shard_id)

    def expire_iterators(self) -> None:
        """Fifteen minutes pass."""
        self._generation += 1

    # what the client offers ----------------------------------------------------------------------

    def describe_stream(self, *, StreamArn: str, ExclusiveStartShardId: str | None = None) -> dict[str, Any]:  # noqa: N803 - the client's names
        """Pages of shards, newest first: nobody may count on an order."""
        self._call("describe_stream", StreamArn)
        if not StreamArn.startswith(STREAM_ARN):
            raise aws_error("ResourceNotFoundException")
        names = list(reversed(self.shards))
        start = names.index(ExclusiveStartShardId) + 1 if ExclusiveStartShardId else 0
        page = names[start : start + self.page_shards]
        description: dict[str, Any] = {"Shards": [self._describe(name) for name in page]}
        if start + self.page_shards < len(names):
            description["LastEvaluatedShardId"] = page[-1]
        return {"StreamDescription": description}

    def get_shard_iterator(
        self,
        *,
        StreamArn: str,  # noqa: N803 - the client's names
        ShardId: str,  # noqa: N803 - the client's names
        ShardIteratorType: str,  # noqa: N803 - the client's names
        SequenceNumber: str | None = None,  # noqa: N803 - the client's names
    ) -> dict[str, Any]:
        """An iterator: shard, place and the generation it expires with."""
        self._call("get_shard_iterator", f"{ShardId} {ShardIteratorType} {SequenceNumber or ''}".strip())
        if not StreamArn.startswith(STREAM_ARN) or ShardId not in self.shards:
            raise aws_error("ResourceNotFoundException")
        shard = self.shards[ShardId]
        numbers = [each["dynamodb"]["SequenceNumber"] for each in shard.records]
        places: dict[str, Callable[[], int]] = {
            "LATEST": lambda: len(numbers),
            "TRIM_HORIZON": lambda: shard.trimmed,
            "AT_SEQUENCE_NUMBER": lambda: numbers.index(SequenceNumber or ""),
            "AFTER_SEQUENCE_NUMBER": lambda: numbers.index(SequenceNumber or "") + 1,
        }
        return {"ShardIterator": self._iterator(ShardId, places[ShardIteratorType]())}

    def get_records(self, *, ShardIterator: str, Limit: int | None = None) -> dict[str, Any]:  # noqa: N803 - the client's names
        """The records from there on, and the next iterator while the shard may have more."""
        shard_id, place, generation = ShardIterator.split("|")
        self._call("get_records", shard_id)
        if int(generation) != self._generation:
            raise aws_error("ExpiredIteratorException")
        if shard_id not in self.shards:
            raise aws_error("ResourceNotFoundException")
        shard, start = self.shards[shard_id], int(place)
        if start < shard.trimmed:
            raise aws_error("TrimmedDataAccessException")
        records = shard.records[start : start + (Limit or self.page_records)]
        end = start + len(records)
        if shard.is_closed and end == len(shard.records):
            return {"Records": records}
        return {"Records": records, "NextShardIterator": self._iterator(shard_id, end)}

    def _iterator(self, shard_id: str, place: int) -> str:
        return f"{shard_id}|{place}|{self._generation}"

    def _call(self, operation: str, subject: str) -> None:
        self.calls.append((operation, subject))
        planned = self.errors.get(operation, [])
        error = planned.pop(0) if planned else None
        if error is not None:
            raise error

    def _describe(self, shard_id: str) -> dict[str, Any]:
        shard = self.shards[shard_id]
        numbers = {"StartingSequenceNumber": "1"} | ({"EndingSequenceNumber": "9"} if shard.is_closed else {})
        described: dict[str, Any] = {"ShardId": shard_id, "SequenceNumberRange": numbers}
        return described if shard.parent is None else described | {"ParentShardId": shard.parent}
