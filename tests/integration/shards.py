"""What lies on a stream of LocalStack."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from pipeline.model import Entry, Position

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mypy_boto3_kinesis import KinesisClient


@dataclass
class Tail:
    """What is new on a stream, each shard in its order."""

    client: KinesisClient
    name: str
    iterators: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        shards = self.client.list_shards(StreamName=self.name)["Shards"]
        for shard in (each["ShardId"] for each in shards):
            self.iterators[shard] = self.client.get_shard_iterator(
                StreamName=self.name, ShardId=shard, ShardIteratorType="TRIM_HORIZON"
            )["ShardIterator"]

    def read(self) -> Iterator[Entry]:
        """What was put since it was read last."""
        for shard, iterator in self.iterators.items():
            following = iterator
            while True:
                answer = self.client.get_records(ShardIterator=following, Limit=10_000)
                following = answer["NextShardIterator"]
                for record in answer["Records"]:
                    position = Position(self.name, shard, record["SequenceNumber"])
                    yield Entry(position, record["PartitionKey"], record["Data"])
                if not answer["Records"] and not answer["MillisBehindLatest"]:
                    break
            self.iterators[shard] = following
