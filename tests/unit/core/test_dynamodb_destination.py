from __future__ import annotations

import copy
from typing import TYPE_CHECKING, Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.core import change
from pipeline.core.decode import decode
from pipeline.core.dynamodb_destination import micros_of, version_of
from pipeline.core.process import finish, prepare
from pipeline.core.records import read
from pipeline.errors import Rejection
from pipeline.model import Event, Reason, State
from pipeline.testing.bench import STAGES
from pipeline.testing.dynamodb_items import read_item
from pipeline.testing.lambda_events import (
    FIRST_SEQUENCE_NUMBER,
    dynamodb_event,
    dynamodb_record,
    kinesis_event,
    table_change,
)

if TYPE_CHECKING:
    from pipeline.model import Image, Json

KEYS: Image = {"order_id": {"S": "42"}}
NEW: Image = {**KEYS, "total": {"N": "0.12345678901234567890"}, "raw": {"B": "AP8="}}
MICROS = 1_764_000_000_250_000
SEQUENCE_NUMBERS = st.integers(0, 10**56 - 1)


def event_of(value: dict[str, Any], sequence_number: int = FIRST_SEQUENCE_NUMBER) -> Event:
    return decode(read(kinesis_event(value, first=sequence_number))[0])


def state_of(value: dict[str, Any], sequence_number: int = FIRST_SEQUENCE_NUMBER) -> State:
    records = read(kinesis_event(value, first=sequence_number))
    processed = finish(prepare(records, STAGES), {}, STAGES)
    (state,) = [each for each in processed.deliveries if isinstance(each, State)]
    return state


@pytest.mark.parametrize(
    ("before", "after"), [(None, NEW), (KEYS, NEW), (NEW, None)], ids=["insert", "update", "delete"]
)
def test_event(before: Image | None, after: Image | None) -> None:
    """A change is the same event as by the table's own stream, but for its id, its version and their origin."""
    event = event_of(table_change(KEYS, before=before, after=after))
    usual = change.decode(read(dynamodb_event(dynamodb_record(KEYS, before=before, after=after)))[0])
    assert isinstance(usual.data["source"], dict)
    where = {
        **usual.data["source"],
        "event_id": "b015b5f0-c095-4b50-8ad0-4279aa3d88c6",
        "sequence_number": "1764000000250000" + "4954511524349098501828006771497314458218",
    }
    assert copy.replace(usual, id=event.id, data={**usual.data, "source": where}) == event


def test_by_ttl() -> None:
    """A delete by TTL is told from a user's."""
    identity = {"type": "Service", "principalId": "dynamodb.amazonaws.com"}
    source = event_of({**table_change(KEYS, before=NEW), "userIdentity": identity}).data["source"]
    assert isinstance(source, dict)
    assert "ttl" == source["deleted_by"]


def test_duplicate() -> None:
    """A change that comes twice, under whatever event id and place, is one event; another change is another one."""
    once = event_of(table_change(KEYS, after=NEW))
    again = event_of({**table_change(KEYS, after=NEW), "eventID": "another"}, FIRST_SEQUENCE_NUMBER + 10**30)
    others = [
        table_change(KEYS, after=NEW, created_at=MICROS + 1),
        table_change(KEYS, after=KEYS),
        table_change(KEYS, before=KEYS, after=NEW),
        {**table_change(KEYS, after=NEW), "tableName": "other"},
    ]
    assert once.id == again.id
    assert 5 == len({once.id, *(event_of(each).id for each in others)})


@given(st.permutations(range(4)), st.lists(st.integers(0, 3), max_size=4))
def test_late_and_twice(order: list[int], again: list[int]) -> None:
    """However late and often the changes of an item come, the guard leaves the last one."""
    changes = [table_change(KEYS, after={**KEYS, "n": {"N": str(n)}}, created_at=MICROS + n) for n in range(4)]
    arrivals = [state_of(changes[n], FIRST_SEQUENCE_NUMBER + place * 10**20) for place, n in enumerate(order + again)]
    stored = arrivals[0]
    for state in arrivals[1:]:
        stored = state if stored.version < state.version else stored
    assert {"N": "3"} == read_item(stored.item)["data"]["M"]["n"]


def test_same_tick() -> None:
    """Of two changes in one tick of the clock, the one that came last is taken."""
    first = state_of(table_change(KEYS, after=KEYS), FIRST_SEQUENCE_NUMBER)
    second = state_of(table_change(KEYS, after=NEW), FIRST_SEQUENCE_NUMBER + 10**16)
    assert first.version < second.version


@given(st.integers(0, 10**16 - 1), st.integers(0, 10**16 - 1), SEQUENCE_NUMBERS, SEQUENCE_NUMBERS)
def test_versions(micros_a: int, micros_b: int, place_a: int, place_b: int) -> None:
    """Versions are ordered by time, and by place within one time; none is too long for a sequence number."""
    a, b = version_of(micros_a, str(place_a)), version_of(micros_b, str(place_b))
    assert 56 == len(a) == len(b)
    if micros_a != micros_b:
        assert (micros_a < micros_b) == (a < b)
    elif place_a <= place_b:
        assert a <= b


@pytest.mark.parametrize(
    ("created_at", "micros"),
    [
        (0, 0),
        (1_764_000_000_250, MICROS),
        (MICROS, MICROS),
        (10**14 - 1, (10**14 - 1) * 1000),
        (10**14, 10**14),
        (10**16 - 1, 10**16 - 1),
    ],
)
def test_creation_time(created_at: int, micros: int) -> None:
    """Milliseconds and microseconds are told by their digits."""
    assert micros == micros_of(created_at)


def test_milliseconds() -> None:
    """A record with milliseconds has the same time and version as one with microseconds."""
    micros, millis = (event_of(table_change(KEYS, after=NEW, created_at=at)) for at in (MICROS, MICROS // 1000))
    assert micros == millis


CHANGE = table_change(KEYS, after=NEW)


def within(**changes: Any) -> dict[str, Any]:  # noqa: ANN401 - any wrong value
    return {**CHANGE, "dynamodb": {**CHANGE["dynamodb"], **changes}}


@pytest.mark.parametrize(
    ("value", "detail"),
    [
        ({"eventSource": "aws:dynamodb"}, "the change has no 'tableName'"),
        ({**CHANGE, "eventName": "TRUNCATE"}, "the change has no 'TRUNCATE'"),
        ({**CHANGE, "eventName": ["INSERT"]}, "the change is not as DynamoDB writes it (TypeError)"),
        ({**CHANGE, "tableName": "a/b"}, "the change is not as DynamoDB writes it (ValueError)"),
        ({**CHANGE, "tableName": None}, "the change is not as DynamoDB writes it (TypeError)"),
        ({**CHANGE, "eventID": ""}, "the change is not as DynamoDB writes it (ValueError)"),
        ({**CHANGE, "dynamodb": None}, "the change is not as DynamoDB writes it (TypeError)"),
        (within(ApproximateCreationDateTime=None), "the change is not as DynamoDB writes it (ValueError)"),
        (within(ApproximateCreationDateTime=True), "the change is not as DynamoDB writes it (ValueError)"),
        (within(ApproximateCreationDateTime=-1), "the change is not as DynamoDB writes it (ValueError)"),
        (within(ApproximateCreationDateTime=10**16), "the change is not as DynamoDB writes it (ValueError)"),
        (within(ApproximateCreationDateTime=1.5), "the change is not as DynamoDB writes it (ValueError)"),
        (within(Keys="x"), "the change is not as DynamoDB writes it (TypeError)"),
        (within(Keys={"id": {"S": 7}}), "the change is not as DynamoDB writes it (TypeError)"),
        (within(NewImage=[]), "the change is not as DynamoDB writes it (AttributeError)"),
        (within(NewImage={"a": {}}), "the change is not as DynamoDB writes it (ValueError)"),
        (within(NewImage={"a": {"Q": 1}}), "the change is not as DynamoDB writes it (ValueError)"),
        (within(NewImage={"a": {"N": "one"}}), "the change is not as DynamoDB writes it (InvalidOperation)"),
    ],
    ids=range(18),
)
def test_not_a_change(value: dict[str, Any], detail: str) -> None:
    """A record that only looks like a change is rejected; it never hits a bug."""
    with pytest.raises(Rejection) as caught:
        event_of(value)
    assert (Reason.NOT_AN_EVENT, detail) == (caught.value.reason, caught.value.detail)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-9, 9) | st.sampled_from(["S", "N", "INSERT", "1", "x"]),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.sampled_from(["S", "N", "M", "L", "BS"]), inner),
)


@given(JSON, JSON, JSON, JSON)
def test_any_image(keys: Json, before: Json, after: Json, name: Json) -> None:
    """Whatever an image holds, the record is delivered or rejected; it never hits a bug."""
    value = {**within(Keys=keys, OldImage=before, NewImage=after), "eventName": name}
    (record,) = read(kinesis_event(orjson.dumps(value)))
    processed = finish(prepare([record], STAGES), {}, STAGES)
    assert Reason.BUG not in [each.reason for each in processed.dead_letters]
    assert processed.deliveries or processed.dead_letters


def test_an_event_from_dynamodb() -> None:
    """An event that happens to name such a source is an event."""
    value = {"specversion": "1.0", "id": "1", "source": "s", "type": "t", "data": {}, "eventSource": "aws:dynamodb"}
    assert "t" == event_of(value).type
