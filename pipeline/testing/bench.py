"""A consumer on fake sinks, which fail as they are told. Sequence numbers count from 1."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from pipeline.consumer import Consumer
from pipeline.core.claim import leave
from pipeline.environment import read_schemas
from pipeline.model import Item, Ledger, Line, State
from pipeline.project import SCHEMAS
from pipeline.routes import process_stages
from pipeline.testing.lambda_events import ARRIVED_AT, kinesis_event, log_event
from pipeline.testing.ports import Actions, FakeClaims, FakeDeadLetters, FakeLookup, FakeReport, FakeSink

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from pipeline.core.process import Stages
    from pipeline.model import Delivery, Facts, Failure, Reason

SCHEMA = read_schemas(SCHEMAS)
CLAIMS_BUCKET = "claims"
STAGES = process_stages(SCHEMA, CLAIMS_BUCKET)
ACKNOWLEDGED: dict[str, list[Any]] = {"batchItemFailures": []}


@dataclass
class Bench:
    """The consumer of `process` with fake sinks.

    Args:
        stages: those of `process`.
        items, states, archive: the failures of a sink, by sequence number.
        outlets: the same for each outlet, in the order in which they are told.
        unkept: the sequence numbers whose dead letters cannot be kept now.
        left: what lies in the claims bucket, by the name of the object.
        facts: what the lookup knows.
    """

    stages: Stages = STAGES
    items: Mapping[int, Failure] = field(default_factory=dict)
    states: Mapping[int, Failure] = field(default_factory=dict)
    archive: Mapping[int, Failure] = field(default_factory=dict)
    outlets: Mapping[str, Mapping[int, Failure]] = field(default_factory=dict)
    unkept: Collection[int] = ()
    left: Mapping[str, bytes] = field(default_factory=dict)
    facts: Facts = field(default_factory=dict)
    actions: Actions = field(default_factory=Actions)

    def __post_init__(self) -> None:
        self.report = FakeReport(self.actions)
        self.claims = FakeClaims(self.actions, self.left)
        self.lookup = FakeLookup(self.actions, self.facts)
        self.dead_letters = FakeDeadLetters(self.actions, frozenset(map(str, self.unkept)))
        self.sinks: dict[type[Delivery], FakeSink[Any]] = {
            Item: self._sink("items", self.items),
            State: self._sink("states", self.states),
            Line: self._sink("archive", self.archive),
        }

    def _sink(self, name: str, failing: Mapping[int, Failure]) -> FakeSink[Any]:
        return FakeSink(name, self.actions, {str(number): failure for number, failure in failing.items()})

    def consumer(self) -> Consumer:
        """The consumer; it looks at the clock one second after the records arrived."""
        return Consumer(
            self.stages,
            self.sinks,
            self.dead_letters,
            self.report,
            lambda: ARRIVED_AT + 1,
            self.lookup,
            self.claims,
            {name: self._sink(name, failing) for name, failing in self.outlets.items()},
        )

    def consume(self, batch: Mapping[str, Any], *, seconds: float = 60) -> Mapping[str, Any]:
        """The answer for a batch, with so many seconds left."""
        return self.consumer().consume(batch, lambda: seconds)

    def ledger(self) -> Ledger:
        """The counts of the one batch there was."""
        (ledger,) = self.actions.named("ledger")
        assert isinstance(ledger, Ledger)  # noqa: S101 - this is part of a test
        return ledger

    def kept(self) -> list[tuple[str, Reason]]:
        """The dead letters: sequence number and reason."""
        return [(each.record.position.sequence_number, each.reason) for each in self.dead_letters.kept]


def logs(count: int) -> dict[str, Any]:
    """Good records with the ids e-1, e-2 and so on, and the sequence numbers from 1 on."""
    return kinesis_event(*(log_event(f"e-{number}") for number in range(1, count + 1)), first=1)


def change_event(event_id: str, key: str = "orders/42") -> dict[str, Any]:
    """A good `change.v1` event: the first example of its schema."""
    return {**log_event(event_id, key=key), "type": "change.v1", "data": SCHEMA["change.v1"]["examples"][0]}


def claimed(event: dict[str, Any], left: dict[str, bytes]) -> dict[str, Any]:
    """The event as it travels when its data are left in the claims bucket, where they are put."""
    parts = leave(event, CLAIMS_BUCKET)
    left[parts.claim.key] = parts.body
    return parts.envelope


def named(sequence_number: int) -> dict[str, Any]:
    """The answer that names one failure."""
    return {"batchItemFailures": [{"itemIdentifier": str(sequence_number)}]}


def numbers(first: int, last: int, *, but: Collection[int] = ()) -> list[str]:
    """Sequence numbers as text, without some."""
    return [str(number) for number in range(first, last + 1) if number not in but]
