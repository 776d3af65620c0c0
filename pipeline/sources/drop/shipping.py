"""The lines of one object → the producer, for as long as there is time.

A line waits from when it is read until its outcome is known: it is on the stream, or its dead letter is kept. The first
that still waits when all is over is where to go on; when none does, that is behind the last that was read. So nothing
is passed over, and what is put a second time has the same id.

A line that owes its data leaves them in S3 before it is put, and travels by itself, behind what was put of its key.

What ends an object for good (it is gone, it breaks off, it holds too many bad lines) is one dead letter more, which
says from which line on; it is kept when all lines before it have their outcome.
"""

from __future__ import annotations

import threading
from collections import Counter
from dataclasses import dataclass
from math import inf
from typing import TYPE_CHECKING, Final, NamedTuple

from pipeline.core.chunk import MAX_RECORD_BYTES
from pipeline.core.lines import START, Line
from pipeline.core.packed import Damaged
from pipeline.core.submission import Ready
from pipeline.errors import BugFlood, Rejection, Retryable
from pipeline.model import Accepted, DeadLetter, Event, Ledger, Reason, Stage
from pipeline.producer import Full, Producer, TooLarge
from pipeline.sources.drop.lines import Reader, letter, position_of
from pipeline.sources.drop.notification import Start
from pipeline.sources.drop.records import Records

if TYPE_CHECKING:
    from pipeline.core.lines import Overlong, Place
    from pipeline.core.submission import Rules
    from pipeline.ports import ClaimStore, DeadLetterSink, ObjectSource, RecordStream
    from pipeline.producer import Report
    from pipeline.sources.drop.budget import Budget

# More of an object are no slips: it is not what its beginning looks like. The object itself keeps the rest.
MAX_BAD_LINES: Final = 10_000
# Dead letters that are kept at a time, and what they may weigh: as many as the bucket has writers.
LETTERS: Final = 16
LETTERS_BYTES: Final = 4 * 1024 * 1024
# How often a line that finds no room looks at the clock.
_AWAKE_SECONDS: Final = 0.5


@dataclass(frozen=True)
class Doors:
    """Where lines come from and go to."""

    objects: ObjectSource
    stream: RecordStream
    claims: ClaimStore
    dead_letters: DeadLetterSink
    rules: Rules
    max_bad_lines: int = MAX_BAD_LINES


class Waiting(NamedTuple):
    """A line without an outcome, by what is known before it."""

    place: Place
    bad_lines: int
    time: str | None


class Shipping:
    """One object in one invocation. `ship` says where to go on, and `ledger` what became of what was read."""

    def __init__(self, start: Start, doors: Doors, budget: Budget) -> None:
        self.records: Records | None = None
        self.lines = 0
        self._start = start
        self._doors = doors
        self._budget = budget
        self._reader: Reader | None = None
        self._before = start.place  # behind the last line that was taken
        self._bad_lines = start.bad_lines
        self._bugs = 0
        self._is_cut_off = False
        self._end: DeadLetter | None = None
        self._letters: list[DeadLetter] = []
        self._reasons: Counter[Reason] = Counter()
        self._trouble = "the time ran out"
        # Shared with the producer's thread.
        self._lock = threading.Lock()
        self._waiting: dict[int, Waiting] = {}
        self._put = 0
        self._too_large: dict[int, str] = {}

    @property
    def last(self) -> int:
        """The number of the last line that was taken."""
        return self._before.number

    @property
    def ledger(self) -> Ledger:
        """Of the lines of this invocation, and of the end of the object if that is a dead letter."""
        return Ledger(
            self.lines,
            delivered=self._put,
            dead_lettered=self._reasons.total(),
            retried=len(self._waiting),
            reasons=self._reasons,
        )

    def ship(self) -> Start | None:
        """Ship what there is time for, a line at least, and say where to go on; None when all of it is done.

        Raises Retryable when not even a line has an outcome; Misconfiguration, BugFlood.
        """
        with Producer(
            self._doors.stream,
            self._note,
            aggregate=self._doors.rules.aggregated,
            deadline_seconds=inf,
            block_seconds=_AWAKE_SECONDS,
        ) as producer:
            self._read(producer)
            self._settle(producer)
        rest = self._rest()
        if rest is not None and rest.place.offset <= self._start.place.offset:
            raise Retryable(f"nothing of the object was shipped: {self._trouble}")
        return rest

    # reading ----------------------------------------------------------------------------------------------------------

    def _read(self, producer: Producer) -> None:
        """Take line by line, until the end of the object, or of the time."""
        try:
            self.records = Records(self._start, self._doors.objects, self._budget.for_lines)
            start = self._start._replace(at=self.records.at)
            self._reader = Reader(start, self.records.format, self.records.modified_at, self._doors.rules)
            for line in self.records:
                if line is not None and not self._take(line, self._reader, producer):
                    self._is_cut_off = True
                    return
                self._before = self.records.framing.place
                if self._budget.for_lines() <= 0 and self._before.offset > self._start.place.offset:
                    self._is_cut_off = True
                    return
            self._check_not_empty()
        except Damaged as damage:
            self._finish(Rejection(damage.reason, str(damage)), Stage.UNPACK)
        except Rejection as rejection:
            if rejection.reason is Reason.OBJECT_GONE and self.records is None and self._start.decoded_key:
                at = self._start.at._replace(key=self._start.decoded_key)
                self._start = self._start._replace(at=at, decoded_key=None)
                self._read(producer)
            else:
                self._finish(rejection, Stage.READ)
        except Retryable as error:
            self._is_cut_off, self._trouble = True, str(error)

    @property
    def _is_blank(self) -> bool:
        return self._start.is_blank and not self.lines

    def _check_not_empty(self) -> None:
        if self._is_blank:
            self._before = START
            raise Rejection(Reason.OBJECT_EMPTY, "there is not one record in it")

    def _take(self, line: Line | Overlong, reader: Reader, producer: Producer) -> bool:
        """Put a line, or make a dead letter of it; whether to go on."""
        if isinstance(line, Line) and not line.content.strip():
            return True
        waiting = Waiting(self._before, self._bad_lines, reader.time)
        if (
            isinstance(line, Line)
            and len(line.content) > MAX_RECORD_BYTES
            and not producer.flush(self._budget.for_lines())
        ):
            return False  # what is made of it can take some hundred MB, so nothing else may be held
        outcome = reader.read(line)
        if not isinstance(outcome, DeadLetter):
            self._wait_for(line.number, waiting)
            return self._put_event(producer, outcome, line.number)
        if self._bad_lines >= self._doors.max_bad_lines:
            raise Rejection(Reason.TOO_MANY_BAD_LINES, f"{self._bad_lines:,} lines before it are dead letters")
        self._wait_for(line.number, waiting)
        self._bad_lines += 1
        self._bugs += outcome.reason is Reason.BUG
        self._letters.append(outcome)
        weight = sum(len(each.record.original.get("bytes", "")) for each in self._letters)
        return self._keep() if len(self._letters) >= LETTERS or weight >= LETTERS_BYTES else True

    def _put_event(self, producer: Producer, event: Event | Ready, number: int) -> bool:
        """Put it when there is room; whether there was, before the time was over. Raises Retryable."""
        record, key = (event, None) if isinstance(event, Event) else (event.data, event.partition_key)
        if isinstance(event, Ready) and event.owed is not None:
            self._doors.claims.leave(*event.owed)
        while True:
            try:
                producer.put(record, key=key, position=position_of(self._start.at, number))
            except Full:
                if self._budget.for_lines() <= 0:
                    return False
            else:
                return True

    def _finish(self, rejection: Rejection, stage: Stage) -> None:
        """What ends the object: from the next line on, or as a whole."""
        at, place = self._start.at, self._before
        if place.offset:
            rejection = Rejection(rejection.reason, f"{rejection.detail}; it and what follows was not put")
        self._end = letter(at, place.number + 1 if place.offset else 0, place.offset, rejection, stage)

    # outcomes ---------------------------------------------------------------------------------------------------------

    def _wait_for(self, number: int, waiting: Waiting) -> None:
        self.lines += 1
        with self._lock:
            self._waiting[number] = waiting

    def _note(self, report: Report) -> None:
        """The outcome of a line; what was not sent goes on waiting."""
        number = int(report.position.sequence_number)
        with self._lock:
            if isinstance(report.outcome, Accepted):
                del self._waiting[number]
                self._put += 1
            elif isinstance(report.outcome, TooLarge):
                self._too_large[number] = str(report.outcome)
            else:
                self._trouble = report.outcome.detail

    def _settle(self, producer: Producer) -> None:
        """Wait for the outcome of all that was put, as long as there is time, and keep the dead letters."""
        self._keep()
        if not producer.flush(self._budget.for_outcomes()):
            producer.stop()
        for number, detail in self._too_large.items():
            rejection = Rejection(Reason.TOO_LARGE, detail)
            place = self._waiting[number].place
            self._letters.append(letter(self._start.at, number, place.offset, rejection, Stage.WRITE))
        self._keep()
        if self._end is not None and not self._waiting:
            number = int(self._end.record.position.sequence_number)
            self._wait_for(number, Waiting(self._before, self._bad_lines, None))
            self._letters.append(self._end)
            self._keep()

    def _keep(self) -> bool:
        """Keep the dead letters so far; whether all are kept. One that is not goes on waiting."""
        if not self._letters:
            return True
        if 2 * self._bugs > self.lines:
            raise BugFlood(f"most of {self.lines} lines hit a bug: {self._letters[-1].detail}")
        failures = self._doors.dead_letters.keep(self._letters, self._budget.for_lines)
        for each in self._letters:
            if each.record.position not in failures:
                self._reasons[each.reason] += 1
                with self._lock:
                    del self._waiting[int(each.record.position.sequence_number)]
        for failure in failures.values():
            self._trouble = f"a dead letter was not kept: {failure.detail}"
        self._letters.clear()
        return not failures

    def _rest(self) -> Start | None:
        """Where to go on."""
        if self._waiting:
            first = self._waiting[min(self._waiting)]
        elif self._is_cut_off:
            first = Waiting(self._before, self._bad_lines, self._reader.time if self._reader else None)
        else:
            return None
        if self.records is None:
            return self._start
        return Start(
            self.records.at,
            self._start.size_bytes,
            first.place,
            self.records.format,
            self.records.is_packed,
            first.bad_lines,
            self._is_blank,
            first.time,
        )
