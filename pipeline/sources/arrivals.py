"""The handler of `ingest_async`: what it is invoked with goes to what takes its kind.

Nobody waits for an answer, so it answers nothing. What it raises, Lambda tries again twice, after one minute and two
more; then the event goes to the on-failure queue, with the error. What is of no kind that is known is raised as well.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pipeline.core.arrival import S3, source_of, tells_of_an_object
from pipeline.errors import Misconfiguration

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from pipeline.ports import Remaining

    type Taker = Callable[[Mapping[str, Any], Remaining], None]


@dataclass(frozen=True)
class Arrivals:
    """The dispatch.

    Args:
        takers: by source, as `core.arrival.source_of` names it. Each puts all of an event onto the stream, or keeps it
            as a dead letter, or raises; it is told how many seconds are left.
        drop_bucket: the bucket whose objects are read. Word of what is written to another is an event like any other.
    """

    takers: Mapping[str, Taker]
    drop_bucket: str = ""

    def take(self, event: Mapping[str, Any], remaining: Remaining) -> None:
        """Take what the function is invoked with. Raises Retryable, Misconfiguration, BugFlood, LedgerMismatch."""
        source = S3 if tells_of_an_object(event, self.drop_bucket) else source_of(event)
        taker = self.takers.get(source)
        if taker is None:
            raise Misconfiguration(f"{source} is not taken here; look at what invokes the function")
        taker(event, remaining)
