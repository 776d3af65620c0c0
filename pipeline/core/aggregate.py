"""KPL aggregates as they grow, record by record, and the buckets that keep the order of a key through them.

    key ──crc32 mod N──▶ bucket ──its name is the partition key──▶ one shard, one place of a ParallelizationFactor

All records of a key go through one bucket, and a bucket has one partition key: wherever the stream's shards begin and
end, now or after a resharding, they lie on one shard, in order. No shard map and no explicit hash key is needed.

A bucket is named so that its MD5, by which Kinesis places it, lies in a part of its own of N equal parts of the range,
so that every shard gets its share. They depend on N alone, so that all producers of a stream agree.

The format is in `core.kpl`; here it is known at every step that what is to be packed has room.
"""

from __future__ import annotations

import hashlib
import itertools
import zlib
from functools import lru_cache
from typing import Final

from pipeline.core.kpl import seal

# KPL, default_config.properties: AggregationMaxSize. Two of the 25 KB that Kinesis bills a PUT by.
AGGREGATE_BYTES: Final = 51_200
# Well above the shards of most streams, so that all get their share. All producers of a stream should agree on it.
BUCKETS: Final = 32
# With magic and checksum around it.
_FRAME_BYTES: Final = 20
# Of a record, at most: two field numbers and lengths of three bytes, and an index of two behind its own.
_RECORD_BYTES: Final = 11
# Of a key, at most: a field number and a length of three bytes.
_KEY_BYTES: Final = 4
_HASH_BITS: Final = 128


class Aggregate[T]:
    """Some user records on their way into one record, at most `AGGREGATE_BYTES`, each with its owner's tag.

    `since` is when the first of them was put, in seconds of the owner's clock.
    """

    __slots__ = ("_datas", "_indexes", "_keys", "_most_bytes", "since", "tags")

    def __init__(self, since: float = 0.0) -> None:
        self.since = since
        self.tags: list[T] = []
        self._keys: dict[bytes, int] = {}
        self._indexes: list[int] = []
        self._datas: list[bytes] = []
        self._most_bytes = _FRAME_BYTES

    def add(self, tag: T, key: bytes, data: bytes) -> bool:
        """Put a user record behind all others, if there surely is room; whether it was. The key is UTF-8."""
        most_bytes = self._most_bytes + len(data) + _RECORD_BYTES
        index = self._keys.get(key)
        if index is None:
            most_bytes += len(key) + _KEY_BYTES
        if most_bytes > AGGREGATE_BYTES:
            return False
        if index is None:
            index = self._keys[key] = len(self._keys)
        self._most_bytes = most_bytes
        self._indexes.append(index)
        self._datas.append(data)
        self.tags.append(tag)
        return True

    def data(self) -> bytes:
        """What goes onto the stream."""
        return seal(self._keys, self._indexes, self._datas)


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
