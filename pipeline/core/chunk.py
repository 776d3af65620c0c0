"""What goes into one PutRecords call, so that records of one key are accepted in the order they came in.

PutRecords takes its entries in no promised order, and refuses any of them alone (API reference, PutRecords). So a
chunk holds at most one entry of a key, and a key's next entry waits until the one before it is on the stream:

    key a   1 · 2 · 3        chunk   1 · 4 · 5      the heads, as many as fit
    key b   4 · 6     ──▶
    key c   5                next    2 · 6 · (5)    5 was refused: it is a head again, and nothing of c overtook it

The price is one call a record where all records have one key. Records that need no order should have keys of their own.
"""

from __future__ import annotations

import hashlib
from collections import deque
from dataclasses import dataclass, field
from math import inf
from typing import TYPE_CHECKING, Final

from msgspec import Struct, structs

if TYPE_CHECKING:
    from pipeline.model import Entry

# Kinesis API reference, PutRecords: up to 500 records a call.
MAX_ENTRIES: Final = 500
# The same: 10 MiB a call with the partition keys since October 2025, 5 MiB before; kinesis-mock 0.5 still has 5.
MAX_CALL_BYTES: Final = 5 * 1024 * 1024
# Kinesis developer guide, "Large records": 1 MiB of data and key unless the stream was given more (up to 10 MiB).
MAX_RECORD_BYTES: Final = 1024 * 1024
# PutRecordsRequestEntry: a key has 1 to 256 characters; kinesis-mock counts them in UTF-16, as Java does.
MAX_KEY_UNITS: Final = 256
# A character is two units at most.
_SURELY_FITS: Final = MAX_KEY_UNITS // 2


def partition_key(key: str) -> str:
    """The key itself, or its hash where it is longer than Kinesis takes: one key, one partition key, one order."""
    if len(key) <= _SURELY_FITS or key_units(key) <= MAX_KEY_UNITS:
        return key
    return hashlib.sha256(key.encode()).hexdigest()


def key_units(key: str) -> int:
    """The length of a key in UTF-16 code units: what is beyond the basic plane counts twice."""
    return len(key) if key.isascii() else len(key.encode("utf-16-le")) // 2


def entry_bytes(entry: Entry) -> int:
    """The size that Kinesis counts: data, and partition key in UTF-8."""
    return len(entry.data) + len(entry.partition_key.encode())


class Slot[T](Struct, frozen=True):
    """An entry in the queue of its key, with whatever its owner knows it by.

    `put_at` is when it was put, in seconds of the owner's clock; `since` is the same, or, for the head of a key, when
    the last of its key before it was accepted, if that was later.
    """

    entry: Entry
    tag: T
    size_bytes: int
    put_at: float
    since: float


@dataclass
class Waiting[T]:
    """The entries that are not on the stream yet, in one queue a key.

    `size_bytes` is what all of them weigh, as Kinesis counts it. No entry may be larger than `MAX_CALL_BYTES`.
    """

    size_bytes: int = 0
    head_bytes: int = 0
    _heads: dict[str, Slot[T]] = field(default_factory=dict)
    _behind: dict[str, deque[Slot[T]]] = field(default_factory=dict)

    def __bool__(self) -> bool:
        return bool(self._heads)

    @property
    def heads(self) -> int:
        """How many entries may be sent now."""
        return len(self._heads)

    def add(self, entry: Entry, tag: T, now: float = 0.0, size_bytes: int = 0) -> None:
        """Behind all of its key. `size_bytes` is what it weighs, if that is known."""
        key, size = entry.partition_key, size_bytes or entry_bytes(entry)
        slot = Slot(entry, tag, size, now, now)
        self.size_bytes += size
        if key not in self._heads:
            self._heads[key] = slot
            self.head_bytes += size
        elif key in self._behind:
            self._behind[key].append(slot)
        else:
            self._behind[key] = deque((slot,))

    def chunk(self, most_entries: int = MAX_ENTRIES, most_bytes: int = MAX_CALL_BYTES) -> list[Slot[T]]:
        """The next call's worth: heads of their keys, at least one, at most 500 and 5 MiB.

        They stay here until they are `done`.
        """
        chunk: list[Slot[T]] = []
        room_bytes = most_bytes
        for slot in self._heads.values():
            room_bytes -= slot.size_bytes
            if chunk and (len(chunk) >= most_entries or room_bytes < 0):
                break
            chunk.append(slot)
        return chunk

    def done(self, slot: Slot[T], now: float = 0.0) -> None:
        """The head of its key is on the stream: the next of the key may go, after the heads of all other keys."""
        self._take(slot.entry.partition_key, now)

    def oldest(self) -> float:
        """Since when the longest waiting head waits; infinity when nothing does."""
        return min((slot.since for slot in self._heads.values()), default=inf)

    def lapsed(self, since: float) -> list[Slot[T]]:
        """Take out the heads that wait since then or longer, and those behind them that do: in order per key."""
        lapsed: list[Slot[T]] = []
        for key in [key for key, slot in self._heads.items() if slot.since <= since]:
            while key in self._heads and self._heads[key].since <= since:
                lapsed.append(self._take(key, self._heads[key].since))
        return lapsed

    def drain(self) -> list[Slot[T]]:
        """Take out everything: key by key, in order per key."""
        slots = [slot for key, head in self._heads.items() for slot in (head, *self._behind.get(key, ()))]
        self._heads.clear()
        self._behind.clear()
        self.size_bytes = self.head_bytes = 0
        return slots

    def _take(self, key: str, now: float) -> Slot[T]:
        slot = self._heads.pop(key)
        self.size_bytes -= slot.size_bytes
        self.head_bytes -= slot.size_bytes
        behind = self._behind.get(key)
        if behind is not None:
            following = behind.popleft()
            self._heads[key] = structs.replace(following, since=now) if now > following.since else following
            self.head_bytes += following.size_bytes
            if not behind:
                del self._behind[key]
        return slot
