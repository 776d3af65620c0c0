"""Aggregates against AWS's own library, aws-kinesis-agg.

It has known defects: it needs `six` and does not say so, passes a corrupt aggregate on as if it were plain (so user
records are lost silently), prints to stderr, and extends sys.path.
"""

from __future__ import annotations

import base64
import hashlib
import sys
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.core import kpl
from pipeline.core.kpl import MAGIC, MAX_USER_RECORDS, UserRecord, is_aggregate, pack, unpack
from pipeline.errors import Rejection
from pipeline.model import Reason

if TYPE_CHECKING:
    from collections.abc import Iterator

USER_RECORDS = st.lists(st.builds(UserRecord, st.text(min_size=1, max_size=40), st.binary(max_size=300)), min_size=1)
AGGREGATE = pack([UserRecord("a", b"one"), UserRecord("b", b"two"), UserRecord("a", b"three")])


@pytest.fixture(scope="module")
def oracle() -> Iterator[Any]:
    path = list(sys.path)
    from aws_kinesis_agg import (  # type: ignore[import-untyped] # noqa: PLC0415 - untyped, and changes sys.path when imported
        aggregator,
        deaggregator,
    )

    class Oracle:
        pack, unpack = aggregator.RecordAggregator, deaggregator.deaggregate_records

    yield Oracle
    sys.path[:] = path


def sealed(body: bytes) -> bytes:
    return MAGIC + body + hashlib.md5(body, usedforsecurity=False).digest()


def field(number: int, content: bytes) -> bytes:
    return bytes([number << 3 | 2, len(content)]) + content


def record(content: bytes) -> bytes:
    return sealed(field(1, b"key") + field(3, content))


@given(USER_RECORDS)
def test_round_trip(user_records: list[UserRecord]) -> None:
    """What was packed is unpacked: keys, data and order."""
    assert user_records == unpack(pack(user_records))


@given(user_records=USER_RECORDS)
def test_theirs_is_read(oracle: Any, user_records: list[UserRecord]) -> None:  # noqa: ANN401 - an untyped library
    """An aggregate that AWS's library packed is unpacked here, with explicit hash keys or without."""
    theirs = oracle.pack()
    for number, each in enumerate(user_records):
        theirs.add_user_record(each.partition_key, each.data, str(number) if len(user_records) % 2 else None)
    assert user_records == unpack(theirs.clear_and_get().get_contents()[2])


def read_by_theirs(oracle: Any, aggregate: bytes) -> list[Any]:  # noqa: ANN401 - an untyped library
    """The user records that AWS's library finds in an aggregate, as Lambda records."""
    kinesis = {
        "kinesisSchemaVersion": "1.0",
        "sequenceNumber": "7",
        "approximateArrivalTimestamp": 0,
        "data": base64.b64encode(aggregate),
    }
    return [each["kinesis"] for each in oracle.unpack([{"kinesis": kinesis}])]


@given(user_records=USER_RECORDS)
def test_ours_is_read(oracle: Any, user_records: list[UserRecord]) -> None:  # noqa: ANN401 - the same
    """An aggregate that was packed here is unpacked by AWS's library."""
    theirs = read_by_theirs(oracle, pack(user_records))
    assert user_records == [UserRecord(each["partitionKey"], base64.b64decode(each["data"])) for each in theirs]
    assert list(range(len(user_records))) == [each["subSequenceNumber"] for each in theirs]


@pytest.mark.parametrize("size_bytes", [0, 127, 128, 16_383, 16_384, 900_000])
def test_length_of_every_width(oracle: Any, size_bytes: int) -> None:  # noqa: ANN401 - an untyped library
    """A user record is read whether its length takes one byte, two or three."""
    user_records = [UserRecord("key", b"x" * size_bytes), UserRecord("key", b"next")]
    assert user_records == unpack(pack(user_records))
    theirs = read_by_theirs(oracle, pack(user_records))
    assert [size_bytes, 4] == [len(base64.b64decode(each["data"])) for each in theirs]


def test_known_bytes() -> None:
    """The bytes are those of the format's description; each key stands there once."""
    body = b"\x0a\x01a\x0a\x01b\x1a\x07\x08\x00\x1a\x03one\x1a\x07\x08\x01\x1a\x03two\x1a\x09\x08\x00\x1a\x05three"
    assert sealed(body) == AGGREGATE


def test_every_corruption() -> None:
    """Whatever happens to a single byte of an aggregate, nothing of it is taken for a user record."""
    for place in range(len(AGGREGATE)):
        for change in range(1, 256):
            corrupt = bytearray(AGGREGATE)
            corrupt[place] ^= change
            if place < len(MAGIC):
                assert not is_aggregate(bytes(corrupt))
                continue
            with pytest.raises(Rejection, match=r"^aggregate_corrupt: "):
                unpack(bytes(corrupt))


def test_every_cut() -> None:
    """An aggregate that breaks off, or goes on, is rejected."""
    for cut in range(len(MAGIC), len(AGGREGATE)):
        with pytest.raises(Rejection, match=r"^aggregate_corrupt: "):
            unpack(AGGREGATE[:cut])
    with pytest.raises(Rejection, match="its MD5 does not match"):
        unpack(AGGREGATE + b"\0")


@given(st.integers(0, len(AGGREGATE) - 21), st.integers(1, 255), st.booleans())
def test_sealed_corruption(place: int, change: int, cut: bool) -> None:  # noqa: FBT001 - hypothesis gives it
    """A wrong body under a right checksum is rejected, or read as user records: never an exception."""
    body = bytearray(AGGREGATE[len(MAGIC) : -16])
    body[place] ^= change
    try:
        assert unpack(sealed(bytes(body[: place + 1] if cut else body)))
    except Rejection as rejection:
        assert rejection.reason is Reason.AGGREGATE_CORRUPT  # noqa: PT017 - nothing else may be raised


@given(st.binary())
def test_any_body(body: bytes) -> None:
    """Any bytes under a right checksum are user records, or are rejected."""
    try:
        assert unpack(sealed(body))
    except Rejection as rejection:
        assert rejection.reason is Reason.AGGREGATE_CORRUPT  # noqa: PT017 - nothing else may be raised


GOOD = b"\x08\x00\x1a\x01x"


@pytest.mark.parametrize(
    ("aggregate", "what"),
    [
        (MAGIC, "4 bytes are too few"),
        (sealed(b""), "20 bytes are too few"),
        (sealed(field(1, b"key")), "it holds no user record"),
        (sealed(field(3, GOOD)), "an index is not in its table"),
        (record(b"\x08\x01\x1a\x01x"), "an index is not in its table"),
        (record(b"\x08\x00\x10\x00\x1a\x01x"), "an index is not in its table"),
        (record(b"\x1a\x01x"), "a user record has no partition key or no data"),
        (record(b"\x08\x00"), "a user record has no partition key or no data"),
        (record(b"\x08\x00\x1a\x02x"), "a user record is longer than it says"),
        (record(b"\x08\x00\x1d\x01x"), "field 0x1d is none of a user record"),
        (record(b"\x08\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80\x01\x1a\x01x"), "a number has more than 64 bits"),
        (record(b"\x08\xff"), "it breaks off"),
        (sealed(field(1, b"key") + b"\x1a\x09" + GOOD), "it breaks off"),
        (sealed(field(1, b"key") + field(3, GOOD) + field(4, b"")), "field 0x22 is none of an aggregate"),
        (sealed(field(1, b"\xff") + field(3, GOOD)), "a partition key is not UTF-8"),
    ],
    ids=range(15),
)
def test_rejected(aggregate: bytes, what: str) -> None:
    """An aggregate that is not whole is rejected with what is wrong."""
    with pytest.raises(Rejection, match=f"^aggregate_corrupt: the aggregate cannot be read: .*{what}"):
        unpack(aggregate)


def test_tags_and_hash_keys() -> None:
    """Tags and explicit hash keys may be there; the tables may come after the records."""
    user_record = b"\x08\x00\x10\x00" + field(4, field(1, b"tag")) + field(3, b"x")
    assert [UserRecord("key", b"x")] == unpack(sealed(field(3, user_record) + field(2, b"1") + field(1, b"key")))


def test_long_varint() -> None:
    """A number may be written with more bytes than it needs."""
    assert [UserRecord("key", b"x")] == unpack(record(b"\x08\x80\x80\x00\x1a\x01x"))


def test_too_many() -> None:
    """More user records than real ones could be are not unpacked."""
    empty = UserRecord("k", b"")
    assert MAX_USER_RECORDS == len(unpack(pack([empty] * MAX_USER_RECORDS)))
    with pytest.raises(Rejection, match=r"^too_large: an aggregate of more than 20000 user records"):
        unpack(pack([empty] * (MAX_USER_RECORDS + 1)))


def test_nested_is_not_unpacked() -> None:
    """An aggregate inside an aggregate stays what it is."""
    assert [kpl.UserRecord("k", AGGREGATE)] == unpack(pack([UserRecord("k", AGGREGATE)]))
