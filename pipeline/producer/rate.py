"""How fast to send to a stream that throttles: more by steps, less by a share (AIMD), as TCP does.

The unit is the shard: what one takes a second, 1,000 records or 1 MiB (developer guide, "Quotas and limits"). So one
figure limits both, and a stream of a hundred shards and a stream of one are the same to it.

Nothing is limited until the stream throttles. Then the rate is a share of what it took last, and grows again.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from pipeline.core.chunk import MAX_CALL_BYTES, MAX_ENTRIES
from pipeline.model import Refused

if TYPE_CHECKING:
    from collections.abc import Iterable

    from pipeline.core.chunk import Slot
    from pipeline.model import Accepted

SHARD_RECORDS: Final = 1000
SHARD_BYTES: Final = 1024 * 1024
THROTTLED: Final = "ProvisionedThroughputExceededException"
# What is measured and what is sent at once: much shorter than the seconds that Kinesis lets a burst last.
_SLICE_SECONDS: Final = 0.1
_MEASURED_SECONDS: Final = 1.0
_SHARE: Final = 0.8
_LEAST: Final = 0.05
# A first throttled call says little about the stream: it is at least a shard.
_FIRST: Final = 1.0
_STEP, _GROWTH = 0.1, 0.05


def cost[T](slots: Iterable[Slot[T]]) -> float:
    """How many seconds of a shard that takes."""
    records = size = 0
    for slot in slots:
        records += 1
        size += slot.size_bytes
    return max(records / SHARD_RECORDS, size / SHARD_BYTES)


@dataclass
class Rate:
    """The shards that may be used, and since when the next call may be made."""

    shards: float | None = None
    _next_at: float = -math.inf
    _seen: float = 0.0
    _seen_at: float = -math.inf
    _lowered_at: float = -math.inf

    def room(self) -> tuple[int, int]:
        """The most entries and bytes of the next call."""
        if self.shards is None:
            return MAX_ENTRIES, MAX_CALL_BYTES
        share = self.shards * _SLICE_SECONDS
        return min(MAX_ENTRIES, round(share * SHARD_RECORDS)), min(MAX_CALL_BYTES, round(share * SHARD_BYTES))

    def wait_seconds(self, now: float) -> float:
        """How long until the next call may be made."""
        return max(0.0, self._next_at - now)

    def answered(self, sent: float, accepted: float, now: float, *, throttled: bool) -> None:
        """A call is answered: what was sent and accepted in seconds of a shard, and whether any of it was throttled."""
        span = now - self._seen_at
        self._seen = self._seen * math.exp(-span / _MEASURED_SECONDS) + accepted
        self._seen_at = now
        if throttled and now - self._lowered_at >= _SLICE_SECONDS:
            used = self._seen / _MEASURED_SECONDS
            self.shards = max(_FIRST, used * _SHARE) if self.shards is None else max(_LEAST, self.shards * _SHARE)
            self._lowered_at = now
        elif not throttled and self.shards is not None:
            self.shards += min(span, _MEASURED_SECONDS) * (_STEP + _GROWTH * self.shards)
        if self.shards is not None:
            self._next_at = max(now, self._next_at) + sent / self.shards


def is_throttled(answer: Accepted | Refused) -> bool:
    """Whether an entry was refused because there are too many."""
    return isinstance(answer, Refused) and answer.error_code == THROTTLED
