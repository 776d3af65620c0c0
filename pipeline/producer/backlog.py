"""What lies in the spill, on its way back to the stream: before anything newer, so that every key keeps its order."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from pipeline.core.chunk import MAX_CALL_BYTES
from pipeline.model import Entry, Position
from pipeline.producer.ordered import Sending
from pipeline.producer.rate import cost, is_throttled
from pipeline.producer.spill import Kept

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from pipeline.core.chunk import Slot
    from pipeline.model import Accepted, Refused
    from pipeline.producer.rate import Rate
    from pipeline.producer.spill import Spill


@dataclass
class Backlog:
    """The front of a spill in memory, at most a call's worth; it is done with when all of it is on the stream."""

    spill: Spill
    rate: Rate
    sending: Sending[None] = field(default_factory=Sending)
    _last: int = 0

    def __bool__(self) -> bool:
        return self.spill.waiting > 0

    def keep(self, kept: Iterable[tuple[Entry, str]]) -> None:
        """Behind all that is there: entries, each with its event's id. Raises SpillFull, SpillUnusable."""
        self.spill.append([Kept(entry.partition_key, entry.data, event_id) for entry, event_id in kept])

    def chunk(self) -> Sequence[Slot[None]]:
        """The next call's worth. Raises SpillUnusable."""
        if not self.sending.waiting:
            for number, kept in self.spill.take(MAX_CALL_BYTES):
                self.sending.waiting.add(Entry(Position("spill", "", str(number)), kept.key, kept.data), None)
                self._last = number
        return self.sending.waiting.chunk(*self.rate.room())

    def settle(
        self, chunk: Sequence[Slot[None]], answers: Sequence[Accepted | Refused], now: float
    ) -> list[Slot[None]]:
        """What was accepted is done with, and is returned; the rate follows. Raises SpillUnusable."""
        accepted = [slot for slot, _ in self.sending.settle(chunk, answers)]
        self.rate.answered(cost(chunk), cost(accepted), now, throttled=any(map(is_throttled, answers)))
        if not self.sending.waiting:
            self.spill.done(self._last)
        return accepted
