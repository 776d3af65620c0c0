"""A producer without its envelopes: records in the form they travel in are taken, flushed, and given back."""

from __future__ import annotations

import atexit
import os
import threading
from typing import TYPE_CHECKING, Final

from pipeline.core.aggregate import bucket_of
from pipeline.core.chunk import MAX_KEY_UNITS, MAX_RECORD_BYTES, partition_key
from pipeline.producer.claims import claimed
from pipeline.producer.outcome import Full, TooLarge
from pipeline.producer.receipt import Receipt, Settled
from pipeline.producer.sender import STOPPED, Flush, Sender
from pipeline.producer.settings import RECORD_BYTES, Settings

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from pipeline.model import Owed, Position
    from pipeline.ports import RecordStream
    from pipeline.producer.metrics import Metrics
    from pipeline.producer.outcome import Puttable
    from pipeline.producer.outgoing import Outgoing

# Who stops a program waits this long for the answer of the call that is on its way.
STOP_SECONDS: Final = 2.0
# A thread that waits for another without end may sleep through Ctrl-C.
_AWAKE_SECONDS: Final = 0.5


class _Forks:
    """How many forks away from the first process this one is: a fork has no thread, and maybe a lock held for ever."""

    def __init__(self) -> None:
        self.count = 0
        os.register_at_fork(after_in_child=self._add)

    def _add(self) -> None:
        self.count += 1


_forks = _Forks()


class Engine(Sender):
    """Takes records from any thread, and sends them by its own.

    What goes wrong there is raised here, by the next `take`, `flush` or `close`.
    """

    def __init__(self, stream: RecordStream, tell: Callable[[Sequence[Receipt]], None], settings: Settings) -> None:
        super().__init__(stream, tell, settings)
        self._aggregated = None if settings.aggregate is True else frozenset(settings.aggregate or ())
        self._born = _forks.count
        if self._backlog:
            self._begin()

    def settled(self) -> Settled:
        """What receipts are waited for at."""
        return Settled(self._settled)

    def take(self, outgoing: Outgoing, record: Puttable, position: Position | None, waiter: object) -> Receipt:
        """Take a record in the form that it travels in. Raises Full; ValueError when closed; what went wrong before."""
        if self._born != _forks.count:
            self._not_after_a_fork()
        outbox, key, data = self._outbox, outgoing.key or "", outgoing.data
        size, user_key = len(data), b""
        is_aggregated = self._aggregated is None or outgoing.type in self._aggregated
        if is_aggregated:
            user_key = key.encode()
            if len(user_key) > MAX_KEY_UNITS:  # in UTF-16 it is no longer
                user_key = partition_key(key).encode()
            name = bucket_of(user_key, outbox.names) if user_key else outbox.any_name
            held = 2 * (size + len(user_key)) + RECORD_BYTES
            size += len(name)
        else:
            name = partition_key(key or outgoing.id)
            size += len(name.encode())
            held = 2 * size + RECORD_BYTES
        too_large = owed = None
        if size > MAX_RECORD_BYTES:
            data, owed, too_large = self._fitted(outgoing, size)
            is_aggregated, size = False, len(data) + size - len(outgoing.data)
        with self._lock:
            if self._is_hindered or held > self._room_bytes:
                self._wait_for_room(held)
            self._room_bytes -= held
            self._count = number = self._count + 1
            now = self._now()
            receipt = Receipt(record, position, waiter, outgoing.id, held, number, owed)
            if too_large is None:
                if not is_aggregated:
                    outbox.put(receipt, name, data, now, size)
                elif not outbox.put_aggregated(receipt, user_key, name, data, now) and not self._is_asleep:
                    return receipt
                if self._is_asleep or (self._is_idle and outbox.is_worth_a_call):
                    self._is_asleep = self._is_idle = False
                    self._work.notify()
                return receipt
            self._counts.refused += 1
        receipt.outcome = too_large
        self._finish([receipt])
        return receipt

    def _fitted(self, outgoing: Outgoing, size: int) -> tuple[bytes, Owed | None, TooLarge | None]:
        """What is to travel instead of a record of this size, and what that owes; or why it cannot."""
        if self._claims is None or outgoing.type is None:
            return b"", None, TooLarge(size)
        found = claimed(outgoing.data, size - len(outgoing.data), self._claims.bucket)
        return (b"", None, found) if isinstance(found, TooLarge) else (*found, None)

    def flush(self, seconds: float | None = None) -> bool:
        """Send all that was taken before, and wait until it is told; whether it is. Raises what went wrong."""
        self._not_after_a_fork()
        with self._lock:
            self._not_while_telling()
            flush = Flush(self._count, self._count - self._told)
            self._flushes.append(flush)
            self._work.notify()
            try:
                is_told = self._settled.wait_for(lambda: not flush.untold, _bounded(seconds))
            finally:
                self._flushes.remove(flush)
            self._raise()
            return is_told

    def close(self) -> None:
        """Flush, and take no more. Raises what went wrong; whatever cuts it short, such as Ctrl-C, stops instead."""
        if self._born != _forks.count or self._is_abandoned:
            return
        with self._lock:
            self._not_while_telling()
            self._is_closed = self._is_hindered = True
            self._work.notify()
        try:
            while self._thread is not None and self._thread.is_alive():
                self._thread.join(_AWAKE_SECONDS)
        except BaseException:
            self.stop()
            raise
        self._end()
        with self._lock:
            self._raise()

    def stop(self) -> None:
        """Send no more: give back, or spill, what waits."""
        self._is_closed = self._is_stopped = self._is_hindered = True  # before anything that a Ctrl-C could cut short
        with self._lock:
            self._work.notify()
        if self._thread is not None:
            self._thread.join(STOP_SECONDS)
            with self._lock:
                self._is_abandoned = True
            self._give_back(STOPPED)
        self._end()

    def metrics(self) -> Metrics:
        """What was done so far."""
        with self._lock:
            return self._counts.picture(self._count - self._told, self._held_bytes(), self._outbox.rate.shards)

    def _end(self) -> None:
        atexit.unregister(self.close)
        if self._backlog is not None and self._backlog.spill is not self._settings.spill:
            self._backlog.spill.close()

    # under the lock ---------------------------------------------------------------------------------------------------

    def _wait_for_room(self, held: int) -> None:
        self._check()
        if self._has_room(held):
            return
        self._work.notify()
        seconds = 0 if self._is_telling() else _bounded(self._settings.block_seconds)
        if not self._settled.wait_for(lambda: self._is_closed or self._has_room(held), seconds):
            raise Full(f"the producer holds {self._held_bytes():,} of at most {self._settings.buffer_bytes:,} bytes")
        self._check()

    def _has_room(self, held: int) -> bool:
        self._is_full = self._held_bytes() > 0 and held > self._room_bytes
        return not self._is_full

    def _held_bytes(self) -> int:
        return self._settings.buffer_bytes - self._room_bytes

    def _check(self) -> None:
        if self._is_closed:
            raise ValueError("the producer is closed")
        if self._thread is None:
            self._begin()
        self._raise()

    def _begin(self) -> None:
        atexit.register(self.close)
        self._start()

    def _not_after_a_fork(self) -> None:
        if self._born != _forks.count:
            raise ValueError("the producer belongs to another process; make a new one after a fork")

    def _is_telling(self) -> bool:
        return threading.current_thread() is self._thread

    def _not_while_telling(self) -> None:
        if self._is_telling():
            raise ValueError("a report can neither flush nor close: the producer waits for it to return")


def _bounded(seconds: float | None) -> float | None:
    """What a thread may be told to wait at most; None for without end."""
    return None if seconds is None else min(seconds, threading.TIMEOUT_MAX)
