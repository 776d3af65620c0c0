"""Fakes of the consumer's ports. All write to one list of actions, so that a test sees the order of everything."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from pipeline.model import Delivery, Failure

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from pipeline.model import Claim, DeadLetter, Facts, Ledger, Position, Want
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

    def keep(self, dead_letters: Sequence[DeadLetter], remaining: Remaining) -> Mapping[Position, Failure]:
        """Record sequence number and reason of each; those of the first record whatever the time left."""
        for place, letter in enumerate(dead_letters):
            number = letter.record.position.sequence_number
            is_first = number == dead_letters[0].record.position.sequence_number
            if number in self.failing or not (is_first or remaining() > 0):
                return {each.record.position: Failure("SlowDown") for each in dead_letters[place:]}
            self.kept.append(letter)
            self.actions.taken.append(("dead letter", (number, letter.reason)))
        return {}


@dataclass
class FakeClaims:
    """ClaimSource: has what was left, by the name of the object; raises the errors first, one a call."""

    actions: Actions
    left: Mapping[str, bytes] = field(default_factory=dict)
    errors: list[Exception] = field(default_factory=list)

    def fetch(self, claims: Sequence[Claim], remaining: Remaining) -> Mapping[Claim, bytes | None]:
        """Record the names."""
        del remaining
        if self.errors:
            raise self.errors.pop(0)
        self.actions.taken.append(("claims", [each.key for each in claims]))
        return {each: self.left.get(each.key) for each in claims}


@dataclass
class FakeClaimStore:
    """ClaimStore in memory: raises the errors first, one a call, None letting one through."""

    errors: list[Exception | None] = field(default_factory=list)
    left: dict[Claim, bytes] = field(default_factory=dict)
    tried: int = 0
    bucket: str = "claims"

    def leave(self, claim: Claim, body: bytes) -> None:
        """Keep it."""
        self.tried += 1
        error = self.errors.pop(0) if self.errors else None
        if error is not None:
            raise error
        self.left[claim] = body


@dataclass
class FakeLookup:
    """Lookup: knows some facts; raises the errors first, one a call."""

    actions: Actions
    facts: Facts = field(default_factory=dict)
    errors: list[Exception] = field(default_factory=list)

    def fetch(self, wants: frozenset[Want], remaining: Remaining) -> Facts:
        """Record the wants, in order."""
        del remaining
        if self.errors:
            raise self.errors.pop(0)
        self.actions.taken.append(("lookup", sorted(wants)))
        return {want: self.facts[want] for want in wants if want in self.facts}


@dataclass
class FakePostponer:
    """Postponer: keeps what it is told."""

    told: list[tuple[str, Mapping[str, int]]] = field(default_factory=list)

    def postpone(self, queue_arn: str, seconds: Mapping[str, int], remaining: Remaining) -> None:
        """Record the queue, and the seconds by receipt handle."""
        del remaining
        self.told.append((queue_arn, seconds))


@dataclass
class FakeReport:
    """Report: keeps the ledgers, and beside each what else it was told of the batch."""

    actions: Actions
    rest: list[Mapping[str, object]] = field(default_factory=list)

    def batch(self, ledger: Ledger, **rest: object) -> None:
        """Record the ledger, and the rest under a name of its own."""
        self.actions.taken.append(("ledger", ledger))
        self.rest.append(rest)
