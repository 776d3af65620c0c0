"""A stream as the sink of a function: what cannot be written is named by position.

    entries ─▶ leave what they owe, one after the other ─▶ put them, in order per key

An entry that owes its data is not put before they are left, and neither is any after it: so order holds, and whatever
the function dies of, no reference on the stream leads to nothing.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from pipeline.core.chunk import partition_key
from pipeline.errors import Misconfiguration, Retryable
from pipeline.model import Accepted, Entry, Failure, Notice, Owed, Position
from pipeline.producer.ordered import Pace, put_in_order
from pipeline.producer.outcome import TooLarge, Unsent

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from pipeline.ports import ClaimStore, RecordStream, Remaining
    from pipeline.producer.outcome import Outcome


@dataclass(frozen=True)
class KinesisSink:
    """A stream as the sink of entries, in order per partition key; `claims` is where they leave what they owe."""

    stream: RecordStream
    pace: Pace = field(default_factory=Pace)
    claims: ClaimStore | None = None

    def write(self, deliveries: Sequence[Entry], remaining: Remaining) -> Mapping[Position, Failure]:
        """Put all; a record over the limit is a permanent failure. Raises Misconfiguration."""
        paid, reason = self._pay(deliveries, remaining)
        outcomes = put_in_order(self.stream, deliveries[:paid], remaining, self.pace)
        outcomes += [Unsent(reason)] * (len(deliveries) - paid)
        failures: dict[Position, Failure] = {}
        for entry, outcome in zip(deliveries, outcomes, strict=True):
            failure = _failure(outcome)
            # Where a position has several entries, the one to be tried again decides: it must not be given up.
            if failure is not None and (entry.position not in failures or not failure.permanent):
                failures[entry.position] = failure
        return failures

    def _pay(self, deliveries: Sequence[Entry], remaining: Remaining) -> tuple[int, str]:
        """How many, from the first on, owe nothing any more, and why the next still does. Raises Misconfiguration."""
        is_first = True
        for place, entry in enumerate(deliveries):
            if entry.owed is not None:
                reason = self._leave(entry.owed, remaining) if is_first or remaining() > 0 else "no time left"
                if reason:
                    return place, reason
                is_first = False
        return len(deliveries), ""

    def _leave(self, owed: Owed, remaining: Remaining) -> str:
        """Leave it, with several tries while there is time: why not, or nothing. Raises Misconfiguration."""
        if self.claims is None:
            raise Misconfiguration("data are to be left in a claims bucket, but the sink has none; give it one")
        failures = 0
        while True:
            try:
                self.claims.leave(*owed)
            except Retryable as error:
                failures += 1
                if remaining() <= 0:
                    return str(error)
                self.pace.wait(failures, remaining())
            else:
                return ""


@dataclass(frozen=True)
class StreamOutlet:
    """A stream as an outlet: notices become entries, in order of their keys."""

    stream: RecordStream
    pace: Pace = field(default_factory=Pace)

    def write(self, deliveries: Sequence[Notice], remaining: Remaining) -> Mapping[Position, Failure]:
        """Put all. Raises Misconfiguration."""
        entries = [Entry(each.position, partition_key(each.key), each.body) for each in deliveries]
        return KinesisSink(self.stream, self.pace).write(entries, remaining)


def _failure(outcome: Outcome) -> Failure | None:
    if isinstance(outcome, Accepted):
        return None
    if isinstance(outcome, TooLarge):
        return Failure(str(outcome), permanent=True)
    return Failure(outcome.detail)
