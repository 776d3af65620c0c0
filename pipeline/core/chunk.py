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
from typing import TYPE_CHECKING, Final, NamedTuple

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


def partition_key(key: str) -> str:
    """The key itself, or its hash where it is longer than Kinesis takes: one key, one partition key, one order."""
    if key_units(key) <= MAX_KEY_UNITS:
        return key
    return hashlib.sha256(key.encode()).hexdigest()


def key_units(key: str) -> int:
    """The length of a key in UTF-16 code units: what is beyond the basic plane counts twice."""
    return len(key) if key.isascii() else len(key.encode("utf-16-le")) // 2


def entry_bytes(entry: Entry) -> int:
    """The size that Kinesis counts: data, and partition key in UTF-8."""
    return len(entry.data) + len(entry.partition_key.encode())


class Slot[T](NamedTuple):
    """An entry in the queue of its key, with whatever its owner knows it by."""

    entry: Entry
    tag: T
    size_bytes: int


@dataclass
class Waiting[T]:
    """The entries that are not on the stream yet, in one queue a key.

    `size_bytes` is what all of them weigh, as Kinesis counts it. No entry may be larger than `MAX_CALL_BYTES`.
    """

    size_bytes: int = 0
    _queues: dict[str, deque[Slot[T]]] = field(default_factory=dict)
    _head_bytes: int = 0

    def __bool__(self) -> bool:
        return bool(self._queues)

    def add(self, entry: Entry, tag: T) -> None:
        """Behind all of its key."""
        slot = Slot(entry, tag, entry_bytes(entry))
        queue = self._queues.get(entry.partition_key)
        if queue is None:
            self._queues[entry.partition_key] = deque((slot,))
            self._head_bytes += slot.size_bytes
        else:
            queue.append(slot)
        self.size_bytes += slot.size_bytes

    @property
    def fills_a_call(self) -> bool:
        """Whether waiting longer would not make the next chunk any larger."""
        return len(self._queues) >= MAX_ENTRIES or self._head_bytes >= MAX_CALL_BYTES

    def chunk(self) -> list[Slot[T]]:
        """The next call's worth: heads of their keys, at most 500 and 5 MiB. They stay here until they are `done`."""
        chunk: list[Slot[T]] = []
        room_bytes = MAX_CALL_BYTES
        for queue in self._queues.values():
            room_bytes -= queue[0].size_bytes
            if len(chunk) == MAX_ENTRIES or room_bytes < 0:
                break
            chunk.append(queue[0])
        return chunk

    def done(self, slot: Slot[T]) -> None:
        """The head of its key is on the stream: the next of the key may go, after the heads of all other keys."""
        key = slot.entry.partition_key
        queue = self._queues.pop(key)
        queue.popleft()
        self.size_bytes -= slot.size_bytes
        self._head_bytes -= slot.size_bytes
        if queue:
            self._queues[key] = queue
            self._head_bytes += queue[0].size_bytes

    def drain(self) -> list[Slot[T]]:
        """Take out everything: key by key, in order per key."""
        slots = [slot for queue in self._queues.values() for slot in queue]
        self._queues.clear()
        self.size_bytes = self._head_bytes = 0
        return slots
