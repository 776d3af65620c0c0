"""SQS: a batch of a queue, answered with a partial batch response.

A standard queue: each message by itself, and those that are not done are named. A FIFO queue: one after the other, and
at the first that is not done it and all after it are named, whatever their group, as Lambda wants it (developer guide,
"Reporting batch item failures for Lambda functions with Amazon SQS triggers"). A dead letter is done: order goes on.

What is to come again comes soon, and then later and later (`core.redelivery`). What is raised waits for the queue's own
time: somebody has to act first.
"""

from __future__ import annotations

import random
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pipeline.core.arrival import SQS, read, source_of
from pipeline.core.redelivery import soon_again
from pipeline.core.response import respond_with_all
from pipeline.errors import Misconfiguration

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from pipeline.core.response import PartialBatchResponse
    from pipeline.ports import Postponer, Remaining
    from pipeline.sources.intake import Intake


@dataclass(frozen=True)
class QueueBatches:
    """The handler of `ingest_queue`; `draw` gives 0 to 1."""

    intake: Intake
    postponer: Postponer
    draw: Callable[[], float] = random.random

    def answer(self, event: Mapping[str, Any], remaining: Remaining) -> PartialBatchResponse:
        """Put a batch and name what is to come again. Raises Misconfiguration, BugFlood, LedgerMismatch."""
        if source_of(event) != SQS:
            raise Misconfiguration("the event is no batch of SQS messages; check the function's event source mappings")
        records = read(event)
        is_fifo = records[0].position.stream.endswith(".fifo")
        undone = (self.intake.settle_in_order if is_fifo else self.intake.settle)(records, remaining).undone
        again = soon_again(undone, self.draw)
        if again:
            self.postponer.postpone(records[0].position.stream, again, remaining)
        return respond_with_all(records, undone)
