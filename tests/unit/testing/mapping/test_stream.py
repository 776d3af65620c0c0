from __future__ import annotations

import pytest

from pipeline.core.records import read
from pipeline.testing.mapping import Clock, KinesisSource, TableSource
from pipeline.testing.mapping.stream import HASH_KEYS, hash_of

KEYS = {"order_id": {"S": "1"}}


def test_kinesis_shape() -> None:
    """A Kinesis record has Lambda's shape, with its own shard, key, number and time."""
    source = KinesisSource(Clock(at=5.0004), next_number=7, shard_count=2)
    put = source.put("key", b"data")
    (record,) = read({"Records": [put.original]})
    assert ("events", put.shard, "7") == record.position[:3]
    assert ("key", "ZGF0YQ==", 5.0) == tuple(
        put.original["kinesis"][name] for name in ("partitionKey", "data", "approximateArrivalTimestamp")
    )


def test_table_shape() -> None:
    """A change has Lambda's shape, and its time no fraction."""
    put = TableSource(Clock(at=5.9), next_number=7).put(KEYS, after=KEYS)
    (record,) = read({"Records": [put.original]})
    assert ("orders", "7", 5.0) == (record.position.stream, record.position.sequence_number, record.arrived_at)


def test_hash_keys() -> None:
    """A record lies where the MD5 of its key, or its explicit hash key, belongs."""
    source = KinesisSource(Clock(), shard_count=2)
    low, high = source.open_shards()
    assert [low.name, high.name] == [source.put("k", b"", place).shard for place in (0, HASH_KEYS - 1)]
    assert (low if hash_of("k") < HASH_KEYS // 2 else high).name == source.put("k", b"").shard
    assert int("8ce4b16b22b58894aa86c421e8759df3", 16) == hash_of("k")


def test_split_and_merge() -> None:
    """A split and a merge close their parents and leave every hash key with one open shard."""
    source = KinesisSource(Clock())
    low, high = source.split("shardId-000000000000")
    merged = source.merge(high.name, low.name)
    assert [merged] == source.open_shards()
    assert (0, HASH_KEYS, (low.name, high.name)) == (merged.start, merged.end, merged.parents)
    with pytest.raises(ValueError, match="is closed"):
        source.split(low.name)
    with pytest.raises(ValueError, match="are not open neighbours"):
        source.merge(low.name, high.name)


def test_split_of_a_table() -> None:
    """The changes of an item lie in one of the two shards, and follow it when that goes on in a child."""
    source = TableSource(Clock())
    halves = source.split("shardId-000000000000")
    first = [source.put({"order_id": {"S": str(n)}}, after={}).shard for n in range(20)]
    child = source.roll()
    second = [source.put({"order_id": {"S": str(n)}}, after={}).shard for n in range(20)]
    assert {shard.name for shard in halves} == {*first}
    assert [child.name if name == halves[0].name else name for name in first] == second


def test_roll() -> None:
    """A table's stream goes on in a child of its shard."""
    source = TableSource(Clock())
    before, child, after = source.put(KEYS, after=KEYS), source.roll(), source.put(KEYS, after=KEYS, before=KEYS)
    assert ((before.shard,), child.name) == (child.parents, after.shard)
