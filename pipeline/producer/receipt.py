"""What `put` gives at once: where the report of a record is to be found later."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pipeline.producer.outcome import Report

if TYPE_CHECKING:
    import threading

    from pipeline.model import Position
    from pipeline.producer.outcome import Outcome, Puttable


class Receipt:
    """A record that was taken. Much like a Future, at a fraction of its price.

    Attributes:
        record: the caller's own.
        position: what it was put with.
        outcome: what became of it, or None so far.
        waiter: what whoever took it waits with.
    """

    __slots__ = (
        "_settled",
        "held_bytes",
        "id",
        "outcome",
        "position",
        "put_at",
        "record",
        "round",
        "sub_sequence_number",
        "waiter",
    )

    outcome: Outcome | None
    sub_sequence_number: int
    id: str
    put_at: float
    held_bytes: int
    round: int

    def __init__(self, record: Puttable, position: Position, settled: threading.Condition, waiter: Any = None) -> None:  # noqa: ANN401 - whoever gave it knows
        self.record = record
        self.position = position
        self.waiter = waiter
        self.outcome = None
        self.sub_sequence_number = 0
        self._settled = settled

    def done(self) -> bool:
        """Whether it is known what became of the record."""
        return self.outcome is not None

    def result(self, timeout: float | None = None) -> Report:
        """What became of the record. Waits for it; raises TimeoutError after so many seconds."""
        if self.outcome is None:
            with self._settled:
                self._settled.wait_for(self.done, timeout)
        return self.report()

    def report(self) -> Report:
        """What became of the record. Raises TimeoutError where it is not known yet."""
        if self.outcome is None:
            raise TimeoutError(f"it is not known yet what became of {self.position}")
        return Report(self.record, self.position, self.outcome, self.sub_sequence_number)
