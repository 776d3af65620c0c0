from __future__ import annotations

from copy import replace
from typing import TYPE_CHECKING, Any

import orjson
import pytest

from pipeline.core.encode import archive_line, event_item
from pipeline.core.process import Stages, finish, prepare
from pipeline.core.records import read
from pipeline.core.route import Route, where
from pipeline.core.validate import compile_schemas
from pipeline.environment import read_schemas
from pipeline.errors import Misconfiguration
from pipeline.model import MARKER, DeadLetter, Delivery, Entry, Item, Line, Reason, Record, State
from pipeline.project import SCHEMAS
from pipeline.routes import PROCESS, process_stages, relay_changes_stages
from pipeline.testing.dynamodb_items import read_item
from pipeline.testing.lambda_events import (
    TABLE_STREAM_ARN,
    dynamodb_event,
    dynamodb_record,
    kinesis_event,
    log_event,
    table_change,
)

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
    "lines": {"L": [{"M": {"@set": {"L": [{"BOOL": False}]}}}]},
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
    assert relay_changes_stages(READ).routes.keys() == relay_changes_stages(READ).validators.keys()


@pytest.mark.parametrize(("name", "data"), [(name, data) for name in READ for data in READ[name]["examples"]])
def test_examples_are_delivered(name: str, data: dict[str, Any]) -> None:
    """Every example of a schema goes where its route says, without its conditions; or is dropped; none is dead."""
    places = tuple(each.destination if isinstance(each, where) else each for each in PROCESS[name].destinations)
    routes = {**PROCESS, name: replace(PROCESS[name], destinations=places)}
    deliveries, dead_letters, _ = run(kinesis_event(example(name, data)), process_stages(READ, routes=routes))
    assert (0, []) == (len(deliveries) % len(places), dead_letters)


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
    assert ([], expected) == (dead_letters, read_item(state.item).get("data"))


@pytest.mark.parametrize("view", ["KEYS_ONLY", "NEW_IMAGE", "OLD_IMAGE"])
def test_half_a_change(view: str) -> None:
    """A stream that does not carry both images is the table's fault, not a record's: the whole batch is refused."""
    good, half = dynamodb_record(KEYS, after=KEYS), dynamodb_record(KEYS, after=KEYS)
    half["dynamodb"]["StreamViewType"] = view
    with pytest.raises(Misconfiguration, match=f"the stream of table orders carries {view}, and a change needs NEW_"):
        run(dynamodb_event(good, half), relay_changes_stages(READ))


def test_the_results_table_as_a_source() -> None:
    """The changes of the results table are refused, whatever they are; those of any other table are taken."""
    record = dynamodb_record(KEYS, after=KEYS)
    batch = dynamodb_event({**record, "eventSourceARN": TABLE_STREAM_ARN.replace("/orders/", "/results/")})
    with pytest.raises(
        Misconfiguration, match=r"^results is the results table, and relaying its changes would never end"
    ):
        run(batch, relay_changes_stages(READ, "claims", "results"))
    assert 1 == len(run(batch, relay_changes_stages(READ, "claims", "result"))[0])


def change_of(before: dict[str, AttributeValue] | None, after: dict[str, AttributeValue] | None) -> LambdaRecord:
    return dynamodb_record(KEYS, before=before and {**KEYS, **before}, after=after and {**KEYS, **after})


@pytest.mark.parametrize(
    ("before", "after", "relayed"),
    [
        (None, {MARKER: {"S": "a"}}, False),
        ({"x": {"S": "x"}}, {MARKER: {"S": "a"}}, False),
        ({MARKER: {"S": "a"}}, {MARKER: {"S": "b"}}, False),
        ({MARKER: {"S": "a"}}, {MARKER: {"S": "a"}, "x": {"S": "edited"}}, True),
        ({MARKER: {"S": "a"}}, {"x": {"S": "x"}}, True),
        ({MARKER: {"S": "a"}}, None, True),
        (None, {"x": {"M": {MARKER: {"S": "a"}}}}, True),
    ],
    ids=["insert", "overwrite", "update", "edit", "replacement", "delete", "inside"],
)
def test_loop_guard(before: Any, after: Any, relayed: bool) -> None:  # noqa: ANN401, FBT001 - a table of images
    """What our own writers wrote is dropped; what anybody does to it afterwards is relayed."""
    deliveries, dead_letters, _ = run(dynamodb_event(change_of(before, after)), relay_changes_stages(READ))
    assert (int(relayed), []) == (len(deliveries), dead_letters)


def test_loop_guard_knows_what_the_sinks_write() -> None:
    """Both kinds of items that the sinks are given are known again as ours, put for the first time or another one."""
    data = {
        "op": "c",
        "key": {"id": 1},
        "before": None,
        "after": {"id": 1},
        "source": READ["change.v1"]["examples"][0]["source"],
    }
    written, _, _ = run(kinesis_event(*[example("change.v1", data)] * 2), process_stages(READ))
    for kind in (Item, State):
        first, second = ({**read_item(each.item)} for each in written if isinstance(each, kind))
        batch = dynamodb_event(
            change_of(None, first), change_of(first, second), change_of(first, {**first, "x": {"S": "x"}})
        )
        assert 1 == len(run(batch, relay_changes_stages(READ))[0])


def test_loop_guard_of_changes_by_destination() -> None:
    """What comes by DynamoDB's own Kinesis destination, straight to `process`, is guarded too."""
    images = (None, {**KEYS, MARKER: {"S": "a"}}), ({**KEYS, MARKER: {"S": "a"}}, {**KEYS, MARKER: {"S": "a"}})
    batch = kinesis_event(*(orjson.dumps(table_change(KEYS, before=one, after=other)) for one, other in images))
    deliveries, dead_letters, records = run(batch, process_stages(READ))
    assert ({records[1].position}, []) == ({each.position for each in deliveries}, dead_letters)


def test_adding_a_type() -> None:
    """A new type takes one schema and one route, and nothing else."""
    schemas = {**READ, "metric.v1": {"type": "object", "required": ["value"]}}
    routes = {**PROCESS, "metric.v1": Route((), (event_item(keep_days=7), archive_line))}
    stages = Stages(process_stages(READ).decode, compile_schemas(schemas), routes)
    batch = kinesis_event(example("metric.v1", {"value": 1.5}), example("metric.v1", {}), log_event("e-3"))
    deliveries, dead_letters, _ = run(batch, stages)
    assert [Item, Line, Item, Line] == [type(each) for each in deliveries]
    assert [Reason.SCHEMA_INVALID] == [each.reason for each in dead_letters]
