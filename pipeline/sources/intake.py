"""Records of a door, settled: each is put onto the stream, kept as a dead letter, or to be delivered again.

    accept ▸ put ▸ keep the dead letters ▸ check the ledger ▸ tell it

Nothing counts as put without its sequence number, and nothing as dead-lettered whose dead letter is not written. What
comes again makes the same event and the same dead letter, so it has no second effect.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from pipeline.core.arrival import accept
from pipeline.core.process import is_flood
from pipeline.errors import BugFlood
from pipeline.model import DeadLetter, Entry, Failure, Ledger, Reason, Stage

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from pipeline.core.submission import Rules
    from pipeline.model import Position, Record
    from pipeline.ports import DeadLetterSink, Remaining, Report, Sink

# What may follow one after the other once it was looked at the clock, before the answer: data left in S3, the put, a
# dead letter. Each is made once at least, however little time is left, and any of them may be of a silent service.
WRITE_CALLS: Final = 2
KEEP_CALLS: Final = 1
# For the line that is told, and the answer.
ANSWER_SECONDS: Final = 0.5


@dataclass
class Settled:
    """What became of some records so far; those without an outcome were not begun."""

    records: Sequence[Record]
    put: set[Position] = field(default_factory=set)
    dead: dict[Position, DeadLetter] = field(default_factory=dict)
    failures: dict[Position, Failure] = field(default_factory=dict)

    def is_done(self, record: Record) -> bool:
        """Whether it is never to be delivered again."""
        return record.position in self.put or record.position in self.dead

    @property
    def undone(self) -> list[Record]:
        """What is to be delivered again, in order."""
        return [each for each in self.records if not self.is_done(each)]

    def ledger(self) -> Ledger:
        """The counts; what was put is called delivered, for here the stream is where records go."""
        positions = [each.position for each in self.records]
        return Ledger(
            received=len(positions),
            delivered=sum(each in self.put for each in positions),
            dead_lettered=sum(each in self.dead for each in positions),
            retried=len(self.undone),
            reasons=Counter(self.dead[each].reason for each in positions if each in self.dead),
        )


@dataclass(frozen=True)
class Intake:
    """Where the records of a door go: the stream, the dead letters, the report.

    Args:
        now: epoch seconds.
        call_seconds: how long one call to a service takes at worst (`aws.patience`).
        calls_after: how many calls its owner makes when the records are settled.
    """

    stream: Sink[Entry]
    dead_letters: DeadLetterSink
    rules: Rules
    report: Report
    now: Callable[[], float]
    call_seconds: float
    calls_after: int = 0

    @property
    def reserve_seconds(self) -> float:
        """So long before the end no record is begun any more, so that there is always an answer."""
        return self._reserve(WRITE_CALLS + KEEP_CALLS)

    def settle(self, records: Sequence[Record], remaining: Remaining) -> Settled:
        """All of them side by side, in order per key. Raises Misconfiguration, BugFlood, LedgerMismatch."""
        settled = Settled(records)
        self._settle(settled, self._accepted(records), remaining)
        self._tell(settled)
        return settled

    def settle_in_order(self, records: Sequence[Record], remaining: Remaining) -> Settled:
        """One after the other, up to the first that has to come again: none after it is put or kept.

        The first is always tried. Raises Misconfiguration, BugFlood, LedgerMismatch.
        """
        settled = Settled(records)
        for place, (record, each) in enumerate(zip(records, self._accepted(records), strict=True)):
            if place and remaining() <= self.reserve_seconds:
                break
            self._settle(settled, [each], remaining)
            if not settled.is_done(record):
                break
        self._tell(settled)
        return settled

    def _accepted(self, records: Sequence[Record]) -> list[Entry | DeadLetter]:
        """What goes onto the stream, and what never can. Raises BugFlood."""
        accepted = [accept(each, self.rules) for each in records]
        dead = [each for each in accepted if isinstance(each, DeadLetter)]
        if is_flood(dead, records):
            raise BugFlood(f"most of {len(records)} records hit a bug, so none was put: {_bug(dead)}")
        return accepted

    def _reserve(self, calls: int) -> float:
        return (calls + self.calls_after) * self.call_seconds + ANSWER_SECONDS

    def _settle(self, settled: Settled, accepted: Sequence[Entry | DeadLetter], remaining: Remaining) -> None:
        entries = [each for each in accepted if isinstance(each, Entry)]
        dead = {each.record.position: each for each in accepted if isinstance(each, DeadLetter)}
        failures = dict(self.stream.write(entries, lambda: remaining() - self.reserve_seconds)) if entries else {}
        settled.put |= {each.position for each in entries} - failures.keys()
        records = {each.position: each for each in settled.records}
        for position, failure in failures.items():
            if failure.permanent:
                dead[position] = DeadLetter(records[position], Reason.REFUSED_BY_SINK, failure.detail, Stage.WRITE)
        to_keep = self._reserve(KEEP_CALLS)
        unkept = self.dead_letters.keep([*dead.values()], lambda: remaining() - to_keep) if dead else {}
        settled.dead |= {position: each for position, each in dead.items() if position not in unkept}
        settled.failures |= {at: each for at, each in failures.items() if not each.permanent} | dict(unkept)

    def _tell(self, settled: Settled) -> None:
        ledger = settled.ledger()
        ledger.check()
        records = settled.records
        self.report.batch(
            ledger,
            first=records[0].position if records else None,
            last=records[-1].position if records else None,
            lag_seconds=max(0.0, self.now() - records[-1].arrived_at) if records else 0.0,
            size=len(records),
            size_bytes=sum(len(each.data or b"") for each in records),
        )


def _bug(dead_letters: Sequence[DeadLetter]) -> str:
    """The first of them; records of a flood that are no bugs say nothing of it."""
    return next(each.detail for each in dead_letters if each.reason is Reason.BUG)
