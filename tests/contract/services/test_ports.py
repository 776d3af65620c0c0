"""The adapters of the ports, on whatever service: the promise of each port, in a few lines."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import pytest

from pipeline.aws.dynamodb import ItemSink, StateSink
from pipeline.aws.dynamodbstreams import follow
from pipeline.aws.kinesis import KinesisStream
from pipeline.aws.s3 import ArchiveSink, archived
from pipeline.errors import Misconfiguration
from pipeline.testing.deliveries import a_line, a_state, an_item
from pipeline.testing.dynamodb_items import read_item
from pipeline.testing.record_stream import check_record_stream
from tests.contract.services.services import fresh

if TYPE_CHECKING:
    from pipeline.model import Item
    from tests.contract.services.services import Services

DEADLINE_SECONDS = 20.0


def _left() -> float:
    return DEADLINE_SECONDS


def test_items_go_in_and_a_bad_one_stays_out(services: Services) -> None:
    """Of 60 items the bad one is refused for ever, in the middle of its batch, and all others are in the table."""
    run = fresh()
    items: list[Item] = [an_item(number, f"{run}-{number}") for number in range(60)]
    items[30] = an_item(30, f"{run}-30", "x" * 400 * 1024)
    failures = ItemSink(services.dynamodb, services.table).write(items, _left)

    assert [(items[30].position, True)] == [(position, failure.permanent) for position, failure in failures.items()]
    there = [
        services.dynamodb.get_item(TableName=services.table, Key={"pk": {"S": each.key}, "sk": {"S": "event"}})
        for each in items
    ]
    assert [number for number in range(60) if number != 30] == [n for n, each in enumerate(there) if "Item" in each]


def test_state_only_moves_forward(services: Services) -> None:
    """Whatever comes again, in whatever order, the newest version stays; a tombstone is one too."""
    entity, sink = fresh(), StateSink(services.dynamodb, services.table)
    for number, version in enumerate([2, 9, 1, 10, 9, 10, 3]):
        assert {} == sink.write([a_state(number, entity, version, deleted=version == 10)], _left)

    key = {"pk": {"S": f"entity#{entity}"}, "sk": {"S": "state"}}
    stored = services.dynamodb.get_item(TableName=services.table, Key=key)["Item"]
    assert read_item(a_state(0, entity, 10, deleted=True).item) == stored


@pytest.mark.parametrize("batches", [[[1, 2]], [[1], [2]], [[1], [1, 2]], [[1, 2], [2]]], ids=str)
def test_of_two_states_with_one_version_the_first_stays(services: Services, batches: list[list[int]]) -> None:
    """Whether they come in one batch or in several."""
    entity, sink = fresh(), StateSink(services.dynamodb, services.table)
    states = {number: a_state(number, entity, 7, f"of {number}") for number in (1, 2)}
    for batch in batches:
        assert {} == sink.write([states[number] for number in batch], _left)

    key = {"pk": {"S": f"entity#{entity}"}, "sk": {"S": "state"}}
    assert read_item(states[1].item) == services.dynamodb.get_item(TableName=services.table, Key=key)["Item"]


def test_the_archive_written_again_is_the_same(services: Services) -> None:
    """A redelivery from the same record overwrites, whether it is longer or shorter."""
    partition = f"type={fresh()}"
    sink = ArchiveSink(services.s3, services.bucket)
    for numbers in ([1, 2, 3], [1, 2, 3, 4], [1, 2]):
        assert {} == sink.write([a_line(number, partition) for number in numbers], _left)

    lines = {key: lines for key, _, lines in archived(services.s3, services.bucket) if partition in key}
    assert [[{"n": 1}, {"n": 2}]] == list(lines.values())


def test_no_such_place(services: Services) -> None:
    """A table, a bucket or a stream that is not there is nobody's record's fault."""
    with pytest.raises(Misconfiguration):
        ItemSink(services.dynamodb, "no-such-table").write([an_item(1)], _left)
    with pytest.raises(Misconfiguration):
        StateSink(services.dynamodb, "no-such-table").write([a_state(1, "e", 1)], _left)
    with pytest.raises(Misconfiguration):
        ArchiveSink(services.s3, f"no-such-{fresh()}").write([a_line(1)], _left)


def test_a_stream_keeps_to_its_port(services: Services) -> None:
    """The lines that every RecordStream is held against."""
    stream = KinesisStream(services.kinesis, services.stream)
    stream.check()
    check_record_stream(stream)


def test_changes_are_followed_from_now_on(services: Services) -> None:
    """What is written after the call comes, each change once and in order per item."""
    run = fresh()
    deadline = time.monotonic() + DEADLINE_SECONDS
    batches = follow(services.dynamodbstreams, services.table_stream_arn)
    for number in range(5):
        _write(services, run, number)
    found: list[str] = []
    while len(found) < 5 and time.monotonic() < deadline:
        found += [
            record["dynamodb"]["NewImage"]["n"]["N"]
            for record in next(batches)
            if record["dynamodb"]["Keys"]["pk"] == {"S": run}
        ]

    assert ["0", "1", "2", "3", "4"] == found


def _write(services: Services, pk: str, number: int) -> None:
    item = {"pk": {"S": pk}, "sk": {"S": "contract"}, "n": {"N": str(number)}}
    services.dynamodb.put_item(TableName=services.table, Item=item)
