"""What lies in the spill, on its way back to the stream: before anything newer, so that every key keeps its order."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from pipeline.core.chunk import MAX_CALL_BYTES
from pipeline.model import Entry, Position
from pipeline.producer.ordered import Sending
from pipeline.producer.rate import cost, is_throttled
from pipeline.producer.spill import Kept, SpillDamaged

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pipeline.core.chunk import Slot
    from pipeline.model import Accepted, Refused
    from pipeline.producer.rate import Rate
    from pipeline.producer.spill import Spill, Taken


@dataclass
class Backlog:
    """The front of a spill in memory, at most a call's worth; it is done with when all of it is on the stream.

    `damaged` is how many records, at least, could not be read, as far as it is known to the owner.
    """

    spill: Spill
    rate: Rate
    sending: Sending[None] = field(default_factory=Sending)
    damaged: int = 0
    _last: int = 0

    def __bool__(self) -> bool:
        return self.spill.waiting > 0

    def keep(self, kept: Sequence[tuple[Entry, str]]) -> None:
        """Behind all that is there: entries, each with its event's id. Raises SpillFull, SpillUnusable."""
        if kept:
            self.spill.append([Kept(entry.partition_key, entry.data, event_id) for entry, event_id in kept])

    def chunk(self) -> Sequence[Slot[None]]:
        """The next call's worth; nothing where all that is left is damaged. Raises SpillUnusable."""
        if not self.sending.waiting:
            self.done()  # again, where the disk refused it: nothing more is taken before
            for number, kept in self._take():
                self.sending.waiting.add(Entry(Position("spill", "", str(number)), kept.key, kept.data), None)
                self._last = number
        return self.sending.waiting.chunk(*self.rate.room())

    def _take(self) -> Sequence[Taken]:
        try:
            return self.spill.take(MAX_CALL_BYTES)
        except BaseException:
            self.spill.rewind()
            raise

    def settle(
        self, chunk: Sequence[Slot[None]], answers: Sequence[Accepted | Refused], now: float
    ) -> list[Slot[None]]:
        """What was accepted waits no more, and is returned; the rate follows."""
        accepted = [slot for slot, _ in self.sending.settle(chunk, answers)]
        self.rate.answered(cost(chunk), cost(accepted), now, throttled=any(map(is_throttled, answers)))
        return accepted

    def done(self) -> None:
        """Be done with what was taken out, once all of it is on the stream. Raises SpillUnusable."""
        if not self.sending.waiting:
            self.spill.done(self._last)

    def new_damage(self) -> SpillDamaged | None:
        """What was found to be damaged since the last time."""
        damage = self.spill.damage
        if damage.records <= self.damaged:
            return None
        self.damaged = damage.records
        return SpillDamaged(f"{damage}; all else is sent")
