"""How a producer is set."""

from __future__ import annotations

import time
from dataclasses import dataclass
from math import inf
from typing import TYPE_CHECKING, Final, Literal, TypedDict, get_args

from pipeline.core.aggregate import BUCKETS
from pipeline.core.chunk import MAX_CALL_BYTES

if TYPE_CHECKING:
    from collections.abc import Callable, Collection
    from pathlib import Path

    from pipeline.ports import ClaimStore
    from pipeline.producer.ordered import Pace
    from pipeline.producer.spill import Spill

BUFFER_BYTES: Final = 32 * 1024 * 1024
# What Python holds of a record besides its data and key: the receipt, the entry, their places in queues.
RECORD_BYTES: Final = 1024

Oversize = Literal["refuse", "claim-check"]


class Options(TypedDict, total=False):
    """The settings of a producer, all of them optional; see `Settings`."""

    aggregate: bool | Collection[str]
    buckets: int
    linger_seconds: float
    deadline_seconds: float
    buffer_bytes: int
    block_seconds: float
    type: str
    source: str
    spill: Spill | Path | str | None
    oversize: Oversize
    claims: ClaimStore | None
    pace: Pace | None
    now: Callable[[], float]


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """The settings of a producer.

    Attributes:
        aggregate: which records share a record of the stream: all, none, or events of these types.
        buckets: how many aggregates there are at a time; well above the shards, so that all get their share. A stream's
            producers should agree on it, and another number is another order: keys move to other shards.
        linger_seconds: how long a record may wait for others to share its call.
        deadline_seconds: how long a record is tried, counted from its `put`, or from when the last before it of its key
            was accepted. Then it is given back as Unsent, or spilled. Infinity: it is tried until it is accepted.
        buffer_bytes: the most that is held: of each record twice its data and key (as the caller's and as it travels)
            and 1 KiB. A call on its way takes up to 15 MiB besides.
        block_seconds: how long `put` waits for room before it raises Full; 0 for not at all.
        type, source: of the envelopes that are made around bare data (CloudEvents attributes).
        spill: where records are kept that were not accepted in time: a directory, or a Spill that stays the caller's.
        oversize: what becomes of an event that is too large for the stream: `refuse` gives it back as TooLarge;
            `claim-check` leaves its data in the store first (up to 8 MiB), and a reference travels. Whatever has its
            partition key waits behind it meanwhile. Bytes are always refused.
        claims: that store.
        pace: the waits between tries.
        now: a clock that only moves forward, in seconds.
    """

    aggregate: bool | Collection[str] = ()
    buckets: int = BUCKETS
    linger_seconds: float = 0.2
    deadline_seconds: float = 60.0
    buffer_bytes: int = BUFFER_BYTES
    block_seconds: float = inf
    type: str | None = None
    source: str | None = None
    spill: Spill | Path | str | None = None
    oversize: Oversize = "refuse"
    claims: ClaimStore | None = None
    pace: Pace | None = None
    now: Callable[[], float] = time.monotonic

    def __post_init__(self) -> None:
        if self.buffer_bytes < MAX_CALL_BYTES:
            raise ValueError(f"buffer_bytes must hold a call's worth, at least {MAX_CALL_BYTES}")
        if self.buckets < 1:
            raise ValueError("buckets must be at least 1")
        if self.oversize not in get_args(Oversize):
            raise ValueError(f"oversize must be one of: {', '.join(get_args(Oversize))}")
        if self.oversize == "claim-check" and self.claims is None:
            raise ValueError("oversize='claim-check' needs claims, where the data are left")
