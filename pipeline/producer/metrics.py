"""What a producer did so far, in bounded memory, and a picture of it at any moment."""

from __future__ import annotations

import itertools
from bisect import bisect
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from pipeline.model import Refused
from pipeline.producer.rate import THROTTLED

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pipeline.model import Accepted

# Bins from a millisecond to eleven days, each ending a tenth above where it begins: a percentile is at most that much
# too high.
_EDGES: Final = [0.001 * 1.1**number for number in range(220)]


@dataclass(frozen=True, slots=True)
class Metrics:
    """Counts since the producer was made; records are the caller's, entries are what Kinesis counts.

    Attributes:
        accepted: records on the stream.
        retried: entries that were not accepted and had to be sent again.
        refused: records too large for the stream.
        claimed: records whose data were left in S3, so that a reference travels.
        unsent: records given back after their deadline, or at the end.
        spilled: records kept on disk instead; `resent` entries of the spill are on the stream by now.
        damaged: records of the spill, at least, that could not be read any more.
        throttled: calls of which Kinesis took less than all because of its limits.
        accepted_bytes: what the accepted entries weigh, data and partition keys.
        calls, entries: PutRecords calls, and the entries accepted in them.
        waiting, held_bytes: records without an outcome, and what they count against `buffer_bytes`.
        rate_shards: what the producer limits itself to, in shards' worth; None while nothing is throttled.
        latency_seconds: from `put` to accepted, the 50th, 90th and 99th percentile; 0 before the first. Those of an
            aggregate count as long as its oldest.
    """

    accepted: int
    retried: int
    refused: int
    claimed: int
    unsent: int
    spilled: int
    resent: int
    damaged: int
    throttled: int
    accepted_bytes: int
    calls: int
    entries: int
    waiting: int
    held_bytes: int
    rate_shards: float | None
    latency_seconds: tuple[float, float, float]

    @property
    def aggregation_ratio(self) -> float:
        """Records an entry; 0 before the first is accepted."""
        own = self.entries - self.resent
        return self.accepted / own if own else 0.0


@dataclass
class Latencies:
    """How long things took."""

    _bins: list[int] = field(default_factory=lambda: [0] * (len(_EDGES) + 1))

    def add(self, seconds: float, count: int = 1) -> None:
        """Count some that took that long at most."""
        self._bins[bisect(_EDGES, seconds)] += count

    def percentile(self, share: float) -> float:
        """What that share of all took at most, in seconds; 0 where there are none."""
        wanted, counts = share * sum(self._bins), itertools.accumulate(self._bins)
        place = next(place for place, count in enumerate(counts) if count >= wanted)
        return _EDGES[min(place, len(_EDGES) - 1)] if wanted else 0.0


@dataclass
class Counts:
    """The same while it changes."""

    accepted: int = 0
    retried: int = 0
    refused: int = 0
    claimed: int = 0
    unsent: int = 0
    spilled: int = 0
    resent: int = 0
    damaged: int = 0
    throttled: int = 0
    accepted_bytes: int = 0
    calls: int = 0
    entries: int = 0
    latencies: Latencies = field(default_factory=Latencies)

    def called(self, answers: Sequence[Accepted | Refused], accepted_bytes: int) -> None:
        """Count a call: its answers, and what of it was accepted."""
        codes = [answer.error_code for answer in answers if isinstance(answer, Refused)]
        self.calls += 1
        self.retried += len(codes)
        self.throttled += THROTTLED in codes
        self.entries += len(answers) - len(codes)
        self.accepted_bytes += accepted_bytes

    def picture(self, waiting: int, held_bytes: int, rate_shards: float | None) -> Metrics:
        """The metrics of this moment."""
        p50, p90, p99 = map(self.latencies.percentile, (0.5, 0.9, 0.99))
        return Metrics(
            accepted=self.accepted,
            retried=self.retried,
            refused=self.refused,
            claimed=self.claimed,
            unsent=self.unsent,
            spilled=self.spilled,
            resent=self.resent,
            damaged=self.damaged,
            throttled=self.throttled,
            accepted_bytes=self.accepted_bytes,
            calls=self.calls,
            entries=self.entries,
            waiting=waiting,
            held_bytes=held_bytes,
            rate_shards=rate_shards,
            latency_seconds=(p50, p90, p99),
        )
