"""A stream as the sink of a function: what cannot be written is named by position."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from pipeline.model import Accepted, Entry, Failure, Position
from pipeline.producer.ordered import Pace, put_in_order
from pipeline.producer.outcome import TooLarge

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from pipeline.ports import RecordStream, Remaining
    from pipeline.producer.outcome import Outcome


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
