"""One shard as an event source mapping reads it: lanes that deliver in order, and the checkpoint behind them.

    shard ──filter──▶ lane 0   waiting ──batch──▶ pieces ▸ the first is delivered until it is done with
                 └──▶ lane n   (ParallelizationFactor: a key always goes to the same lane)

A piece is a batch, or what a failure left of it: the rest from the record that was named, or one of two halves.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import deque
from dataclasses import dataclass, field
from itertools import islice
from typing import TYPE_CHECKING, Final

from pipeline.testing.mapping.filters import is_delivered
from pipeline.testing.mapping.stream import hash_of

if TYPE_CHECKING:
    from pipeline.testing.mapping.settings import EventSourceMapping
    from pipeline.testing.mapping.stream import Shard, StreamRecord

# Developer guide, "Batching behavior": 6 MB of invocation payload, which holds the data as base64.
MAX_BATCH_BYTES: Final = 6 * 1024 * 1024
# Ours: with these, a record that always fails is invoked 8 times before it is 60 seconds old, as recorded.
FIRST_WAIT_SECONDS: Final = 0.25
LONGEST_WAIT_SECONDS: Final = 60.0
# Far above the longest wait; two to the power of a thousand failures would be no float.
_MOST_DOUBLINGS: Final = 64


@dataclass
class Piece:
    """Records that are delivered together; `attempts` counts the invocations that reached the function in vain."""

    records: list[StreamRecord]
    attempts: int = 0


@dataclass
class Lane:
    """One batch at a time, in order."""

    shard: str
    number: int
    mapping: EventSourceMapping
    waiting: deque[StreamRecord] = field(default_factory=deque)
    pieces: deque[Piece] = field(default_factory=deque)
    ready_at: float = 0.0
    _gathered_since: float = 0.0
    _failures: int = 0

    def gather(self, record: StreamRecord, now: float) -> None:
        """A record that was read now."""
        if not self.waiting:
            self._gathered_since = now
        self.waiting.append(record)

    def due_at(self) -> float | None:
        """When the next delivery is due: a retry, a full batch, or the end of the window. None: nothing to deliver."""
        if self.pieces:
            return self.ready_at
        if not self.waiting:
            return None
        if len(self.waiting) >= self.mapping.batch_size or self._fitting() < len(self.waiting):
            return self._gathered_since
        return self._gathered_since + self.mapping.window_seconds

    def piece(self, now: float) -> Piece:
        """What is to be delivered next."""
        if not self.pieces:
            self.pieces.append(Piece(self._take(max(1, self._fitting()))))
            self._gathered_since = now
        return self.pieces[0]

    def _take(self, count: int) -> list[StreamRecord]:
        return [self.waiting.popleft() for _ in range(count)]

    def _fitting(self, others: int = 0, size_bytes: int = 0) -> int:
        """How many of those waiting fit into a batch that has so many others, of that size."""
        count = 0
        for record in islice(self.waiting, self.mapping.batch_size - others):
            size_bytes += record.size_bytes
            if size_bytes > MAX_BATCH_BYTES:
                break
            count += 1
        return count

    def done(self) -> None:
        """All of the first piece is done with."""
        self.pieces.popleft()
        self._failures = 0

    def wait(self, now: float) -> None:
        """Deliver no sooner than after a back-off."""
        self.ready_at = now + min(
            LONGEST_WAIT_SECONDS, FIRST_WAIT_SECONDS * 2.0 ** min(self._failures, _MOST_DOUBLINGS)
        )
        self._failures += 1

    def fail_from(self, place: int, now: float) -> list[StreamRecord]:
        """The answer named the record at this place of the first piece. Returns the records that are given up."""
        piece, unproven = self.pieces[0], self.mapping.unproven
        piece.records = piece.records[place:]
        if place:
            self._failures = 0
        if place and unproven.progress_resets_retries:
            piece.attempts = 0
        elif not (place and self.mapping.bisects_on_error):  # cutting the batch there is no retry
            piece.attempts += 1
        if self.mapping.is_spent(piece.attempts):
            isolates = unproven.isolates_poison and self.mapping.bisects_on_error
            return self._give_up(1 if isolates else len(piece.records))
        if unproven.refills and len(self.pieces) == 1:
            size_bytes = sum(record.size_bytes for record in piece.records)
            piece.records += self._take(self._fitting(len(piece.records), size_bytes))
        self.wait(now)
        return []

    def fail(self, now: float) -> list[StreamRecord]:
        """The first piece failed as a whole. Returns the records that are given up."""
        piece = self.pieces[0]
        if self.mapping.bisects_on_error and len(piece.records) > 1:
            middle = len(piece.records) // 2
            halves = [piece.records[:middle], piece.records[middle:]]
            self.pieces.popleft()
            self.pieces.extendleft(Piece(half, piece.attempts) for half in reversed(halves))
        else:
            piece.attempts += 1
            if self.mapping.is_spent(piece.attempts):
                return self._give_up(len(piece.records))
        self.wait(now)
        return []

    def _give_up(self, count: int) -> list[StreamRecord]:
        piece = self.pieces[0]
        given_up, piece.records = piece.records[:count], piece.records[count:]
        piece.attempts = 0
        if not piece.records:
            self.done()
        return given_up


@dataclass
class Poller:
    """A shard with its lanes.

    Args:
        cursor: the sequence number of the last record that was read.
        filtered: the records that no filter lets through, for the owner to look at.
    """

    shard: Shard
    mapping: EventSourceMapping
    cursor: int
    filtered: list[StreamRecord] = field(default_factory=list)
    lanes: list[Lane] = field(init=False)

    def __post_init__(self) -> None:
        count = self.mapping.parallelization_factor
        self.lanes = [Lane(self.shard.name, number, self.mapping) for number in range(count)]

    def read(self, now: float) -> None:
        """Read on to the end of the shard."""
        for record in self._unread():
            self.cursor = record.sequence_number
            if is_delivered(record.original, self.mapping.filters):
                self.lanes[hash_of(record.key) % len(self.lanes)].gather(record, now)
            else:
                self.filtered.append(record)

    def is_done(self) -> bool:
        """Whether the shard is closed and everything in it is done with, so that its children may be read."""
        busy = any(lane.pieces or lane.waiting for lane in self.lanes)
        return self.shard.is_closed and not busy and not self._unread()

    def checkpoint(self) -> int:
        """The sequence number before which everything is done with."""
        firsts = [
            record.sequence_number
            for lane in self.lanes
            for records in (*(piece.records for piece in lane.pieces), lane.waiting)
            for record in islice(records, 1)
        ]
        return min(firsts, default=self.cursor + 1)

    def _unread(self) -> list[StreamRecord]:
        records = self.shard.records
        if not records or records[-1].sequence_number <= self.cursor:
            return []
        return records[bisect_right(records, self.cursor, key=lambda record: record.sequence_number) :]
