"""SNS and EventBridge: what a function is invoked with that nobody waits for the answer of."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from pipeline.core.arrival import read
from pipeline.errors import Retryable

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pipeline.ports import Remaining
    from pipeline.sources.intake import Intake

# Lambda tries again by itself, minutes later. Messages that wait here for a stream that is down for longer would take
# the account's concurrency from the functions that empty it.
PATIENCE_SECONDS: Final = 120.0


@dataclass(frozen=True)
class Messages:
    """Takes notifications and events; an invocation has one of them."""

    intake: Intake

    def take(self, event: Mapping[str, Any], remaining: Remaining) -> None:
        """Put it or keep it as a dead letter. Raises Retryable, Misconfiguration: Lambda invokes again with the same.

        Waits for the stream for `PATIENCE_SECONDS` at most, beside the reserve.
        """
        spare = max(0.0, remaining() - PATIENCE_SECONDS - self.intake.reserve_seconds)
        settled = self.intake.settle(read(event), lambda: remaining() - spare)
        if settled.undone:
            failure = settled.failures[settled.undone[0].position]
            raise Retryable(f"{len(settled.undone)} of {len(settled.records)} are not on the stream: {failure.detail}")
