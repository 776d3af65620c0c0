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

from pipeline.core.kpl import MAGIC, varint

# KPL, default_config.properties: AggregationMaxSize. Two of the 25 KB that Kinesis bills a PUT by.
AGGREGATE_BYTES: Final = 51_200
# Well above the shards of most streams, so that all get their share. All producers of a stream should agree on it.
BUCKETS: Final = 32
# With magic and checksum around it.
_FRAME_BYTES: Final = 20
# Three field numbers and three lengths of three bytes, and an index of two: more than a record of an aggregate costs.
_FIELDS_BYTES: Final = 24
_HASH_BITS: Final = 128


class Aggregate:
    """Some user records on their way into one record, at most `AGGREGATE_BYTES`."""

    __slots__ = ("_indexes", "_keys", "_records", "size_bytes")

    def __init__(self) -> None:
        self._indexes: dict[bytes, int] = {}
        self._keys: list[bytes] = []
        self._records: list[bytes] = []
        self.size_bytes = _FRAME_BYTES

    def add(self, key: bytes, data: bytes) -> bool:
        """Put a user record behind all others, if there surely is room; whether it was. The key is UTF-8."""
        data_bytes = len(data)
        size = self.size_bytes + data_bytes
        if size + len(key) + _FIELDS_BYTES > AGGREGATE_BYTES:
            return False
        index = self._indexes.get(key)
        if index is None:
            index = self._indexes[key] = len(self._indexes)
            head = _key_head(len(key))
            self._keys += (head, key)
            size += len(head) + len(key)
        head = _head(index, data_bytes)
        records = self._records
        records.append(head)
        records.append(data)
        self.size_bytes = size + len(head)
        return True

    def data(self) -> bytes:
        """What goes onto the stream; `size_bytes` long."""
        body = b"".join(self._keys + self._records)
        return b"".join((MAGIC, body, hashlib.md5(body, usedforsecurity=False).digest()))


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


@lru_cache(maxsize=2048)
def _key_head(key_bytes: int) -> bytes:
    """What stands before a partition key: field and length."""
    return b"\x0a" + varint(key_bytes)


@lru_cache(maxsize=4096)
def _head(key_index: int, data_bytes: int) -> bytes:
    """What stands before the data of a user record: its own field and length, its key's index, the data's length."""
    inner = b"\x08" + varint(key_index) + b"\x1a" + varint(data_bytes)
    return b"\x1a" + varint(len(inner) + data_bytes) + inner
