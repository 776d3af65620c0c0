"""KPL aggregates as they grow, record by record, and the buckets that keep the order of a key through them.

    key ──crc32 mod N──▶ bucket ──its name is the partition key──▶ one shard, one place of a ParallelizationFactor

All records of a key go through one bucket, and a bucket has one partition key: wherever the stream's shards begin and
end, now or after a resharding, they lie on one shard, in order. No shard map and no explicit hash key is needed.

A bucket is named so that its MD5, by which Kinesis places it, lies in a part of its own of N equal parts of the range,
so that every shard gets its share. They depend on N alone, so that all producers of a stream agree.

The format is in `core.kpl`, which packs a list at once; here the size is known at every step.
"""

from __future__ import annotations

import hashlib
import itertools
import zlib
from functools import lru_cache
from typing import Final

from pipeline.core.kpl import MAGIC

# KPL, default_config.properties: AggregationMaxSize. Two of the 25 KB that Kinesis bills a PUT by.
AGGREGATE_BYTES: Final = 51_200
# With magic and checksum around it.
_FRAME_BYTES: Final = 20
# Three field numbers and three lengths of three bytes, and an index of two: more than a record of an aggregate costs.
_FIELDS_BYTES: Final = 24
_PARTITION_KEY: Final = b"\x0a"
_HASH_BITS: Final = 128


class Aggregate:
    """Some user records on their way into one record, smaller than `AGGREGATE_BYTES`."""

    __slots__ = ("_keys", "_parts", "_records", "size_bytes")

    def __init__(self) -> None:
        self._keys: dict[bytes, int] = {}
        self._parts: list[bytes] = []
        self._records = 0
        self.size_bytes = _FRAME_BYTES

    def __len__(self) -> int:
        return self._records

    def has_room(self, key: bytes, data: bytes) -> bool:
        """Whether the user record surely fits in."""
        return self.size_bytes + len(key) + len(data) + _FIELDS_BYTES <= AGGREGATE_BYTES

    def add(self, key: bytes, data: bytes) -> None:
        """Behind all others. The key is UTF-8."""
        index = self._keys.get(key)
        if index is None:
            index = self._keys[key] = len(self._keys)
            self.size_bytes += len(key) + len(_varint(len(key))) + 1
        head = _head(index, len(data))
        self._parts += (head, data)
        self.size_bytes += len(head) + len(data)
        self._records += 1

    def data(self) -> bytes:
        """What goes onto the stream; `size_bytes` long."""
        keys = (part for key in self._keys for part in (_PARTITION_KEY, _varint(len(key)), key))
        body = b"".join(itertools.chain(keys, self._parts))
        return b"".join((MAGIC, body, hashlib.md5(body, usedforsecurity=False).digest()))


def fits_alone(key: bytes, data: bytes) -> bool:
    """Whether an empty aggregate would take the user record."""
    return _FRAME_BYTES + len(key) + len(data) + _FIELDS_BYTES <= AGGREGATE_BYTES


def bucket_of(key: bytes, names: tuple[str, ...]) -> str:
    """The bucket that all records of a key go through."""
    return names[zlib.crc32(key) % len(names)]


@lru_cache
def bucket_names(count: int) -> tuple[str, ...]:
    """That many partition keys, one in each equal part of the hash range.

    >>> bucket_names(4)
    ('bucket-5', 'bucket-2', 'bucket-1', 'bucket-0')
    """
    names: dict[int, str] = {}
    numbers = itertools.count()
    while len(names) < count:
        name = f"bucket-{next(numbers)}"
        digest = hashlib.md5(name.encode(), usedforsecurity=False).digest()
        names.setdefault(int.from_bytes(digest) * count >> _HASH_BITS, name)
    return tuple(names[part] for part in range(count))


@lru_cache(maxsize=4096)
def _head(key_index: int, data_bytes: int) -> bytes:
    """What stands before the data of a user record: its own field and length, its key's index, the data's length."""
    inner = b"\x08" + _varint(key_index) + b"\x1a" + _varint(data_bytes)
    return b"\x1a" + _varint(len(inner) + data_bytes) + inner


def _varint(value: int) -> bytes:
    out = bytearray()
    while value > 0x7F:  # noqa: PLR2004 - seven bits a byte
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)
