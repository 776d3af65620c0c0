"""An intake on fakes, which fail as they are told. Messages are numbered from 0."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from pipeline.core.submission import Rules
from pipeline.core.validate import compile_schemas
from pipeline.model import Failure, Ledger
from pipeline.routes import PROCESS
from pipeline.sources.intake import Intake
from pipeline.testing.arrivals import SENT_AT_MS, message_id, sqs_record
from pipeline.testing.bench import SCHEMA
from pipeline.testing.ports import Actions, FakeDeadLetters, FakeReport, FakeSink

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from pipeline.model import Entry, LambdaRecord

RULES = Rules(compile_schemas(SCHEMA), PROCESS)
LATER, NEVER = Failure("throttled"), Failure("too large", permanent=True)
# What is meant as an event, and is none.
BAD = '{"specversion": "1.0"}'
# How long a call takes at worst.
CALL_SECONDS = 5.0
PUT, KEPT, LEDGER = "put", "dead letter", "ledger"


@dataclass
class Door:
    """The intake of a function.

    Args:
        failing: what the stream does not take, by number.
        unkept: the numbers of dead letters that cannot be kept now.
    """

    failing: Mapping[int, Failure] = field(default_factory=dict)
    unkept: Collection[int] = ()
    actions: Actions = field(default_factory=Actions)

    def __post_init__(self) -> None:
        failing = {message_id(number): failure for number, failure in self.failing.items()}
        self.stream: FakeSink[Entry] = FakeSink(PUT, self.actions, failing)
        self.dead_letters = FakeDeadLetters(self.actions, frozenset(map(message_id, self.unkept)))
        self.report = FakeReport(self.actions)

    def intake(self) -> Intake:
        """The intake; it looks at the clock two seconds after the messages were sent."""
        return Intake(self.stream, self.dead_letters, RULES, self.report, lambda: SENT_AT_MS / 1000 + 2, CALL_SECONDS)

    def done(self) -> list[tuple[str, list[int]]]:
        """What was put and what was kept, in order, by number; without the calls that brought nothing."""
        steps = [(name, [what[0]] if name == KEPT else what) for name, what in self._named() if what]
        return [(name, [_number(each) for each in what]) for name, what in steps]

    def _named(self) -> list[tuple[str, Any]]:
        return [(name, what) for name, what in self.actions.taken if name != LEDGER]

    def ledger(self) -> Ledger:
        """The counts of the one batch there was."""
        (ledger,) = self.actions.named(LEDGER)
        assert isinstance(ledger, Ledger)
        return ledger


def _number(given: str) -> int:
    return next(number for number in range(1_000) if message_id(number) == given)


def bug(number: int) -> LambdaRecord:
    """A message that hits a bug."""
    return sqs_record("x", number, messageAttributes="none")
