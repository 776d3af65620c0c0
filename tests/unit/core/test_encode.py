from __future__ import annotations

import copy
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.core.chunk import MAX_RECORD_BYTES
from pipeline.core.decode import MAX_ID_BYTES, MAX_SOURCE_BYTES, MAX_SUBJECT_BYTES, read_event
from pipeline.core.encode import (
    MAX_ITEM_BYTES,
    MAX_PARTITION_KEY_CHARACTERS,
    archive_line,
    cloudevent,
    entity_state,
    event_item,
    partition_key,
    sortable,
    stream_entry,
    timeline_order,
    version_of,
)
from pipeline.errors import Rejection
from pipeline.model import MARKER, Event, Position, Reason, Record
from pipeline.testing.dynamodb_items import read_item

if TYPE_CHECKING:
    from collections.abc import Callable

    from pipeline.model import Json

RECORD = Record(Position("events", "shard-0", "9"), {}, arrived_at=1_764_000_000.25)
LOG = Event("e-1", "//web-1/app.log", "log.v1", "2026-11-23T10:00:00.5Z", {"body": "started", "n": 1.5})
CHANGE = Event(
    id="c-1",
    source="arn:aws:dynamodb:us-east-1:000000000000:table/orders",
    type="change.v1",
    time="2026-11-23T10:00:00Z",
    subject="orders/42",
    data={
        "op": "u",
        "key": {"order_id": "42"},
        "before": None,
        "after": {"order_id": "42", "total": {"@number": "0.1234567890123456789"}},
        "source": {"table": "orders", "event_id": "c-1", "sequence_number": "100"},
    },
)


def with_data(event: Event, **data: Json) -> Event:
    return copy.replace(event, data={**event.data, **data})


def rejection(encode: Callable[[Record, Event], object], event: Event) -> Rejection:
    with pytest.raises(Rejection) as caught:
        encode(RECORD, event)
    return caught.value


def test_event_item() -> None:
    """An event is found by its id, and by its key in time order; it expires some days after it arrived."""
    expected = {
        "pk": {"S": "event#e-1"},
        "sk": {"S": "event"},
        "id": {"S": "e-1"},
        "type": {"S": "log.v1"},
        "source": {"S": "//web-1/app.log"},
        "time": {"S": "2026-11-23T10:00:00.5Z"},
        "data": {"M": {"body": {"S": "started"}, "n": {"N": "1.5"}}},
        "timeline": {"S": "//web-1/app.log"},
        "timeline_order": {"S": "2026-11-23T10:00:00.500000000Z#e-1"},
        MARKER: {"S": "events/shard-0/9/0"},
        "expires_at": {"N": str(1_764_000_000 + 30 * 86_400)},
    }
    item = event_item(keep_days=30)(RECORD, LOG)
    assert ("event#e-1", expected) == (item.key, read_item(item.item))


def test_event_item_with_a_subject() -> None:
    """An event with a subject is found by it."""
    item = read_item(event_item(keep_days=30)(RECORD, copy.replace(LOG, subject="web-1")).item)
    assert ({"S": "web-1"}, {"S": "web-1"}) == (item["subject"], item["timeline"])


def test_event_item_of_the_longest_attributes() -> None:
    """The longest attributes that are let in make keys that DynamoDB takes."""
    longest = copy.replace(LOG, id="i" * MAX_ID_BYTES, source="s" * MAX_SOURCE_BYTES, subject="k" * MAX_SUBJECT_BYTES)
    item = read_item(event_item(keep_days=30)(RECORD, longest).item)
    assert len(item["pk"]["S"]) <= 2048 >= len(item["timeline"]["S"])
    assert len(item["timeline_order"]["S"]) <= 1024


def test_largest_item() -> None:
    """An item may reach DynamoDB's limit, and not pass it."""
    encode = event_item(keep_days=30)
    largest = "x" * (MAX_ITEM_BYTES - 300)
    assert largest == read_item(encode(RECORD, with_data(LOG, body=largest)).item)["data"]["M"]["body"]["S"]
    assert Reason.TOO_LARGE == rejection(encode, with_data(LOG, body="x" * MAX_ITEM_BYTES)).reason
    assert len(encode(RECORD, with_data(LOG, body='"' * (MAX_ITEM_BYTES - 1024))).item) > 2 * (MAX_ITEM_BYTES - 1024)


def test_state() -> None:
    """A change becomes the state of its entity: the item as the table holds it, and the version that guards it."""
    state = entity_state(keep_tombstone_days=90)(RECORD, CHANGE)
    expected = {
        "pk": {"S": "entity#orders/42"},
        "sk": {"S": "state"},
        "type": {"S": "change.v1"},
        "table": {"S": "orders"},
        "key": {"M": {"order_id": {"S": "42"}}},
        "version": {"S": "100".zfill(60)},
        "deleted": {"BOOL": False},
        "time": {"S": "2026-11-23T10:00:00Z"},
        "event_id": {"S": "c-1"},
        MARKER: {"S": "events/shard-0/9/0"},
        "data": {"M": {"order_id": {"S": "42"}, "total": {"N": "0.1234567890123456789"}}},
    }
    assert ("entity#orders/42", "100".zfill(60), expected) == (state.key, state.version, read_item(state.item))


def test_tombstone() -> None:
    """A delete leaves a tombstone with its version, and only that expires."""
    item = read_item(entity_state(keep_tombstone_days=90)(RECORD, with_data(CHANGE, op="d", after=None)).item)
    assert ({"BOOL": True}, {"N": str(1_764_000_000 + 90 * 86_400)}) == (item["deleted"], item["expires_at"])
    assert ({"S": "100".zfill(60)}, False) == (item["version"], "data" in item)


def test_an_entity_with_nothing_in_it_is_there() -> None:
    """An empty image is an entity, not a delete."""
    item = read_item(entity_state(keep_tombstone_days=90)(RECORD, with_data(CHANGE, op="u", after={})).item)
    assert ({"BOOL": False}, {"M": {}}, False) == (item["deleted"], item["data"], "expires_at" in item)


@pytest.mark.parametrize(
    ("event", "reason"),
    [
        (copy.replace(CHANGE, subject=None), Reason.NOT_AN_EVENT),
        (with_data(CHANGE, source="orders"), Reason.SCHEMA_INVALID),
        (with_data(CHANGE, source={"table": "orders", "sequence_number": 1}), Reason.SCHEMA_INVALID),
        (with_data(CHANGE, after={"n": {"@number": "x"}}), Reason.SCHEMA_INVALID),
        (with_data(CHANGE, after={"n": {"@number": "1E+999"}}), Reason.NUMBER_OUT_OF_RANGE),
        (with_data(CHANGE, after={"s": "x" * MAX_ITEM_BYTES}), Reason.TOO_LARGE),
    ],
    ids=range(6),
)
def test_no_state(event: Event, reason: Reason) -> None:
    """A change that no state can be made of is rejected."""
    assert reason == rejection(entity_state(keep_tombstone_days=90), event).reason


def test_archive_line() -> None:
    """A line is the event with its position, and lies under its type and the UTC hour of its own time."""
    line = archive_line(RECORD, LOG)
    assert "type=log.v1/date=2026-11-23/hour=10" == line.partition
    assert line.line.endswith(b"}\n")
    assert {**cloudevent(LOG), "position": "events/shard-0/9/0"} == orjson.loads(line.line)


def test_stream_entry() -> None:
    """An event travels as CloudEvents JSON under its key."""
    entry = stream_entry(claims_bucket="claims")(RECORD, CHANGE)
    assert ("orders/42", CHANGE) == (entry.partition_key, read_event(orjson.loads(entry.data), arrived_at=0))


@pytest.mark.parametrize("event", [LOG, CHANGE, copy.replace(LOG, traceparent="00-1-2-01", subject="é")])
def test_cloudevent(event: Event) -> None:
    """The envelope holds the whole event."""
    assert event == read_event(orjson.loads(orjson.dumps(cloudevent(event))), arrived_at=0)


def test_largest_entry() -> None:
    """Without a claims bucket, data and key together may reach the limit of a record, in bytes, and not pass it."""
    encode = stream_entry(claims_bucket="")
    empty = len(encode(RECORD, with_data(CHANGE, pad="")).data) + len("orders/42")
    room = MAX_RECORD_BYTES - empty
    assert MAX_RECORD_BYTES - len("orders/42") == len(encode(RECORD, with_data(CHANGE, pad="x" * room)).data)
    rejected = rejection(encode, with_data(CHANGE, pad="x" * (room + 1)))
    assert (Reason.TOO_LARGE, "1048577 bytes as a stream record; the limit is 1048576") == (
        rejected.reason,
        rejected.detail,
    )


def test_partition_key() -> None:
    """A key that fits is its own partition key; a longer one has a hash, and each its own."""
    longest = "é" * MAX_PARTITION_KEY_CHARACTERS
    assert longest == partition_key(longest)
    assert 64 == len(partition_key(f"{longest}a"))
    assert partition_key(f"{longest}a") != partition_key(f"{longest}b")


@pytest.mark.parametrize(
    ("event", "order"),
    [
        (LOG, "2026-11-23T10:00:00.500000000Z#e-1"),
        (CHANGE, "100".zfill(60)),
        (with_data(CHANGE, source={}), "0" * 60),
        (copy.replace(CHANGE, data={}), "2026-11-23T10:00:00.000000000Z#c-1"),
        (copy.replace(CHANGE, type="log.v1"), "2026-11-23T10:00:00.000000000Z#c-1"),
    ],
)
def test_timeline_order(event: Event, order: str) -> None:
    """A change stands in the order of its entity's versions, anything else in time order."""
    assert order == timeline_order(event)


@given(st.integers(0, 10**56 - 1), st.integers(0, 10**56 - 1))
def test_version_order(one: int, other: int) -> None:
    """Versions as text are in the order of the sequence numbers."""
    assert (one < other) == (version_of(str(one)) < version_of(str(other)))


MOMENTS = st.tuples(st.datetimes(timezones=st.just(UTC)), st.integers(0, 10**9 - 1), st.integers(0, 9))


def text_of(moment: tuple[datetime, int, int]) -> tuple[Any, str]:
    """A moment to the nanosecond, and the text of it with as many digits of fraction as it is asked for."""
    whole, nanoseconds, digits = moment
    fraction = f"{nanoseconds:09}"[:digits]
    seconds = whole.replace(microsecond=0, tzinfo=None)
    return (seconds, f"{fraction:0<9}"), f"{seconds.isoformat()}{f'.{fraction}' if fraction else ''}Z"


@given(MOMENTS, MOMENTS | st.none(), st.integers(0, 1))
def test_sortable(one: tuple[datetime, int, int], other: tuple[datetime, int, int] | None, step: int) -> None:
    """Text order is time order, from year 1 on, whatever the digits of the fraction."""
    if other is None:
        other = (min(one[0], datetime(9999, 1, 1, tzinfo=UTC)) + timedelta(seconds=step), one[1], 9 - one[2])
    (at, text), (other_at, other_text) = text_of(one), text_of(other)
    assert (at < other_at, at == other_at) == (
        sortable(text) < sortable(other_text),
        sortable(text) == sortable(other_text),
    )
