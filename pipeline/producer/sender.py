"""The thread that sends: what it shares with callers, and the lock around that.

Whatever is held, queued or counted changes under the lock. The stream, the spill and the caller's `report` are called
outside it, by this thread alone (`report` also by whoever puts a record that is refused at once). What is to be sent,
and when, `outbox` decides.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass
from math import inf
from operator import attrgetter
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from pipeline.model import Refused
from pipeline.producer.backlog import Backlog
from pipeline.producer.claims import owes, pay, try_to_pay
from pipeline.producer.metrics import Counts
from pipeline.producer.ordered import Pace, call
from pipeline.producer.outbox import Outbox
from pipeline.producer.outcome import Spilled, Unsent
from pipeline.producer.spill import Spill

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from pipeline.core.chunk import Slot
    from pipeline.model import Accepted
    from pipeline.ports import ClaimStore, RecordStream
    from pipeline.producer.ordered import Sending
    from pipeline.producer.outcome import Outcome
    from pipeline.producer.receipt import Receipt
    from pipeline.producer.settings import Settings
    from pipeline.producer.spill import SpillDamaged

STOPPED: Final = "stopped before it was sent"
# A spill takes what would block the caller once so many calls in a row brought nothing.
_OUTAGE_CALLS: Final = 2
# How often the deadlines are looked at while all goes well.
_LOOK_SECONDS: Final = 1.0
_HELD_BYTES: Final = attrgetter("held_bytes")
_NUMBER: Final = attrgetter("number")


@dataclass(eq=False, slots=True)
class Flush:
    """Somebody waits until everything up to a number is told; so much of it is not."""

    last: int
    untold: int


class Sender:
    """Sends by a thread of its own what is in its outbox, and tells of it: `tell` is given receipts with outcomes.

    What `tell` raises, and what the stream raises besides Retryable, is kept for the callers to see.
    """

    def __init__(self, stream: RecordStream, tell: Callable[[Sequence[Receipt]], None], settings: Settings) -> None:
        self._settings = settings
        self._stream = stream
        self._claims = settings.claims if settings.oversize == "claim-check" else None
        self._tell = tell
        self._pace = settings.pace or Pace(sleep=self._doze)
        self._outbox: Outbox[Receipt] = Outbox(settings.buckets, settings.linger_seconds)
        spill = Spill(settings.spill) if isinstance(settings.spill, Path | str) else settings.spill
        self._backlog = None if spill is None else Backlog(spill, self._outbox.rate)
        self._counts = Counts()
        self._lock = threading.Lock()
        self._work = threading.Condition(self._lock)
        self._settled = threading.Condition(self._lock)
        self._telling = threading.RLock()
        self._thread: threading.Thread | None = None
        self._error: BaseException | None = None
        self._damage: SpillDamaged | None = None
        self._is_hindered = True
        self._room_bytes = settings.buffer_bytes
        self._count = self._told = 0
        self._flushes: list[Flush] = []
        self._now = settings.now
        self._look_at = -inf
        self._is_idle = self._is_asleep = self._is_full = False
        self._is_closed = self._is_stopped = self._is_abandoned = False
        self._look_for_damage()

    def _start(self) -> None:
        thread = threading.Thread(target=self._run, name="producer", daemon=True)
        thread.start()
        self._thread = thread

    def _raise(self) -> None:
        """What went wrong, one thing at a time."""
        error: BaseException | None = self._damage
        if error is not None:
            self._damage = None
        else:
            error, self._error = self._error, None
        self._is_hindered = self._is_closed or self._thread is None or self._error is not None
        if error is not None:
            raise error

    # the thread -------------------------------------------------------------------------------------------------------

    def _run(self) -> None:
        while self._turn():
            pass

    def _next(self) -> Sequence[Slot[list[Receipt]]]:
        """Wait for something to send; nothing where the spill has something, or where there will be nothing more."""
        outbox = self._outbox
        while not self._is_stopped and not self._backlog:
            now, urgent = self._now(), bool(self._flushes or self._is_full or self._is_closed)
            due_at = outbox.due_at()
            if outbox and (urgent or due_at <= now):
                return outbox.chunk(now, urgent=urgent)
            if self._is_closed:
                break
            self._is_idle, self._is_asleep = True, due_at == inf
            self._work.wait(None if due_at == inf else due_at - now)
            self._is_idle = self._is_asleep = False
        return ()

    def _turn(self) -> bool:
        """Make one call and tell what came of it; False when there is nothing left to do."""
        with self._lock:
            chunk = self._next()
        try:
            if chunk:
                self._send(chunk)
            elif self._backlog and not (self._is_stopped or (self._is_closed and self._is_outage())):
                self._send_again(self._backlog)
            else:
                self._give_back(STOPPED if self._is_stopped else self._sending().reason)
                return False
        except BaseException as error:  # noqa: BLE001 - whatever a stream raises, nothing of what is held is lost
            self._fail(error)
        self._give_up()
        self._wait()
        return not self._is_abandoned

    def _send(self, chunk: Sequence[Slot[list[Receipt]]]) -> None:
        answers = call(self._stream, chunk) if self._claims is None else self._send_paid(self._claims, chunk)
        with self._lock:
            if self._is_abandoned:
                return
            now = self._now()
            accepted = self._outbox.settle(chunk, answers, now)
            self._counts.called(answers, sum(slot.size_bytes for slot, _ in accepted))
            receipts: list[Receipt] = []
            for slot, answer in accepted:
                receipts += slot.tag
                self._counts.latencies.add(now - slot.put_at, len(slot.tag))
                for number, receipt in enumerate(slot.tag):
                    receipt.outcome = answer
                    receipt.sub_sequence_number = number
            self._counts.accepted += len(receipts)
        self._finish(receipts)

    def _send_paid(self, claims: ClaimStore, chunk: Sequence[Slot[list[Receipt]]]) -> Sequence[Accepted | Refused]:
        """Leave what is owed, and send what owes nothing then; the rest is as if it were refused."""
        reason = self._paid(pay, claims, chunk)
        if self._is_abandoned:
            return [Refused(STOPPED)] * len(chunk)
        if not reason:
            return call(self._stream, chunk)
        answers = iter(call(self._stream, [slot for slot in chunk if not owes(slot)]))
        return [Refused(reason) if owes(slot) else next(answers) for slot in chunk]

    def _paid(self, how: Callable[..., str], claims: ClaimStore, slots: Sequence[Slot[list[Receipt]]]) -> str:
        owing = sum(map(owes, slots))
        reason = how(claims, slots)
        with self._lock:
            self._counts.claimed += owing - sum(map(owes, slots))
        return reason

    def _send_again(self, backlog: Backlog) -> None:
        chunk = backlog.chunk()
        with self._lock:
            self._look_for_damage()
        if not chunk:
            return
        answers = call(self._stream, chunk)
        with self._lock:
            if self._is_abandoned:
                return
            accepted = backlog.settle(chunk, answers, self._now())
            self._counts.called(answers, sum(slot.size_bytes for slot in accepted))
            self._counts.resent += len(accepted)
            backlog.done()

    def _look_for_damage(self) -> None:
        """The caller is told of each loss once, by the next `take`, `flush` or `close`."""
        found = None if self._backlog is None else self._backlog.new_damage()
        if self._backlog is not None and found is not None:
            self._counts.damaged = self._backlog.damaged
            self._damage, self._is_hindered = found, True

    def _fail(self, error: BaseException) -> None:
        """What is held is given back, or spilled; the caller is told by the next `take`, `flush` or `close`."""
        with self._lock:
            self._error, self._is_hindered = error, True
            if self._backlog:
                self._backlog.sending.failures += 1
        self._give_back(str(error))

    def _give_up(self) -> None:
        """Give back, or spill, what is past its deadline; and all, where a spill can take what an outage blocks."""
        outbox = self._outbox
        with self._lock:
            now = self._now()
            if not self._sending().failures and now < self._look_at:
                return
            self._look_at = now + _LOOK_SECONDS
            slots = outbox.lapsed(now - self._settings.deadline_seconds)
            if self._backlog is not None and self._is_outage() and (self._is_full or self._is_closed):
                slots += outbox.drain()
        self._return(slots, self._sending().reason)

    def _give_back(self, reason: str) -> None:
        with self._lock:
            slots = self._outbox.drain()
        self._return(slots, reason)

    def _return(self, slots: Sequence[Slot[list[Receipt]]], reason: str) -> None:
        """Spill what owes nothing, where there is a spill, and give back the rest; told in order."""
        if not slots:
            return
        why = self._last_payment(slots, reason)
        outcome = self._spilled([slot for slot in slots if not owes(slot)], reason)
        receipts: list[Receipt] = []
        spilled = 0
        for slot in slots:
            told = Unsent(why) if owes(slot) else outcome
            spilled += len(slot.tag) * isinstance(told, Spilled)
            receipts += slot.tag
            for receipt in slot.tag:
                receipt.outcome = told
        with self._lock:
            self._counts.spilled += spilled
            self._counts.unsent += len(receipts) - spilled
        self._finish(receipts)

    def _last_payment(self, slots: Sequence[Slot[list[Receipt]]], reason: str) -> str:
        """A spill keeps what travels, so what is owed is left now or never; why it is not."""
        if self._claims is None or self._backlog is None or self._is_stopped:
            return reason
        return self._paid(try_to_pay, self._claims, slots)

    def _spilled(self, slots: Sequence[Slot[list[Receipt]]], reason: str) -> Outcome:
        if self._backlog is None:
            return Unsent(reason)
        try:
            self._backlog.keep([(slot.entry, slot.tag[0].id) for slot in slots])
        except Exception as error:  # noqa: BLE001 - whatever a disk does, the records go back to their caller
            return Unsent(f"{reason}; and {error}")
        return Spilled(reason)

    def _finish(self, receipts: Sequence[Receipt]) -> None:
        """Tell, and make room."""
        error: Exception | None = None
        try:
            with self._telling:
                self._tell(receipts)
        except Exception as raised:  # noqa: BLE001 - the caller's own trouble is the caller's to see
            error = raised
        with self._lock:
            if error is not None:
                self._error, self._is_hindered = self._error or error, True
            self._told += len(receipts)
            for flush in self._flushes:
                flush.untold -= sum(map(flush.last.__ge__, map(_NUMBER, receipts)))
            self._room_bytes += sum(map(_HELD_BYTES, receipts))
            self._settled.notify_all()

    def _sending(self) -> Sending[Any]:
        """What is being sent: the spill first."""
        return self._backlog.sending if self._backlog else self._outbox.sending

    def _is_outage(self) -> bool:
        return self._sending().failures >= _OUTAGE_CALLS

    def _wait(self) -> None:
        """Until the next call may be made."""
        with self._lock:
            now, sending = self._now(), self._sending()
            left = self._outbox.sending.waiting.oldest() + self._settings.deadline_seconds - now
            failures = sending.failures if sending.waiting else 0
            seconds = max(self._pace.seconds(failures, left), self._outbox.rate.wait_seconds(now))
        if seconds > 0:
            self._pace.sleep(seconds)

    def _doze(self, seconds: float) -> None:
        with self._lock:
            self._work.wait_for(lambda: self._is_stopped, seconds)
