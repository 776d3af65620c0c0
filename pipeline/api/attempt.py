"""One request's way onto the stream, and for how long it is tried: whoever waits for the answer can send it again."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from pipeline.model import Accepted

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pipeline.model import Entry, Refused
    from pipeline.ports import RecordStream, Remaining

# A throttled shard has its next second by then, and a dropped connection is made anew.
OUTAGE_SECONDS: Final = 2.0
# For the answer itself, and the line that tells of it.
ANSWER_SECONDS: Final = 0.5


@dataclass
class Attempt:
    """RecordStream, and Remaining: no call is begun that may not end in time, and none after an outage.

    Args:
        remaining: of the invocation.
        call_seconds: how long a call takes at worst (`aws.patience`).
    """

    stream: RecordStream
    remaining: Remaining
    call_seconds: float
    _give_up_at: float = field(init=False)

    def __post_init__(self) -> None:
        self.went_well()

    def __call__(self) -> float:
        """The seconds in which a call may be begun."""
        return self.remaining() - max(self.call_seconds + ANSWER_SECONDS, self._give_up_at)

    def put(self, entries: Sequence[Entry]) -> Sequence[Accepted | Refused]:
        """One call; see `ports.RecordStream`."""
        answers = self.stream.put(entries)
        if any(isinstance(each, Accepted) for each in answers):
            self.went_well()
        return answers

    def went_well(self) -> None:
        """Something got through, so this is no outage."""
        self._give_up_at = self.remaining() - OUTAGE_SECONDS
