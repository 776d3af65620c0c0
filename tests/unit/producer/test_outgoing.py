"""What travels for what was put."""

from __future__ import annotations

import re
from datetime import UTC, datetime

import orjson
import pytest

from pipeline.errors import Rejection
from pipeline.model import Event
from pipeline.producer.outgoing import Envelopes, Outgoing, unique_id

EVENT = Event("e-1", "//host/file", "log.v1", "2026-11-23T10:00:00Z", {"body": "x"}, "order-42")
ENVELOPE = {
    "specversion": "1.0",
    "id": "e-1",
    "source": "//host/file",
    "type": "log.v1",
    "time": "2026-11-23T10:00:00Z",
    "subject": "order-42",
    "data": {"body": "x"},
}


def test_bytes_travel_as_they_are() -> None:
    """Under the key they are given."""
    assert Outgoing("", None, "k", b"\x00") == Envelopes().outgoing(b"\x00", "k")


@pytest.mark.parametrize("key", [None, ""])
def test_bytes_need_a_key(key: str | None) -> None:
    """They have no subject to be in order with."""
    with pytest.raises(ValueError, match="needs a key"):
        Envelopes().outgoing(b"x", key)


@pytest.mark.parametrize("record", [EVENT, ENVELOPE], ids=["event", "CloudEvents dict"])
@pytest.mark.parametrize(("key", "expected"), [(None, "order-42"), ("k", "k")])
def test_an_event_travels_as_cloudevents_json(
    record: Event | dict[str, object], key: str | None, expected: str
) -> None:
    """In order with its subject, unless a key is given."""
    found = Envelopes().outgoing(record, key)

    assert ("e-1", "log.v1", expected) == (found.id, found.type, found.key)
    assert ENVELOPE == orjson.loads(found.data)


def test_what_an_envelope_has_besides_travels_along() -> None:
    """An extension attribute of CloudEvents is the caller's to set."""
    found = Envelopes().outgoing({**ENVELOPE, "tenant": "a"}, None)

    assert "a" == orjson.loads(found.data)["tenant"]


def test_bare_data_gets_an_envelope() -> None:
    """With the producer's type and source, the time, and an id of its own."""
    envelopes = Envelopes("log.v1", "//host/app", lambda: 1_800_000_000.25)
    first, second = (envelopes.outgoing({"body": "x"}, None) for _ in range(2))
    found = orjson.loads(first.data)

    assert ("log.v1", None) == (first.type, first.key)
    assert first.id == found.pop("id")
    assert first.id != second.id
    assert {
        "specversion": "1.0",
        "source": "//host/app",
        "type": "log.v1",
        "time": "2027-01-15T08:00:00.250000Z",
        "data": {"body": "x"},
    } == found


def test_the_key_of_bare_data_is_the_subject() -> None:
    """So that what is in order with it is found by it."""
    found = Envelopes("log.v1", "//host/app").outgoing({"body": "x"}, "customer-7")

    assert ("customer-7", "customer-7") == (found.key, orjson.loads(found.data)["subject"])


@pytest.mark.parametrize("envelopes", [Envelopes(), Envelopes(type="log.v1"), Envelopes(source="//host")])
def test_bare_data_needs_a_type_and_a_source(envelopes: Envelopes) -> None:
    """Nothing is made up."""
    with pytest.raises(ValueError, match="type and a source"):
        envelopes.outgoing({"body": "x"}, None)


def test_a_dict_that_is_no_event_is_refused_at_once() -> None:
    """The consumer would make a dead letter of it."""
    with pytest.raises(Rejection, match="attribute source is missing"):
        Envelopes().outgoing({**ENVELOPE, "source": None}, None)


def test_an_event_without_an_id_is_refused_at_once() -> None:
    """Nothing would tell it from another, nor say where on the stream it belongs."""
    with pytest.raises(Rejection, match="attribute id is missing"):
        Envelopes().outgoing(Event("", "//host", "log.v1", "2026-11-23T10:00:00Z", {}), None)


def test_what_json_cannot_say_is_refused_at_once() -> None:
    """A set is no JSON value."""
    with pytest.raises(Rejection, match=r"not_json: .*plain JSON values"):
        Envelopes().outgoing({**ENVELOPE, "data": {"body": {1}}}, None)


def test_ids_are_uuids_of_version_7() -> None:
    """Milliseconds first, so that they sort by time; no two are the same."""
    ids = [unique_id(1_800_000_000 + number / 1000) for number in range(1000)]

    assert sorted(set(ids)) == ids
    assert all(
        re.fullmatch(r"[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}", each) for each in ids
    )
    milliseconds = int(ids[1].replace("-", "")[:12], 16)
    assert datetime(2027, 1, 15, 8, 0, 0, 1000, UTC) == datetime.fromtimestamp(milliseconds / 1000, UTC)
