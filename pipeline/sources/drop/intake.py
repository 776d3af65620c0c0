"""Notifications of objects → their lines on the stream, over as many invocations as it takes.

    start ▸ ship ▸ check the ledger ▸ tell it ▸ hand over what there was no time for

When the time runs out, the function invokes itself with what is left, and that goes on where this one ended: it never
starts from the top, and it gets further by a line at least, so a chain of them ends. Where nothing at all got through,
or the rest cannot be handed over, the error is raised: Lambda invokes again with the same, twice, and in the end the
on-failure queue has the event. Whatever is done twice has the same ids.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pipeline.model import Ledger
from pipeline.sources.drop.budget import Budget
from pipeline.sources.drop.lines import position_of
from pipeline.sources.drop.notification import continuation, starts
from pipeline.sources.drop.shipping import Shipping

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from pipeline.ports import Continuation, Remaining, Report
    from pipeline.sources.drop.notification import Start
    from pipeline.sources.drop.shipping import Doors


@dataclass(frozen=True)
class Drop:
    """Takes notifications of S3, and its own continuations; `now` gives epoch seconds."""

    doors: Doors
    continuation: Continuation
    report: Report
    now: Callable[[], float]

    def take(self, event: Mapping[str, Any], remaining: Remaining) -> None:
        """Ship the objects of an event. Raises Retryable, Misconfiguration, BugFlood, LedgerMismatch."""
        objects, budget = starts(event), Budget(remaining)
        for number, start in enumerate(objects, start=1):
            rest = self._ship(start, budget)
            if rest is not None:
                for each in (rest, *objects[number:]):
                    self.continuation.hand_over(continuation(each))
                return

    def _ship(self, start: Start, budget: Budget) -> Start | None:
        if start.is_folder:
            self._tell(start, 0, Ledger(1, dropped=1), 0, 0.0)
            return None
        shipping = Shipping(start, self.doors, budget)
        rest = shipping.ship()
        ledger, records = shipping.ledger, shipping.records
        ledger.check()
        read_bytes, modified_at = (records.read_bytes, records.modified_at) if records else (0, 0.0)
        self._tell(start, shipping.last, ledger, read_bytes, modified_at)
        return rest

    def _tell(self, start: Start, last: int, ledger: Ledger, read_bytes: int, modified_at: float) -> None:
        """The counts, and between which lines they are."""
        self.report.batch(
            ledger,
            first=position_of(start.at, start.place.number),
            last=position_of(start.at, last),
            lag_seconds=max(0.0, self.now() - modified_at) if modified_at else 0.0,
            size=ledger.received,
            size_bytes=read_bytes,
        )
