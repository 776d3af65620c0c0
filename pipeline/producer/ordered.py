"""One PutRecords after the other until all entries are accepted, in order per key, or the time is up."""

from __future__ import annotations

import random
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from pipeline.core.chunk import MAX_RECORD_BYTES, Waiting, entry_bytes
from pipeline.errors import Retryable
from pipeline.model import Accepted

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from pipeline.core.chunk import Slot
    from pipeline.model import Entry
    from pipeline.ports import RecordStream, Remaining


@dataclass(frozen=True, slots=True)
class TooLarge:
    """The stream would never take it: data and partition key together, in bytes."""

    size_bytes: int
    limit_bytes: int = MAX_RECORD_BYTES

    def __str__(self) -> str:
        return f"{self.size_bytes:,} bytes with its key; a record on the stream is at most {self.limit_bytes:,}"


@dataclass(frozen=True, slots=True)
class Unsent:
    """Not accepted in time; after a call without an answer it may be on the stream all the same."""

    detail: str


type Outcome = Accepted | TooLarge | Unsent


@dataclass(frozen=True)
class Pace:
    """How long to wait before the next try. `jitter` gives 0 to 1; `sleep` takes seconds."""

    first_seconds: float = 0.1
    most_seconds: float = 5.0
    jitter: Callable[[], float] = random.random
    sleep: Callable[[float], None] = time.sleep

    def wait(self, failures: int, left_seconds: float) -> None:
        """Wait after that many failures in a row, never longer than what is left."""
        bound = min(self.most_seconds, self.first_seconds * 2 ** min(failures - 1, 16), left_seconds)
        if bound > 0:
            self.sleep(self.jitter() * bound)


@dataclass
class Sender[T]:
    """What is waiting for a stream, and one call after the other."""

    stream: RecordStream
    pace: Pace
    waiting: Waiting[T] = field(default_factory=Waiting)
    reason: str = "no time left"
    _failures: int = 0

    def call(self, remaining: Remaining) -> list[tuple[Slot[T], Accepted]]:
        """One PutRecords: what it accepted is waiting no more. Waits where something was not. Raises Misconfiguration.

        `remaining` bounds the wait.
        """
        chunk = self.waiting.chunk()
        try:
            answers = self.stream.put([slot.entry for slot in chunk])
        except Retryable as error:
            self.reason = str(error)
            accepted = []
        else:
            accepted = self._settle(chunk, answers)
        if len(accepted) == len(chunk):
            self._failures = 0
        else:
            self._failures = 1 if accepted else self._failures + 1
            self.pace.wait(self._failures, remaining())
        return accepted

    def _settle(self, chunk: list[Slot[T]], answers: Sequence[object]) -> list[tuple[Slot[T], Accepted]]:
        accepted: list[tuple[Slot[T], Accepted]] = []
        for slot, answer in zip(chunk, answers, strict=True):
            if isinstance(answer, Accepted):
                self.waiting.done(slot)
                accepted.append((slot, answer))
            else:
                self.reason = getattr(answer, "error_code", "refused")
        return accepted


def put_in_order(
    stream: RecordStream, entries: Sequence[Entry], remaining: Remaining, pace: Pace | None = None
) -> list[Outcome]:
    """Put all and give one outcome for each, in the order of the entries.

    The entries of one key are accepted in their order. At least one call is made whatever the time left, and none is
    started after it. Raises Misconfiguration.
    """
    sender: Sender[int] = Sender(stream, pace or Pace())
    outcomes: dict[int, Outcome] = {}
    for index, entry in enumerate(entries):
        size = entry_bytes(entry)
        if size > MAX_RECORD_BYTES:
            outcomes[index] = TooLarge(size)
        else:
            sender.waiting.add(entry, index)
    started = False
    while sender.waiting and not (started and remaining() <= 0):
        started = True
        outcomes.update((slot.tag, answer) for slot, answer in sender.call(remaining))
    outcomes.update((slot.tag, Unsent(sender.reason)) for slot in sender.waiting.drain())
    return [outcomes[index] for index in range(len(entries))]
