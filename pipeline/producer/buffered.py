"""Records as they come, one `put` each: sent when it is worth a call, reported one by one, in bounded memory."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Final, NamedTuple, Self

import orjson

from pipeline.core.chunk import MAX_CALL_BYTES, MAX_RECORD_BYTES, entry_bytes, partition_key
from pipeline.core.encode import cloudevent
from pipeline.errors import PipelineError
from pipeline.model import Entry, Event, Position
from pipeline.producer.ordered import Outcome, Pace, Sender, TooLarge, Unsent

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import TracebackType

    from pipeline.ports import RecordStream

BUFFER_BYTES: Final = 8 * 1024 * 1024
LINGER_SECONDS: Final = 0.5
GIVE_UP_AFTER_SECONDS: Final = 60.0


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
        self._sender: Sender[tuple[Event | bytes, Position]] = Sender(stream, pace or Pace())
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
