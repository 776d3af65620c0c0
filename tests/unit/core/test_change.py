from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from pipeline.core.change import MAX_KEY_TEXT_BYTES, decode, key_text
from pipeline.core.decode import MAX_SUBJECT_BYTES
from pipeline.core.records import read
from pipeline.errors import Rejection
from pipeline.model import Event
from pipeline.testing.lambda_events import dynamodb_event, dynamodb_record

if TYPE_CHECKING:
    from pipeline.model import Image, Json, LambdaRecord

KEYS: Image = {"order_id": {"S": "42"}}
OLD: Image = {**KEYS, "total": {"N": "1"}}
NEW: Image = {**KEYS, "total": {"N": "0.12345678901234567890"}, "tags": {"SS": ["new"]}, "raw": {"B": "AP8="}}
NEW_TAGGED: Json = {
    "order_id": "42",
    "total": {"@number": "0.12345678901234567890"},
    "tags": {"@set": ["new"]},
    "raw": {"@binary": "AP8="},
}


def change_of(record: LambdaRecord) -> Event:
    return decode(read(dynamodb_event(record))[0])


def test_event() -> None:
    """A change becomes a Debezium-shaped event under the entity it is about, and no value is lost."""
    expected = Event(
        id="event-7",
        source="arn:aws:dynamodb:us-east-1:000000000000:table/orders",
        type="change.v1",
        time="2025-11-24T16:00:00.250000Z",
        subject="orders/42",
        data={
            "op": "u",
            "key": {"order_id": "42"},
            "before": {"order_id": "42", "total": 1},
            "after": NEW_TAGGED,
            "source": {"table": "orders", "event_id": "event-7", "sequence_number": "7"},
        },
    )
    assert expected == change_of(dynamodb_record(KEYS, before=OLD, after=NEW, sequence_number=7))


@pytest.mark.parametrize(
    ("record", "op", "before", "after", "deleted_by"),
    [
        (dynamodb_record(KEYS, after=KEYS), "c", None, {"order_id": "42"}, None),
        (dynamodb_record(KEYS, before=KEYS, after=KEYS), "u", {"order_id": "42"}, {"order_id": "42"}, None),
        (dynamodb_record(KEYS, before=KEYS), "d", {"order_id": "42"}, None, "user"),
        (dynamodb_record(KEYS, before=KEYS, by_ttl=True), "d", {"order_id": "42"}, None, "ttl"),
    ],
)
def test_operations(record: LambdaRecord, op: str, before: Any, after: Any, deleted_by: str | None) -> None:  # noqa: ANN401 - JSON
    """Insert, update, a user's delete and a delete by TTL are told apart."""
    data = change_of(record).data
    source = data["source"]
    assert isinstance(source, dict)
    assert (op, before, after, deleted_by) == (data["op"], data["before"], data["after"], source.get("deleted_by"))


@pytest.mark.parametrize(
    ("identity", "deleted_by"),
    [
        ({"type": "Service", "principalId": "dynamodb.amazonaws.com"}, "ttl"),
        ({"Type": "Service", "PrincipalId": "dynamodb.amazonaws.com"}, "ttl"),
        ({"type": "Service"}, "user"),
        ({"type": "AssumedRole", "principalId": "dynamodb.amazonaws.com"}, "user"),
        ({"type": "Service", "principalId": "replication.dynamodb.amazonaws.com"}, "user"),
        ("Service", "user"),
        (None, "user"),
    ],
)
def test_deleted_by(identity: object, deleted_by: str) -> None:
    """Only DynamoDB's own identity, both fields of it, is a delete by TTL."""
    source = change_of({**dynamodb_record(KEYS, before=KEYS), "userIdentity": identity}).data["source"]
    assert isinstance(source, dict)
    assert deleted_by == source["deleted_by"]


@pytest.mark.parametrize("missing", ["eventID", "eventName", "dynamodb.Keys", "dynamodb.NewImage", "dynamodb.OldImage"])
def test_not_a_change(missing: str) -> None:
    """A stream record without what a change needs is rejected with the name of it."""
    record: Any = dynamodb_record(KEYS, before=OLD, after=KEYS)
    outer, _, inner = missing.partition(".")
    del (record[outer] if inner else record)[inner or outer]
    with pytest.raises(Rejection, match=f"^not_an_event: the stream record has no '{inner or outer}'$"):
        change_of(record)


def test_unknown_operation() -> None:
    """An operation that DynamoDB Streams did not have is rejected."""
    with pytest.raises(Rejection, match="the stream record has no 'TRUNCATE'"):
        change_of({**dynamodb_record(KEYS, after=KEYS), "eventName": "TRUNCATE"})


@pytest.mark.parametrize(
    ("keys", "text"),
    [
        ({"id": {"S": "42"}}, "42"),
        ({"id": {"N": "-4.2"}}, "-4.2"),
        ({"id": {"B": "AP/="}}, "AP%2F="),
        ({"b": {"S": "2"}, "a": {"S": "1"}}, "1/2"),
        ({"id": {"S": "a/b%c é"}}, "a%2Fb%25c %C3%A9"),
        ({"id": {"S": "x" * MAX_KEY_TEXT_BYTES}}, "x" * MAX_KEY_TEXT_BYTES),
    ],
)
def test_key_text(keys: Image, text: str) -> None:
    """A key is readable text, its parts in the order of their names."""
    assert text == key_text(keys)


PARTS = st.text("a/%: é", min_size=1, max_size=4) | st.text(min_size=1) | st.text("é", min_size=115, max_size=120)


@given(PARTS, PARTS, PARTS, PARTS)
def test_key_text_unambiguous(hash_a: str, range_a: str, hash_b: str, range_b: str) -> None:
    """Different keys of one table have different texts."""
    assume((hash_a, range_a) != (hash_b, range_b))
    assert key_text({"h": {"S": hash_a}, "r": {"S": range_a}}) != key_text({"h": {"S": hash_b}, "r": {"S": range_b}})


def test_key_text_is_bounded() -> None:
    """A long key becomes a hash that fits a subject, and that no other key can look like."""
    long = key_text({"h": {"S": "é" * 1000}, "r": {"S": "x" * 1000}})
    assert len(f"{'t' * 255}/{long}") <= MAX_SUBJECT_BYTES
    assert long != key_text({"h": {"S": "é" * 1000}, "r": {"S": "y" * 1000}})
    assert long != key_text({"id": {"S": long}})
    assert long != key_text({"id": {"S": long.removeprefix("/")}})
