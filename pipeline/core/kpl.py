"""The aggregates of the Kinesis Producer Library, both ways: many user records in one record.

    F3 89 9A C2 │ AggregatedRecord (protobuf) │ MD5 of the protobuf, 16 bytes

    AggregatedRecord   1 partition keys (text, repeated) · 2 explicit hash keys (text, repeated) · 3 records (repeated)
    record             1 index of its partition key · 2 index of its explicit hash key (optional) · 3 data · 4 tags

(https://github.com/awslabs/amazon-kinesis-producer/blob/master/aggregation-format.md.) An aggregate is read whole or
rejected whole: the checksum must hold, every byte must belong to a field above, and every index must be in its table.
The format has not changed since 2014, so an unknown field means something else than an aggregate; to skip it could be
to lose it.

The reader is written out by hand, without protobuf: it is of the same speed, and refuses what protobuf would skip.
"""

from __future__ import annotations

import hashlib
from functools import partial
from typing import TYPE_CHECKING, Final

from msgspec import Struct

from pipeline.errors import Rejection
from pipeline.model import Reason

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

MAGIC: Final = b"\xf3\x89\x9a\xc2"
# The smallest event is 76 bytes long: a record of 1 MiB holds fewer. It bounds what empty user records cost in memory.
MAX_USER_RECORDS: Final = 20_000
_CHECKSUM_BYTES: Final = 16
# A field's number and wire type (protobuf encoding guide): 0 is a varint, 2 is bytes after their length.
_PARTITION_KEY, _HASH_KEY, _RECORD = 0x0A, 0x12, 0x1A
_KEY_INDEX, _HASH_KEY_INDEX, _DATA, _TAG = 0x08, 0x10, 0x1A, 0x22
_LAST_SHIFT: Final = 63
# Numbers below take two bytes at most; those of nearly all user records do.
_SMALL: Final = 1 << 14


class UserRecord(Struct, frozen=True):
    """One record as its producer put it."""

    partition_key: str
    data: bytes


def is_aggregate(data: bytes) -> bool:
    """Whether the data say that they are an aggregate; whether they are is for `unpack` to find out."""
    return data.startswith(MAGIC)


def unpack(data: bytes) -> list[UserRecord]:
    """The user records of an aggregate, in order, at least one. Raises Rejection: aggregate_corrupt, too_large."""
    body = data[len(MAGIC) : -_CHECKSUM_BYTES]
    if len(data) <= len(MAGIC) + _CHECKSUM_BYTES:
        raise _corrupt(f"{len(data)} bytes are too few")
    if hashlib.md5(body, usedforsecurity=False).digest() != data[-_CHECKSUM_BYTES:]:
        raise _corrupt("its MD5 does not match")
    try:
        return _user_records(body)
    except IndexError:
        raise _corrupt("it breaks off, or an index is not in its table") from None
    except UnicodeDecodeError:
        raise _corrupt("a partition key is not UTF-8") from None


def pack(user_records: Sequence[UserRecord]) -> bytes:
    """The aggregate of some user records, each partition key once."""
    keys: dict[bytes, int] = {}
    indexes = [keys.setdefault(each.partition_key.encode(), len(keys)) for each in user_records]
    return seal(keys, indexes, [each.data for each in user_records])


def seal(keys: Iterable[bytes], indexes: Iterable[int], datas: Iterable[bytes]) -> bytes:
    """The aggregate of some partition keys in UTF-8, and of user records: the index of a key, and data."""
    parts: list[bytes] = []
    for key in keys:
        parts += (_KEY_HEADS[len(key)], key)
    for index, data in zip(indexes, datas, strict=True):
        written = _VARINTS[index]
        before, between = _RECORD_HEADS[len(written)][len(data)]
        parts += (before, written, between, data)
    body = b"".join(parts)
    return b"".join((MAGIC, body, hashlib.md5(body, usedforsecurity=False).digest()))


class _Table[T](dict[int, T]):
    """What a number is written as, worked out once where it is small. `lru_cache` would take twice the time."""

    def __init__(self, write: Callable[[int], T]) -> None:
        self._write = write

    def __missing__(self, number: int) -> T:
        written = self._write(number)
        if number < _SMALL:
            self[number] = written
        return written


def _record_heads(index_bytes: int, data_bytes: int) -> tuple[bytes, bytes]:
    """What stands in a user record before the index of its key, and what between that and its data, by their sizes."""
    between = bytes((_DATA,)) + varint(data_bytes)
    return bytes((_RECORD,)) + varint(1 + index_bytes + len(between) + data_bytes) + bytes((_KEY_INDEX,)), between


def _user_records(body: bytes) -> list[UserRecord]:
    keys: list[str] = []
    hash_keys = 0
    found: list[tuple[int, int, bytes]] = []
    place, end = 0, len(body)
    while place < end:
        field = body[place]
        length, start = _varint(body, place + 1)
        place = start + length
        if place > end:
            raise IndexError
        if field == _RECORD:
            found.append(_record(body, start, place))
            if len(found) > MAX_USER_RECORDS:
                raise Rejection(Reason.TOO_LARGE, f"an aggregate of more than {MAX_USER_RECORDS} user records")
        elif field == _PARTITION_KEY:
            keys.append(body[start:place].decode())
        elif field == _HASH_KEY:
            hash_keys += 1
        else:
            raise _corrupt(f"field {field:#04x} is none of an aggregate")
    if not found:
        raise _corrupt("it holds no user record")
    if max(hash_key for _, hash_key, _ in found) >= hash_keys:
        raise IndexError
    return [UserRecord(keys[key], data) for key, _, data in found]


def _record(body: bytes, place: int, end: int) -> tuple[int, int, bytes]:
    """Index of the partition key, index of the explicit hash key or -1, and the data."""
    key, hash_key, data = -1, -1, None
    while place < end:
        field = body[place]
        value, place = _varint(body, place + 1)
        if field == _KEY_INDEX:
            key = value
        elif field == _DATA:
            data = body[place : place + value]
            place += value
        elif field == _HASH_KEY_INDEX:
            hash_key = value
        elif field == _TAG:
            place += value
        else:
            raise _corrupt(f"field {field:#04x} is none of a user record")
    if place != end:
        raise _corrupt("a user record is longer than it says")
    if key < 0 or data is None:
        raise _corrupt("a user record has no partition key or no data")
    return key, hash_key, data


def _varint(body: bytes, place: int) -> tuple[int, int]:
    """The number at a place, and the place after it. Raises IndexError where the body ends before it does."""
    byte = body[place]
    if byte < 0x80:  # noqa: PLR2004 - the bit that says that more follows
        return byte, place + 1
    value, shift = byte & 0x7F, 7
    while shift <= _LAST_SHIFT:
        place += 1
        byte = body[place]
        value |= (byte & 0x7F) << shift
        if byte < 0x80:  # noqa: PLR2004 - the same
            return value, place + 1
        shift += 7
    raise _corrupt("a number has more than 64 bits")


def varint(value: int) -> bytes:
    """A number as protobuf writes it: seven bits a byte, the lowest first."""
    out = bytearray()
    while value > 0x7F:  # noqa: PLR2004 - seven bits a byte
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)


def _corrupt(what: str) -> Rejection:
    return Rejection(Reason.AGGREGATE_CORRUPT, f"the aggregate cannot be read: {what}")


# What stands before a partition key, by its size; the index of a key; and around it, by its size and that of the data.
_KEY_HEADS: Final = _Table(lambda key_bytes: bytes((_PARTITION_KEY,)) + varint(key_bytes))
_VARINTS: Final = _Table(varint)
_RECORD_HEADS: Final = {index_bytes: _Table(partial(_record_heads, index_bytes)) for index_bytes in (1, 2, 3)}
