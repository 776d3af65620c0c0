"""Fakes of the consumer's ports. All write to one list of actions, so that a test sees the order of everything."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from pipeline.errors import Retryable
from pipeline.model import Delivery, Failure

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from pipeline.model import DeadLetter, Ledger, Position
    from pipeline.ports import Remaining


@dataclass
class Actions:
    """What happened, in order: `(what, sub-list or value)`."""

    taken: list[tuple[str, object]] = field(default_factory=list)

    def named(self, name: str) -> list[object]:
        """What was done under one name."""
        return [what for each, what in self.taken if each == name]


@dataclass
class FakeSink[D: Delivery]:
    """Sink: keeps what it is given, but for the sequence numbers it is told to fail on."""

    name: str
    actions: Actions
    failing: Mapping[str, Failure] = field(default_factory=dict)
    error: Exception | None = None

    def write(self, deliveries: Sequence[D], remaining: Remaining) -> Mapping[Position, Failure]:
        """Record the sequence numbers written."""
        del remaining
        if self.error is not None:
            raise self.error
        failures = {
            each.position: self.failing[each.position.sequence_number]
            for each in deliveries
            if each.position.sequence_number in self.failing
        }
        written = [each.position.sequence_number for each in deliveries if each.position not in failures]
        self.actions.taken.append((self.name, written))
        return failures


@dataclass
class FakeDeadLetters:
    """DeadLetterSink: keeps them, but for the sequence numbers it is told to fail on."""

    actions: Actions
    failing: frozenset[str] = frozenset()
    kept: list[DeadLetter] = field(default_factory=list)

    def keep(self, dead_letter: DeadLetter) -> None:
        """Record sequence number and reason. Raises Retryable when told to."""
        sequence_number = dead_letter.record.position.sequence_number
        if sequence_number in self.failing:
            raise Retryable("SlowDown")
        self.kept.append(dead_letter)
        self.actions.taken.append(("dead letter", (sequence_number, dead_letter.reason)))


@dataclass
class FakeReport:
    """Report: keeps the ledgers."""

    actions: Actions

    def batch(self, ledger: Ledger, *, first: Position | None, last: Position | None, lag_seconds: float) -> None:
        """Record the ledger."""
        del first, last, lag_seconds
        self.actions.taken.append(("ledger", ledger))
