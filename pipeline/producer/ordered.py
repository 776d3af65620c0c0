"""One PutRecords after the other until all entries are accepted, in order per key, or the time is up."""

from __future__ import annotations

import random
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from pipeline.core.chunk import MAX_RECORD_BYTES, Waiting, entry_bytes
from pipeline.errors import Retryable
from pipeline.model import Accepted, Refused
from pipeline.producer.outcome import TooLarge, Unsent

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from pipeline.core.chunk import Slot
    from pipeline.model import Entry
    from pipeline.ports import RecordStream, Remaining
    from pipeline.producer.outcome import Outcome


@dataclass(frozen=True)
class Pace:
    """How long to wait before the next try. `jitter` gives 0 to 1; `sleep` takes seconds."""

    first_seconds: float = 0.1
    most_seconds: float = 5.0
    jitter: Callable[[], float] = random.random
    sleep: Callable[[float], None] = time.sleep

    def seconds(self, failures: int, left_seconds: float) -> float:
        """A random part of what doubles with each failure in a row, never more than what is left."""
        if not failures:
            return 0.0
        bound = min(self.most_seconds, self.first_seconds * 2 ** min(failures - 1, 16), left_seconds)
        return self.jitter() * bound if bound > 0 else 0.0

    def wait(self, failures: int, left_seconds: float) -> None:
        """Wait after that many failures in a row."""
        seconds = self.seconds(failures, left_seconds)
        if seconds > 0:
            self.sleep(seconds)


@dataclass
class Sending[T]:
    """What waits for a stream, what stood in its way last, and how many calls in a row brought nothing."""

    reason: str = "no time left"
    failures: int = 0
    waiting: Waiting[T] = field(default_factory=Waiting)

    def settle(
        self, chunk: Sequence[Slot[T]], answers: Sequence[Accepted | Refused], now: float = 0.0
    ) -> list[tuple[Slot[T], Accepted]]:
        """What was accepted waits no more, and is returned."""
        accepted: list[tuple[Slot[T], Accepted]] = []
        for slot, answer in zip(chunk, answers, strict=True):
            if isinstance(answer, Accepted):
                self.waiting.done(slot, now)
                accepted.append((slot, answer))
            else:
                self.reason = answer.error_code
        if len(accepted) == len(chunk):
            self.failures = 0
        else:
            self.failures = 1 if accepted else self.failures + 1
        return accepted


def call[T](stream: RecordStream, chunk: Sequence[Slot[T]]) -> Sequence[Accepted | Refused]:
    """One PutRecords, of nothing none. One that fails as a whole is as if every entry was refused.

    Raises Misconfiguration.
    """
    if not chunk:
        return []
    try:
        return stream.put([slot.entry for slot in chunk])
    except Retryable as error:
        return [Refused(str(error))] * len(chunk)


def put_in_order(
    stream: RecordStream, entries: Sequence[Entry], remaining: Remaining, pace: Pace | None = None
) -> list[Outcome]:
    """Put all and give one outcome for each, in the order of the entries.

    The entries of one key are accepted in their order. At least one call is made whatever the time left, and none is
    started after it. Raises Misconfiguration.
    """
    pace = pace or Pace()
    sending: Sending[int] = Sending()
    outcomes: dict[int, Outcome] = {}
    for index, entry in enumerate(entries):
        size = entry_bytes(entry)
        if size > MAX_RECORD_BYTES:
            outcomes[index] = TooLarge(size)
        else:
            sending.waiting.add(entry, index)
    started = False
    while sending.waiting and not (started and remaining() <= 0):
        started = True
        chunk = sending.waiting.chunk()
        outcomes.update((slot.tag, answer) for slot, answer in sending.settle(chunk, call(stream, chunk)))
        pace.wait(sending.failures, remaining())
    outcomes.update((slot.tag, Unsent(sending.reason)) for slot in sending.waiting.drain())
    return [outcomes[index] for index in range(len(entries))]
