"""What a producer holds, and what it sends next: the whole of its judgement, without a thread, a clock or a stream.

A record travels plain, under its key, or in an aggregate, under its key's bucket. Which, its caller decides by its
type, so records of one type always go the same way. Order per key holds among those that do: two ways are two partition
keys, so two shards perhaps.

    put ──▶ plain ──────────────────────────────▶ waiting, one queue a partition key ──▶ chunk ──▶ settle
       └──▶ open aggregate of the key's bucket ──▶    (core.chunk)

An aggregate is closed when it is full, when it is old, or when it is to be sent. A record that is in order with nothing
goes into whichever aggregate is being filled. One that is too large for company goes under its bucket's name too, by
itself, so that it stays in order.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from math import inf
from typing import TYPE_CHECKING, Final

from pipeline.core.aggregate import Aggregate, bucket_names
from pipeline.core.chunk import MAX_ENTRIES
from pipeline.model import Entry, Position
from pipeline.producer.ordered import Sending
from pipeline.producer.rate import Rate, cost, is_throttled

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pipeline.core.chunk import Slot
    from pipeline.model import Accepted, Refused

# A call of so much is worth making: waiting longer saves nothing that can be measured.
WORTH_A_CALL_BYTES: Final = 1024 * 1024
# How long an aggregate stays open while the stream takes nothing: it is given up, or kept, with its oldest record.
OPEN_SECONDS: Final = 1.0
_NOWHERE: Final = Position("put", "", "0")


@dataclass
class Outbox[T]:
    """Records that are not on the stream, each with its owner's tag. Times are seconds of a clock of the owner's."""

    buckets: int
    linger_seconds: float
    rate: Rate = field(default_factory=Rate)
    sending: Sending[list[T]] = field(default_factory=lambda: Sending("not tried in time"))
    _open: dict[str, Aggregate[T]] = field(default_factory=dict)
    _turn: int = 0

    def __post_init__(self) -> None:
        self.names = bucket_names(self.buckets)

    def __bool__(self) -> bool:
        return bool(self.sending.waiting) or bool(self._open)

    @property
    def any_name(self) -> str:
        """The bucket of a record without a key, which is in order with nothing."""
        return self.names[self._turn % self.buckets]

    def put(self, tag: T, name: str, data: bytes, now: float, size_bytes: int = 0) -> None:
        """A record that travels by itself, behind all of this partition key; its size with that, if it is known."""
        if name in self._open:
            self._close(name)
        self.sending.waiting.add(Entry(_NOWHERE, name, data), [tag], now, size_bytes)

    def put_aggregated(self, tag: T, key: bytes, name: str, data: bytes, now: float) -> bool:
        """A record that travels in an aggregate of its bucket, whose name this is. The key is UTF-8.

        Whether something may be sent now that could not before.
        """
        found = self._open.get(name)
        if found is None:
            return self._begin(tag, key or name.encode(), name, data, now)
        if now - found.since <= OPEN_SECONDS and found.add(tag, key or name.encode(), data):
            return False
        self._close(name)
        if key:
            self._begin(tag, key, name, data, now)
        else:
            self._turn += 1
            self.put_aggregated(tag, key, self.any_name, data, now)
        return True

    def _begin(self, tag: T, user_key: bytes, name: str, data: bytes, now: float) -> bool:
        aggregate: Aggregate[T] = Aggregate(now)
        if not aggregate.add(tag, user_key, data):
            self.put(tag, name, data, now)
            return True
        self._open[name] = aggregate
        return False

    @property
    def is_worth_a_call(self) -> bool:
        """Whether there is no reason to wait for more."""
        waiting = self.sending.waiting
        return waiting.heads >= MAX_ENTRIES or waiting.head_bytes >= WORTH_A_CALL_BYTES

    def due_at(self) -> float:
        """When the next call is worth making: long ago, or when the oldest record has lingered; infinity for never."""
        if self.is_worth_a_call:
            return -inf
        oldest = min((found.since for found in self._open.values()), default=inf)
        return min(oldest, self.sending.waiting.oldest()) + self.linger_seconds

    def chunk(self, now: float, *, urgent: bool = False) -> Sequence[Slot[list[T]]]:
        """The next call's worth. What is open is closed if it has lingered, or if it is urgent."""
        ripe = now if urgent else now - self.linger_seconds
        for name in [name for name, found in self._open.items() if found.since <= ripe]:
            self._close(name)
        return self.sending.waiting.chunk(*self.rate.room())

    def settle(
        self, chunk: Sequence[Slot[list[T]]], answers: Sequence[Accepted | Refused], now: float
    ) -> list[tuple[Slot[list[T]], Accepted]]:
        """What was accepted waits no more, and is returned; the rate follows."""
        accepted = self.sending.settle(chunk, answers, now)
        taken = cost(slot for slot, _ in accepted)
        self.rate.answered(cost(chunk), taken, now, throttled=any(map(is_throttled, answers)))
        return accepted

    def lapsed(self, since: float) -> list[Slot[list[T]]]:
        """Take out what was put then or before, and nothing of its key was accepted since: in order per key."""
        for name in [name for name, found in self._open.items() if found.since <= since]:
            self._close(name)
        return self.sending.waiting.lapsed(since)

    def drain(self) -> list[Slot[list[T]]]:
        """Take out everything: in order per key."""
        for name in list(self._open):
            self._close(name)
        return self.sending.waiting.drain()

    def _close(self, name: str) -> None:
        found = self._open.pop(name)
        self.sending.waiting.add(Entry(_NOWHERE, name, found.data()), found.tags, found.since)
