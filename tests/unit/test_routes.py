from __future__ import annotations

from typing import TYPE_CHECKING, Any

import orjson
import pytest

from pipeline.core.encode import archive_line, event_item
from pipeline.core.process import Stages, finish, prepare
from pipeline.core.records import read
from pipeline.core.route import Route
from pipeline.core.validate import compile_schemas
from pipeline.environment import read_schemas
from pipeline.model import DeadLetter, Delivery, Entry, Item, Line, Reason, Record, State
from pipeline.project import SCHEMAS
from pipeline.routes import PROCESS, RELAY_CHANGES, process_stages, relay_changes_stages
from pipeline.testing.lambda_events import dynamodb_event, dynamodb_record, kinesis_event, log_event

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pipeline.model import AttributeValue, LambdaRecord

READ = read_schemas(SCHEMAS)
KEYS: dict[str, AttributeValue] = {"order_id": {"S": "42"}}
IMAGE: dict[str, AttributeValue] = {
    **KEYS,
    "total": {"N": "0.12345678901234567890123456789012345678"},
    "tags": {"SS": ["a", "b"]},
    "sizes": {"NS": ["1", "12345678901234567890"]},
    "raw": {"B": "AP8="},
    "nothing": {"NULL": True},
    "lines": {"L": [{"M": {"$set": {"L": [{"BOOL": False}]}}}]},
}


def run(event: dict[str, Any], stages: Stages) -> tuple[Sequence[Delivery], Sequence[DeadLetter], list[Record]]:
    records = read(event)
    processed = finish(prepare(records, stages), {}, stages)
    return processed.deliveries, processed.dead_letters, records


def example(name: str, data: dict[str, Any]) -> dict[str, Any]:
    return {**log_event(key="orders/42"), "type": name, "data": data}


def test_every_schema_has_its_route() -> None:
    """A type has a schema and a route, or neither."""
    assert READ.keys() == PROCESS.keys() == process_stages(READ).validators.keys()
    assert {"log.v1", "change.v1"} <= PROCESS.keys()
    assert RELAY_CHANGES.keys() == relay_changes_stages(READ).validators.keys()


@pytest.mark.parametrize(("name", "data"), [(name, data) for name in READ for data in READ[name]["examples"]])
def test_examples_are_delivered(name: str, data: dict[str, Any]) -> None:
    """Every example of a schema goes where its route says, or is dropped by it; none is a dead letter."""
    deliveries, dead_letters, _ = run(kinesis_event(example(name, data)), process_stages(READ))
    assert (0, []) == (len(deliveries) % len(PROCESS[name].destinations), dead_letters)


@pytest.mark.parametrize(("name", "kinds"), [("log.v1", [Item, Line]), ("change.v1", [Item, State, Line])])
def test_where_events_go(name: str, kinds: list[type]) -> None:
    """Logs are found and archived; of changes, the current state is kept as well."""
    deliveries, _, _ = run(kinesis_event(example(name, READ[name]["examples"][0])), process_stages(READ))
    assert kinds == [type(each) for each in deliveries]


def test_log_is_transformed() -> None:
    """A log is stored with its time in UTC, its severity normalised and its addresses masked."""
    sent = {**log_event(severity_text="warning", body="from ada@example.com"), "time": "2026-11-23T01:30:00+02:00"}
    deliveries, _, _ = run(kinesis_event(sent), process_stages(READ))
    (line,) = [each for each in deliveries if isinstance(each, Line)]
    archived = orjson.loads(line.line)
    assert "type=log.v1/date=2026-11-22/hour=23" == line.partition
    assert "2026-11-22T23:30:00Z" == archived["time"]
    assert {"body": "from ***@example.com", "severity_text": "WARN", "severity_number": 13} == archived["data"]


@pytest.mark.parametrize(("severity", "deliveries"), [({"severity_text": "trace"}, 0), ({"severity_number": 5}, 2)])
def test_trace_is_dropped(severity: dict[str, Any], deliveries: int) -> None:
    """A log below DEBUG is dropped, whether its number or its name says so."""
    assert deliveries == len(run(kinesis_event(log_event(**severity)), process_stages(READ))[0])


@pytest.mark.parametrize(
    "record",
    [
        dynamodb_record(KEYS, after=IMAGE),
        dynamodb_record(KEYS, before=IMAGE, after=IMAGE),
        dynamodb_record(KEYS, before=IMAGE),
        dynamodb_record(KEYS, before=IMAGE, by_ttl=True),
    ],
    ids=["insert", "update", "delete", "ttl"],
)
def test_relayed_change_is_processed(record: LambdaRecord) -> None:
    """What relay_changes puts onto the stream, process takes, and the state is the item, no value changed."""
    (entry,), none, _ = run(dynamodb_event(record), relay_changes_stages(READ))
    assert isinstance(entry, Entry)
    assert ("orders/42", []) == (entry.partition_key, none)
    deliveries, dead_letters, _ = run(kinesis_event(entry.data), process_stages(READ))
    (state,) = [each for each in deliveries if isinstance(each, State)]
    after = record["dynamodb"].get("NewImage")
    expected = None if after is None else {"M": {**after, "raw": {"B": b"\x00\xff"}}}
    assert ([], expected) == (dead_letters, state.item.get("data"))


def test_keys_only_stream() -> None:
    """A stream without images is dead-lettered, not guessed at."""
    record = dynamodb_record(KEYS, after=KEYS)
    del record["dynamodb"]["NewImage"]
    _, (letter,), _ = run(dynamodb_event(record), relay_changes_stages(READ))
    assert Reason.SCHEMA_INVALID == letter.reason


def test_adding_a_type() -> None:
    """A new type takes one schema and one route, and nothing else."""
    schemas = {**READ, "metric.v1": {"type": "object", "required": ["value"]}}
    routes = {**PROCESS, "metric.v1": Route((), (event_item(keep_days=7), archive_line))}
    stages = Stages(process_stages(READ).decode, compile_schemas(schemas), routes)
    batch = kinesis_event(example("metric.v1", {"value": 1.5}), example("metric.v1", {}), log_event("e-3"))
    deliveries, dead_letters, _ = run(batch, stages)
    assert [Item, Line, Item, Line] == [type(each) for each in deliveries]
    assert [Reason.SCHEMA_INVALID] == [each.reason for each in dead_letters]
