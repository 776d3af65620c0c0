"""What sinks hold of claimed events, and when a change travels as one."""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING, Any

import orjson
import pytest

from pipeline.core.attribute_value import size_bytes
from pipeline.core.claim import claim_of
from pipeline.core.decode import read_event
from pipeline.core.encode import (
    MAX_ITEM_BYTES,
    MAX_TRAVELLING_BYTES,
    archive_line,
    cloudevent,
    entity_state,
    event_item,
    stream_entry,
)
from pipeline.model import Event, Reason
from pipeline.testing.dynamodb_items import read_item
from tests.unit.core.test_encode import CHANGE, LOG, RECORD, rejection, with_data

if TYPE_CHECKING:
    from pipeline.model import Json

DATAREF = f"s3://claims/claims/{'ab' * 32}-2000000.json"


def test_claimed_event_item() -> None:
    """Claimed data that surely fit are in the item; what may not fit is left where it is, and said where."""
    encode = event_item(keep_days=30)
    claimed = copy.replace(LOG, dataref=DATAREF)
    assert encode(RECORD, LOG) == encode(RECORD, claimed)

    large = read_item(encode(RECORD, with_data(claimed, body="x" * MAX_ITEM_BYTES)).item)
    small = read_item(encode(RECORD, LOG).item)
    reference = {"dataref": {"S": DATAREF}, "data_bytes": {"N": "2000000"}}
    assert {**{name: value for name, value in small.items() if name != "data"}, **reference} == large


def test_claimed_data_deeper_than_an_item() -> None:
    """What no item could hold is no matter where the item holds the reference only."""
    deep: Json = "x" * MAX_ITEM_BYTES
    for _ in range(40):
        deep = {"a": deep}
    item = event_item(keep_days=30)(RECORD, copy.replace(with_data(LOG, body=deep), dataref=DATAREF))
    assert DATAREF == read_item(item.item)["dataref"]["S"]


def test_claimed_archive_line() -> None:
    """The archive has claimed data whole, as if they had never been away."""
    assert archive_line(RECORD, LOG) == archive_line(RECORD, copy.replace(LOG, dataref=DATAREF))


CLAIMED: Event = copy.replace(CHANGE, dataref=DATAREF)
STATE = entity_state(keep_tombstone_days=90)
FAR_TOO_LARGE = 16 * MAX_ITEM_BYTES


@pytest.mark.parametrize("excess", [-1, 0, 1])
def test_claimed_state(excess: int) -> None:
    """The state holds the entity of a claimed change up to the last byte; what is larger is left where it is."""
    assert STATE(RECORD, CHANGE) == STATE(RECORD, CLAIMED)

    fixed = size_bytes(read_item(STATE(RECORD, with_data(CLAIMED, after={"a": ""})).item))
    after: Json = {"a": "x" * (MAX_ITEM_BYTES - fixed + excess)}
    item = read_item(STATE(RECORD, with_data(CLAIMED, after=after)).item)
    reference = {name: item[name] for name in ("dataref", "data_bytes") if name in item}
    if excess > 0:
        assert ({"dataref": {"S": DATAREF}, "data_bytes": {"N": "2000000"}}, False) == (reference, "data" in item)
    else:
        assert (MAX_ITEM_BYTES + excess, {}) == (size_bytes(item), reference)


@pytest.mark.parametrize("excess", [0, 1])
def test_claimed_state_that_is_far_too_large(excess: int) -> None:
    """What is so large that no item could hold it is not made one to find that out."""
    wrong: dict[str, Json] = {"a": "x" * (FAR_TOO_LARGE - len('{"a":"","b":{"@number":"x"}}') + excess)}
    event = with_data(CLAIMED, after={**wrong, "b": {"@number": "x"}})
    if excess:
        assert {"S": DATAREF} == read_item(STATE(RECORD, event).item)["dataref"]
    else:
        assert Reason.SCHEMA_INVALID == rejection(STATE, event).reason


@pytest.mark.parametrize("excess", [0, 1])
def test_claimed_state_of_a_large_key(excess: int) -> None:
    """A key that no item can hold is rejected, before it is one if it is far too large."""
    text = "x" * (FAR_TOO_LARGE - len('{"a":""}') + excess)
    rejected = rejection(STATE, with_data(CLAIMED, key={"a": text}))
    assert (Reason.TOO_LARGE, bool(excess)) == (rejected.reason, "the key is too large" in rejected.detail)


def travelling(size: int, **attributes: Any) -> Event:  # noqa: ANN401 - any of an event
    """A change that takes so many bytes as JSON, of what takes the most in an item for its bytes: digits in a list."""
    event = copy.replace(CHANGE, **attributes)
    room = size - len(orjson.dumps(cloudevent(with_data(event, after={"a": [], "b": ""}))))
    after: Json = {"a": [1] * (room // 2), "b": "x" * (room % 2 + 1)}  # one comma less than digits
    return with_data(event, after=after)


@pytest.mark.parametrize("excess", [-1, 0, 1])
def test_large_change(excess: int) -> None:
    """What is larger than a change may travel owes its data to the bucket, and travels as a reference to them."""
    event = travelling(MAX_TRAVELLING_BYTES + excess)
    entry = stream_entry(claims_bucket="claims")(RECORD, event)
    envelope = orjson.loads(entry.data)
    if excess <= 0:
        assert (MAX_TRAVELLING_BYTES + excess, None) == (len(entry.data), entry.owed)
        assert event == read_event(envelope, arrived_at=0)
        return
    assert entry.owed is not None
    assert "data" not in envelope
    assert entry.owed.claim == claim_of(envelope["dataref"], "claims")
    assert event.data == orjson.loads(entry.owed.body)


def test_what_travels_fits_an_item() -> None:
    """The largest change that travels whole is no larger than an item, whatever it holds and is called."""
    longest: Any = {"id": "i" * 40, "source": "arn:aws:dynamodb:" + "s" * 300, "subject": "\U0001f600" * 256}
    event = travelling(MAX_TRAVELLING_BYTES, **longest)
    item = read_item(event_item(keep_days=365)(RECORD, event).item)
    assert (True, True) == ("data" in item, MAX_ITEM_BYTES * 0.8 < size_bytes(item) <= MAX_ITEM_BYTES)
    assert item == read_item(event_item(keep_days=365)(RECORD, copy.replace(event, dataref=DATAREF)).item)
