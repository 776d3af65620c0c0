"""One batch of a stream, end to end. The checkpoint, which is the answer, moves last.

    read ▸ prepare (▸ fetch claims ▸ prepare) ▸ fetch ▸ finish ▸ write ▸ check the ledger ▸ respond

The order of the writes is what keeps the promise. Items, state and stream entries go first, side by side: each is
idempotent and needs none of the others, and they tell where the first failure is. Then the outlets, one after the
other: a notice cannot be taken back, so only of what is in place so far, below the first failure and no dead letter, is
any outlet told; what one of them does not take, the next is not told of. Then the dead letters below the first failure,
and last the archive, whose objects may only hold what will not be delivered again. Nothing is acknowledged whose dead
letter or delivery is not written. What one sink refuses for ever another may hold: the record is a dead letter, and a
redrive writes the same there again.

So an outlet is told at least once, and a second time only when the invocation dies after it, or when a later notice of
the same record, a dead letter or the archive cannot be written; the id says that it is the same. It is never told of
what was a dead letter before, and in the order of the records, as far as it keeps one.

A misconfiguration, a flood of bugs and a ledger that does not add up are raised: the invocation fails, and the event
source mapping retries it and in the end sends the batch to its on-failure destination.
"""

from __future__ import annotations

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from pipeline.core.process import finish, is_flood, prepare
from pipeline.core.records import read
from pipeline.core.response import respond
from pipeline.errors import BugFlood, Misconfiguration, Retryable
from pipeline.model import DeadLetter, Failure, Ledger, Line, Notice, Reason, Stage

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from pipeline.core.process import Stages
    from pipeline.core.response import PartialBatchResponse
    from pipeline.model import Claim, Delivery, Facts, Position, Prepared, Processed, Record, Want
    from pipeline.ports import ClaimSource, DeadLetterSink, Lookup, Remaining, Report, Sink

# What the last writes, the report and the answer need at the end of an invocation.
RESERVE_SECONDS = 5.0


class NoLookup:
    """The lookup of a function whose routes want nothing."""

    def fetch(self, wants: frozenset[Want], remaining: Remaining) -> Facts:
        """No facts. Raises Misconfiguration when something is wanted."""
        if wants:
            names = ", ".join(sorted({f"{want.kind} {want.name}" for want in wants}))
            raise Misconfiguration(
                f"{names} are to be looked up, with {remaining():.0f} seconds left, but the consumer has no lookup; "
                "give it one, or take the lookups from its routes"
            )
        return {}


class NoClaims:
    """The claims of a function whose stages have no claims bucket."""

    def fetch(self, claims: Sequence[Claim], remaining: Remaining) -> Mapping[Claim, bytes | None]:
        """Raises Misconfiguration."""
        raise Misconfiguration(
            f"{len(claims)} claims are to be fetched, with {remaining():.0f} seconds left, but the consumer has no "
            "source for them; give it one, or take the claims bucket from its stages"
        )


@dataclass(frozen=True)
class Consumer:
    """A stream function without its platform: stages, sinks and a clock (`now`: epoch seconds) come from outside.

    `outlets` has a sink for each outlet that a route names, and they are told in its order.
    """

    stages: Stages
    sinks: Mapping[type[Delivery], Sink[Any]]
    dead_letters: DeadLetterSink
    report: Report
    now: Callable[[], float]
    lookup: Lookup = field(default_factory=NoLookup)
    claims: ClaimSource = field(default_factory=NoClaims)
    outlets: Mapping[str, Sink[Notice]] = field(default_factory=dict)

    def consume(self, event: Mapping[str, Any], remaining: Remaining) -> PartialBatchResponse:
        """Process one batch as Lambda delivers it and say from where on it is to be delivered again.

        Raises Misconfiguration, BugFlood or LedgerMismatch; any other failure is in the answer or in the dead letters.
        While claims are out of reach nothing is written, and the batch is delivered again from its first record on;
        while a lookup is, from the first record on that cannot do without it.
        """
        left = _without_reserve(remaining)
        delivered = read(event)
        prepared = prepare(delivered, self.stages)
        try:
            if prepared.claims:
                prepared = prepare(delivered, self.stages, self.claims.fetch(prepared.claims, left))
        except Retryable:
            written = Written({}, first_failure=delivered[0].position if delivered else None)
        else:
            facts = self.lookup.fetch(prepared.wants, left) if prepared.wants else {}
            written = self._write(prepared, finish(prepared, facts, self.stages), left)
        records = [*prepared.records, *prepared.unread]
        ledger = _ledger(records, written)
        ledger.check()
        self._tell(delivered, records, ledger)
        return respond(delivered, written.first_failure)

    def _write(self, prepared: Prepared, processed: Processed, left: Remaining) -> Written:
        _refuse_flood(processed.dead_letters, prepared.records)
        self._refuse_homeless(processed.deliveries)
        letters = {letter.record.position: letter for letter in processed.dead_letters}
        written = Written(letters, dropped=prepared.dropped | processed.dropped)
        if prepared.unread:
            written.fail(prepared.unread[0].position)
        if processed.unfinished is not None:
            written.fail(processed.unfinished)
        for failures in self._write_side_by_side(processed.deliveries, left):
            written.note(failures, prepared.records)
        self._tell_outlets(written, processed.deliveries, prepared.records, left)
        self._keep_dead_letters(written, left)
        self._archive(written, processed.deliveries, left)
        written.delivered = {each.position for each in processed.deliveries} - written.dead.keys()
        return written

    def _write_side_by_side(
        self, deliveries: Sequence[Delivery], left: Remaining
    ) -> Iterable[Mapping[Position, Failure]]:
        """What each sink but the archive's could not write; when one raises, it is raised after all have ended."""
        calls = [(sink, _of(kind, deliveries)) for kind, sink in self.sinks.items() if kind is not Line]
        if sum(bool(own) for _, own in calls) <= 1:
            return [sink.write(own, left) for sink, own in calls]
        with ThreadPoolExecutor(len(calls)) as writers:
            return writers.map(lambda call: call[0].write(call[1], left), calls)

    def _tell_outlets(
        self, written: Written, deliveries: Sequence[Delivery], records: Sequence[Record], left: Remaining
    ) -> None:
        """Tell each outlet of what stands; what one could not be told is noted before the next is."""
        notices = _of(Notice, deliveries)
        for name, outlet in self.outlets.items():
            own = [each for each in notices if each.outlet == name and written.stands(each.position)]
            if own:
                written.note(outlet.write(own, left), records)

    def _keep_dead_letters(self, written: Written, left: Remaining) -> None:
        """Keep every dead letter that will be acknowledged; one that cannot be kept is delivered again instead."""
        letters = [written.dead[each] for each in sorted(written.dead, key=_order) if written.is_acknowledged(each)]
        if letters:
            for position in self.dead_letters.keep(letters, left):
                written.fail(position)

    def _archive(self, written: Written, deliveries: Sequence[Delivery], left: Remaining) -> None:
        """Archive what will be acknowledged.

        An object that could not be written takes every other object of the batch with it: all are written again, from
        the same first record and so under the same names. Were only its own records retried, the objects that did get
        written would meet their later records a second time, under another name.
        """
        lines = [each for each in _of(Line, deliveries) if written.stands(each.position)]
        if lines and self.sinks[Line].write(lines, left):
            written.fail(lines[0].position)

    def _refuse_homeless(self, deliveries: Sequence[Delivery]) -> None:
        homeless = {_home(each) for each in deliveries} - {kind.__name__ for kind in self.sinks} - self.outlets.keys()
        if homeless:
            raise Misconfiguration(
                f"no sink for {', '.join(sorted(homeless))}; give the consumer one, or change a route"
            )

    def _tell(self, delivered: Sequence[Record], records: Sequence[Record], ledger: Ledger) -> None:
        self.report.batch(
            ledger,
            first=records[0].position if records else None,
            last=records[-1].position if records else None,
            lag_seconds=max(0.0, self.now() - records[-1].arrived_at) if records else 0.0,
            size=len(delivered),
            size_bytes=sum(map(_size_bytes, delivered)),
        )


@dataclass
class Written:
    """How far the writing of one batch got."""

    dead: dict[Position, DeadLetter]
    first_failure: Position | None = None
    delivered: set[Position] = field(default_factory=set)
    dropped: frozenset[Position] = frozenset()

    def fail(self, position: Position) -> None:
        """The record, and all after it, are to be delivered again."""
        if self.first_failure is None or position.order < self.first_failure.order:
            self.first_failure = position

    def is_acknowledged(self, position: Position) -> bool:
        """Whether the record is done with, as things stand; the user records of an aggregate stand or fall together."""
        failure = self.first_failure
        return failure is None or int(position.sequence_number) < int(failure.sequence_number)

    def stands(self, position: Position) -> bool:
        """Whether the record is delivered, as things stand."""
        return position not in self.dead and self.is_acknowledged(position)

    def note(self, failures: Mapping[Position, Failure], records: Sequence[Record]) -> None:
        """What a sink could not write: never (a dead letter), or not now (a failure)."""
        by_position = {each.position: each for each in records} if failures else {}
        for position, failure in failures.items():
            if failure.permanent:
                letter = DeadLetter(by_position[position], Reason.REFUSED_BY_SINK, failure.detail, Stage.WRITE)
                self.dead[position] = letter
            else:
                self.fail(position)


def _without_reserve(remaining: Remaining) -> Remaining:
    return lambda: remaining() - RESERVE_SECONDS


def _refuse_flood(dead_letters: Sequence[DeadLetter], records: Sequence[Record]) -> None:
    if is_flood(dead_letters, records):
        details = Counter(letter.detail for letter in dead_letters if letter.reason is Reason.BUG)
        raise BugFlood(f"most of {len(records)} records hit a bug, so nothing was acknowledged: {_most(details)}")


def _most(details: Counter[str]) -> str:
    return "; ".join(f"{count} times {detail}" for detail, count in details.most_common(3))


def _ledger(records: Sequence[Record], written: Written) -> Ledger:
    done = {each.position for each in records if written.is_acknowledged(each.position)}
    return Ledger(
        received=len(records),
        delivered=len(done & written.delivered),
        dropped=len(done & written.dropped),
        dead_lettered=len(done & written.dead.keys()),
        retried=len(records) - len(done),
        reasons=Counter(letter.reason for position, letter in written.dead.items() if position in done),
    )


def _home(delivery: Delivery) -> str:
    return delivery.outlet if isinstance(delivery, Notice) else type(delivery).__name__


def _of[D: Delivery](kind: type[D], deliveries: Iterable[Delivery]) -> list[D]:
    return [each for each in deliveries if isinstance(each, kind)]


def _order(position: Position) -> tuple[int, int]:
    return position.order


def _size_bytes(record: Record) -> int:
    """The data as delivered: its base64 from Kinesis, or what DynamoDB Streams says; 0 where there is none."""
    original = record.original
    if "kinesis" in original:
        data = original["kinesis"].get("data")
        return len(data) if isinstance(data, str) else 0
    size = original["dynamodb"].get("SizeBytes")
    return size if isinstance(size, int) else 0
