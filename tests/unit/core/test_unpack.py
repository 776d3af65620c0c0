from __future__ import annotations

import base64
import gzip
from typing import TYPE_CHECKING, Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.core import kpl
from pipeline.core.decode import decode
from pipeline.core.records import read
from pipeline.core.unpack import unpack
from pipeline.errors import Rejection
from pipeline.model import Position, Reason
from pipeline.testing.lambda_events import SHARD, aggregate, kinesis_event, log_event, log_subscription

if TYPE_CHECKING:
    from pipeline.model import Record


def a_record(data: bytes | dict[str, Any]) -> Record:
    return read(kinesis_event(data, first=7))[0]


@given(st.binary())
def test_plain(data: bytes) -> None:
    """A record that is not packed is left as it is."""
    if not data.startswith((kpl.MAGIC, b"\x1f\x8b")):
        record = a_record(data)
        assert (record,) == unpack(record)


@pytest.mark.parametrize("data", [kpl.MAGIC[:3], kpl.MAGIC[:3] + b"\xc3", b"\x1f", b"\x1f\x80", b"\x1f\x8c"])
def test_begins_like_packed(data: bytes) -> None:
    """What begins almost as an aggregate or gzip is plain, and no JSON."""
    record = a_record(data)
    assert (record,) == unpack(record)
    with pytest.raises(Rejection, match=r"not_utf8|not_json"):
        decode(record)


@pytest.mark.parametrize("magic", [kpl.MAGIC, b"\x1f\x8b"])
@given(rest=st.binary(max_size=40))
def test_magic_is_seen(magic: bytes, rest: bytes) -> None:
    """Whatever follows the magic, the record is taken for what it says it is."""
    with pytest.raises(Rejection) as caught:
        unpack(a_record(magic + rest))
    assert caught.value.reason in {Reason.AGGREGATE_CORRUPT, Reason.GZIP_CORRUPT}


@pytest.mark.parametrize("data", ["84maw", "84mawg=", "H4sI*", "H4"[:2] + "é"])
def test_not_base64(data: str) -> None:
    """What begins like something packed must be base64 too."""
    record = a_record(b"")
    record.original["kinesis"]["data"] = data
    with pytest.raises(Rejection, match=r"^not_base64: the record has no base64 data$"):
        unpack(record)


@pytest.mark.parametrize("kinesis", [{}, {"data": None}, {"data": 7}])
def test_no_data(kinesis: dict[str, Any]) -> None:
    """A record without data is not looked into; it is rejected where it is decoded."""
    record = a_record(b"")
    record.original["kinesis"].pop("data")
    record.original["kinesis"].update(kinesis)
    assert (record,) == unpack(record)


def test_aggregate() -> None:
    """A user record has a position, data and a partition key of its own, and the original of its aggregate."""
    record = a_record(kpl.pack([kpl.UserRecord("a", b"one"), kpl.UserRecord("b", b"two")]))
    first, second = unpack(record)
    assert [Position("events", SHARD, "7", 0), Position("events", SHARD, "7", 1)] == [first.position, second.position]
    assert [("a", b"one"), ("b", b"two")] == [(each.partition_key, each.data) for each in (first, second)]
    assert record.original is first.original is second.original
    assert record.arrived_at == second.arrived_at


def test_gzip_of_an_event() -> None:
    """An event may be compressed: then what is inside is decoded."""
    (record,) = unpack(a_record(gzip.compress(orjson.dumps(log_event("e-7")))))
    assert (Position("events", SHARD, "7"), "e-7") == (record.position, decode(record).id)


@pytest.mark.parametrize("content", [b"[]", b"null", b'{"messageType": "DATA_MESSAGE", "specversion": "1.0"}'])
def test_gzip_of_something_else(content: bytes) -> None:
    """What else is compressed is decoded too, and rejected for what it is."""
    (record,) = unpack(a_record(gzip.compress(content)))
    with pytest.raises(Rejection, match="not_an_event"):
        decode(record)


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", Reason.NOT_JSON),
        (b"a log line", Reason.NOT_JSON),
        (b"\xff", Reason.NOT_UTF8),
        (gzip.compress(b"{}"), Reason.NOT_UTF8),
        (aggregate(log_event()), Reason.NOT_UTF8),
        (b'{"a":1,"a":2}', Reason.DUPLICATE_KEY),
    ],
)
def test_gzip_of_nothing_readable(content: bytes, reason: Reason) -> None:
    """Compressed bytes that are no JSON are rejected as they would be without compression; one layer is unpacked."""
    with pytest.raises(Rejection) as caught:
        unpack(a_record(gzip.compress(content)))
    assert reason == caught.value.reason


@pytest.mark.parametrize("inner", [aggregate(log_event()), gzip.compress(b"{}"), log_subscription("x")])
def test_packed_in_an_aggregate(inner: bytes) -> None:
    """What is packed inside an aggregate stays packed, and is rejected where it is read."""
    (record,) = unpack(a_record(aggregate(inner)))
    with pytest.raises(Rejection, match="not_utf8"):
        decode(record)


def test_log_events() -> None:
    """The log events of a subscription are user records of their record."""
    records = unpack(a_record(log_subscription("one", "two")))
    assert [("7", 0, "one"), ("7", 1, "two")] == [
        (each.position.sequence_number, each.position.sub_sequence_number, decode(each).data["body"])
        for each in records
    ]


def test_control() -> None:
    """A control message holds nothing."""
    assert [] == unpack(a_record(log_subscription(messageType="CONTROL_MESSAGE")))


def test_too_many_log_events() -> None:
    """Log events are bounded as user records are."""
    data = gzip.compress(
        orjson.dumps(
            {**orjson.loads(gzip.decompress(log_subscription())), "logEvents": [0] * (kpl.MAX_USER_RECORDS + 1)}
        )
    )
    assert 2_000 > len(base64.b64encode(data))
    with pytest.raises(Rejection, match=r"^too_large: more than 20000 log events in a record"):
        unpack(a_record(data))
