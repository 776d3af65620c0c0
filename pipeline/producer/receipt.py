"""What `put` gives at once: where the report of a record is to be found later."""

from __future__ import annotations

import threading  # noqa: TC003 - a Struct looks at its types
from typing import TYPE_CHECKING, Any

from msgspec import Struct

from pipeline.model import Position
from pipeline.producer.outcome import Outcome, Puttable, Report

if TYPE_CHECKING:
    from pipeline.model import Owed


class Settled(Struct, gc=False):
    """What `result` waits at; it is not looked into by the garbage collector.

    It looks at a Struct as soon as that holds something that it looks at; so it has no work with the receipts of bytes.
    """

    condition: threading.Condition


class Receipt(Struct, eq=False):
    """A record that was taken. Much like a Future, at a fraction of its price.

    Attributes:
        record: the caller's own.
        outcome: what became of it, or None so far.
        sub_sequence_number: its place in an aggregate.

    The others are the producer's: what the record was put with, who waits for it, and what it owes.
    """

    record: Puttable
    put_with: Position | None
    waiter: Any
    id: str
    held_bytes: int
    number: int = 0
    owed: Owed | None = None
    outcome: Outcome | None = None
    sub_sequence_number: int = 0

    @property
    def position(self) -> Position:
        """What the record was put with, or else its number among all that were put."""
        return self.put_with or Position("put", "", str(self.number))

    def done(self) -> bool:
        """Whether it is known what became of the record."""
        return self.outcome is not None

    def result(self, timeout: float | None = None) -> Report:
        """What became of the record. Waits for it; raises TimeoutError after so many seconds."""
        if self.outcome is None:
            with self.waiter.condition:
                self.waiter.condition.wait_for(self.done, timeout)
        return self.report()

    def report(self) -> Report:
        """What became of the record. Raises TimeoutError where it is not known yet."""
        if self.outcome is None:
            raise TimeoutError(f"it is not known yet what became of {self.position}")
        return Report(self.record, self.position, self.outcome, self.sub_sequence_number)
