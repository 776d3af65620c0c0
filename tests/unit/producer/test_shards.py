"""The order of a key from `put` to the function: over resharding, and with several invocations a shard at a time."""

from __future__ import annotations

import base64
import random
from collections import defaultdict
from typing import TYPE_CHECKING, Any, cast

import pytest

from pipeline.aws.kinesis import KinesisStream
from pipeline.core.decode import decode
from pipeline.core.encode import event_item
from pipeline.core.records import read
from pipeline.core.unpack import unpack
from pipeline.producer import Producer
from pipeline.testing.kinesis import Fail, FakeStream
from pipeline.testing.lambda_events import kinesis_event
from pipeline.testing.mapping import Clock, EventSourceMapping, KinesisSource, Simulator
from pipeline.testing.mapping.clients import StreamClient

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mypy_boto3_kinesis import KinesisClient

KEYS = [f"key-{number}" for number in range(20)]


@pytest.mark.parametrize("factor", [1, 4, 10])
@pytest.mark.parametrize("is_aggregated", [False, True])
def test_a_key_keeps_its_order_all_the_way(is_aggregated: bool, factor: int) -> None:  # noqa: FBT001 - a table
    """Shards are split and merged while records are put; lanes of a shard are served in any order."""
    clock, chance = Clock(), random.Random(7)  # noqa: S311 - repeatable on purpose
    source = KinesisSource(clock, shard_count=2)
    put: dict[str, list[int]] = defaultdict(list)
    stream = KinesisStream(cast("KinesisClient", StreamClient(source)), "events")
    with Producer(stream, aggregate=is_aggregated, buckets=8) as producer:
        for number in range(300):
            key = chance.choice(KEYS)
            put[key].append(number)
            producer.put(b"%s %d" % (key.encode(), number), key=key)
            if number % 50 == 25:
                producer.flush()
            if number == 100:
                source.split(source.open_shards()[0].name)
            if number == 200:
                source.merge(*(shard.name for shard in source.open_shards()[-2:]))

    arrived: dict[str, list[int]] = defaultdict(list)

    def handler(event: Mapping[str, Any], context: object) -> dict[str, list[Any]]:
        del context
        for record in read(event):
            for each in unpack(record):
                data = base64.b64decode(each.original["kinesis"]["data"]) if each.data is None else each.data
                key, digits = data.decode().split(" ")
                arrived[key].append(int(digits))
        return {"batchItemFailures": []}

    mapping = EventSourceMapping(batch_size=3, parallelization_factor=factor)
    Simulator(source, mapping, handler, clock, chance).run()

    assert put == arrived
    assert len(source.shards) > 2


@pytest.mark.parametrize("is_aggregated", [False, True])
def test_a_record_that_is_there_twice_has_one_effect(is_aggregated: bool) -> None:  # noqa: FBT001 - a table
    """A call that timed out after it was carried out is made again: the id is the same, and so is the item."""
    stream, item = FakeStream([Fail(is_carried_out=True)]), event_item(keep_days=30)
    with Producer(stream, aggregate=is_aggregated, type="log.v1", source="//host/app") as producer:
        producer.put({"body": "x"})
    records = [
        each for record in read(kinesis_event(*(entry.data for entry in stream.records))) for each in unpack(record)
    ]

    assert 2 == len(records)
    assert 1 == len({item(record, decode(record)).key for record in records})
