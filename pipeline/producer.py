"""Puts records onto a stream: none lost without a word, none out of order within its key, memory bounded.

    put_in_order    a list of entries within the time left; one outcome for each        (KinesisSink, the relay's sink)
    Producer        one record after the other, as they come: put · flush · close       (`pipeline put`)

Both send chunks of `core.chunk`: heads of keys, so that what is refused holds back its own key and nothing else. Only
what was refused is sent again, decided by each entry's own answer. When a whole call fails, it may have been carried
out all the same: its entries are sent again, and a record that is there twice carries the same id.

A wait before the next try is random between nothing and a bound (full jitter). The bound doubles while no entry at all
gets through; while some do, the stream is throttling, and what it accepts sets the rate.
"""

from __future__ import annotations

import random
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, NamedTuple, Self

import orjson

from pipeline.core.chunk import MAX_CALL_BYTES, MAX_RECORD_BYTES, Waiting, entry_bytes, partition_key
from pipeline.core.encode import cloudevent
from pipeline.errors import PipelineError, Retryable
from pipeline.model import Accepted, Entry, Event, Failure, Position

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from types import TracebackType

    from pipeline.core.chunk import Slot
    from pipeline.ports import RecordStream, Remaining

BUFFER_BYTES: Final = 8 * 1024 * 1024
LINGER_SECONDS: Final = 0.5
GIVE_UP_AFTER_SECONDS: Final = 60.0


@dataclass(frozen=True, slots=True)
class TooLarge:
    """The stream would never take it: data and partition key together, in bytes."""

    size_bytes: int
    limit_bytes: int = MAX_RECORD_BYTES

    def __str__(self) -> str:
        return f"{self.size_bytes:,} bytes with its key; a record on the stream is at most {self.limit_bytes:,}"


@dataclass(frozen=True, slots=True)
class Unsent:
    """Not accepted in time; after a call without an answer it may be on the stream all the same."""

    detail: str


type Outcome = Accepted | TooLarge | Unsent


@dataclass(frozen=True)
class Pace:
    """How long to wait before the next try. `jitter` gives 0 to 1; `sleep` takes seconds."""

    first_seconds: float = 0.1
    most_seconds: float = 5.0
    jitter: Callable[[], float] = random.random
    sleep: Callable[[float], None] = time.sleep

    def wait(self, failures: int, left_seconds: float) -> None:
        """Wait after that many failures in a row, never longer than what is left."""
        bound = min(self.most_seconds, self.first_seconds * 2 ** min(failures - 1, 16), left_seconds)
        if bound > 0:
            self.sleep(self.jitter() * bound)


@dataclass
class _Sender[T]:
    """What is waiting for a stream, and one call after the other."""

    stream: RecordStream
    pace: Pace
    waiting: Waiting[T] = field(default_factory=Waiting)
    reason: str = "no time left"
    _failures: int = 0

    def call(self, remaining: Remaining) -> list[tuple[Slot[T], Accepted]]:
        """One PutRecords: what it accepted is waiting no more. Waits where something was not. Raises Misconfiguration.

        `remaining` bounds the wait.
        """
        chunk = self.waiting.chunk()
        try:
            answers = self.stream.put([slot.entry for slot in chunk])
        except Retryable as error:
            self.reason = str(error)
            accepted = []
        else:
            accepted = self._settle(chunk, answers)
        if len(accepted) == len(chunk):
            self._failures = 0
        else:
            self._failures = 1 if accepted else self._failures + 1
            self.pace.wait(self._failures, remaining())
        return accepted

    def _settle(self, chunk: list[Slot[T]], answers: Sequence[object]) -> list[tuple[Slot[T], Accepted]]:
        accepted: list[tuple[Slot[T], Accepted]] = []
        for slot, answer in zip(chunk, answers, strict=True):
            if isinstance(answer, Accepted):
                self.waiting.done(slot)
                accepted.append((slot, answer))
            else:
                self.reason = getattr(answer, "error_code", "refused")
        return accepted


def put_in_order(
    stream: RecordStream, entries: Sequence[Entry], remaining: Remaining, pace: Pace | None = None
) -> list[Outcome]:
    """Put all and give one outcome for each, in the order of the entries.

    The entries of one key are accepted in their order. At least one call is made whatever the time left, and none is
    started after it. Raises Misconfiguration.
    """
    sender: _Sender[int] = _Sender(stream, pace or Pace())
    outcomes: dict[int, Outcome] = {}
    for index, entry in enumerate(entries):
        size = entry_bytes(entry)
        if size > MAX_RECORD_BYTES:
            outcomes[index] = TooLarge(size)
        else:
            sender.waiting.add(entry, index)
    started = False
    while sender.waiting and not (started and remaining() <= 0):
        started = True
        outcomes.update((slot.tag, answer) for slot, answer in sender.call(remaining))
    outcomes.update((slot.tag, Unsent(sender.reason)) for slot in sender.waiting.drain())
    return [outcomes[index] for index in range(len(entries))]


@dataclass(frozen=True)
class KinesisSink:
    """A stream as the sink of entries, in order per partition key."""

    stream: RecordStream
    pace: Pace = field(default_factory=Pace)

    def write(self, deliveries: Sequence[Entry], remaining: Remaining) -> Mapping[Position, Failure]:
        """Put all; a record over the limit is a permanent failure. Raises Misconfiguration."""
        failures: dict[Position, Failure] = {}
        for entry, outcome in zip(deliveries, put_in_order(self.stream, deliveries, remaining, self.pace), strict=True):
            failure = _failure(outcome)
            # Where a position has several entries, the one to be tried again decides: it must not be given up.
            if failure is not None and (entry.position not in failures or not failure.permanent):
                failures[entry.position] = failure
        return failures


def _failure(outcome: Outcome) -> Failure | None:
    if isinstance(outcome, Accepted):
        return None
    if isinstance(outcome, TooLarge):
        return Failure(str(outcome), permanent=True)
    return Failure(outcome.detail)


class Report(NamedTuple):
    """What became of a record: the caller's own, the position it was put with, and its outcome."""

    record: Event | bytes
    position: Position
    outcome: Outcome


class Producer:
    """Puts records as they come, from one thread.

    with Producer(stream, reports.append) as producer:
        producer.put(event)

    Records are sent when a call's worth is there, when the buffer is full (`put` blocks), or by the next `put` after
    `linger_seconds`. Whoever waits for input calls `flush` meanwhile. When nothing at all was accepted for
    `give_up_after_seconds`, everything that waits is reported as Unsent and the buffer is empty again.

    Args:
        stream: where to.
        report: called once for each record put, with its outcome; in order per key.
        pace: the waits between tries.
        now: a clock that only moves forward, in seconds.
        linger_seconds: how long a record may wait for others to share its call.
        give_up_after_seconds: how long nothing may be accepted.
        buffer_bytes: the most that waits, data and keys in bytes.
    """

    def __init__(  # noqa: PLR0913 - four settings with defaults, and the outside world
        self,
        stream: RecordStream,
        report: Callable[[Report], None],
        *,
        pace: Pace | None = None,
        now: Callable[[], float] = time.monotonic,
        linger_seconds: float = LINGER_SECONDS,
        give_up_after_seconds: float = GIVE_UP_AFTER_SECONDS,
        buffer_bytes: int = BUFFER_BYTES,
    ) -> None:
        if buffer_bytes < MAX_CALL_BYTES:
            raise ValueError(f"buffer_bytes must hold a call's worth, at least {MAX_CALL_BYTES}")
        self._sender: _Sender[tuple[Event | bytes, Position]] = _Sender(stream, pace or Pace())
        self._report = report
        self._now = now
        self._linger_seconds = linger_seconds
        self._give_up_after_seconds = give_up_after_seconds
        self._buffer_bytes = buffer_bytes
        self._count = 0
        self._waiting_since = 0.0
        self._failing_since: float | None = None
        self._closed = False

    def put(self, record: Event | bytes, *, key: str | None = None, position: Position | None = None) -> None:
        """Take one record; its outcome is reported, now or later.

        Args:
            record: an event, or the data as it is to be on the stream.
            key: what the record is in order with; default: the event's subject, or else its id, so that an event
                without a subject is in order with nothing and can share its call with any other.
            position: where the record comes from, for the report.

        Raises Misconfiguration; ValueError after `close`, or for data without a key.
        """
        if self._closed:
            raise ValueError("the producer is closed")
        self._count += 1
        position = position or Position("put", "", str(self._count))
        entry = _entry(record, key, position)
        size = entry_bytes(entry)
        if size > MAX_RECORD_BYTES:
            self._report(Report(record, position, TooLarge(size)))
            return
        waiting = self._sender.waiting
        while waiting and waiting.size_bytes + size > self._buffer_bytes:
            self._call()
        if not waiting:
            self._waiting_since = self._now()
        waiting.add(entry, (record, position))
        if waiting.fills_a_call:
            self._call()
        elif self._now() - self._waiting_since >= self._linger_seconds:
            self.flush()

    def flush(self) -> None:
        """Send until nothing waits, or give up. Raises Misconfiguration."""
        while self._sender.waiting:
            self._call()

    def close(self) -> None:
        """Flush, and take no more. Closing twice is fine. Raises Misconfiguration."""
        self._closed = True
        self.flush()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close; where the program is being stopped (Ctrl-C), what waits is reported as Unsent instead."""
        if kind is not None and not issubclass(kind, Exception):
            self._closed = True
            self._give_back("stopped before it was sent")
        self.close()

    def _call(self) -> None:
        started_at = self._now()
        try:
            accepted = self._sender.call(self._left)
        except PipelineError as error:
            self._give_back(str(error))
            raise
        if accepted:
            self._failing_since = None
        elif self._failing_since is None:
            self._failing_since = started_at
        for slot, outcome in accepted:
            self._report(Report(*slot.tag, outcome))
        if self._left() <= 0:
            self._give_back(self._sender.reason)

    def _left(self) -> float:
        if self._failing_since is None:
            return self._give_up_after_seconds
        return self._failing_since + self._give_up_after_seconds - self._now()

    def _give_back(self, reason: str) -> None:
        self._failing_since = None
        for slot in self._sender.waiting.drain():
            self._report(Report(*slot.tag, Unsent(reason)))


def _entry(record: Event | bytes, key: str | None, position: Position) -> Entry:
    if isinstance(record, Event):
        return Entry(position, partition_key(key or record.subject or record.id), orjson.dumps(cloudevent(record)))
    if not key:
        raise ValueError("data that is not an event needs a key")
    return Entry(position, partition_key(key), record)
