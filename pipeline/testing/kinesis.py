"""A Kinesis stream in memory: strict about a call as the service is, free with its order, and unreliable as told."""

from __future__ import annotations

import zlib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from pipeline.core.chunk import (
    MAX_CALL_BYTES,
    MAX_ENTRIES,
    MAX_KEY_UNITS,
    MAX_RECORD_BYTES,
    entry_bytes,
    key_units,
)
from pipeline.errors import PipelineError, Retryable
from pipeline.model import Accepted, Refused

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from pipeline.model import Entry


@dataclass(frozen=True)
class Refuse:
    """The entries at these places of the call are refused, the others are accepted."""

    places: frozenset[int]
    error_code: str = "ProvisionedThroughputExceededException"


@dataclass(frozen=True)
class Fail:
    """The whole call fails; `is_carried_out` when it did its work and only the answer was lost."""

    error: PipelineError = field(default_factory=lambda: Retryable("read timeout"))
    is_carried_out: bool = False


type Fault = Refuse | Fail
"""What goes wrong in one call."""


class FakeStream:
    """A RecordStream that keeps every call, and what is on the stream, in order.

    Args:
        faults: what goes wrong, call by call; None, and every call after the last, goes well.
        shards: how many shards the keys are spread over.
    """

    def __init__(self, faults: Iterable[Fault | None] = (), *, shards: int = 2) -> None:
        self.calls: list[list[Entry]] = []
        self.records: list[Entry] = []
        self._faults: Iterator[Fault | None] = iter(faults)
        self._shards = shards

    def put(self, entries: Sequence[Entry]) -> Sequence[Accepted | Refused]:
        """See `ports.RecordStream`. Raises ValueError where Kinesis would not take the call."""
        _check_call(entries)
        self.calls.append(list(entries))
        fault = next(self._faults, None)
        if isinstance(fault, Fail):
            if fault.is_carried_out:
                self._accept(entries, frozenset())
            raise fault.error
        refused = fault.places if fault else frozenset()
        sequence_numbers = self._accept(entries, refused)
        return [
            Refused(fault.error_code)
            if fault and place in refused
            else Accepted(self._shard(entry), sequence_numbers[place])
            for place, entry in enumerate(entries)
        ]

    def _accept(self, entries: Sequence[Entry], refused: frozenset[int]) -> dict[int, str]:
        """From the last to the first: PutRecords promises no order, so nobody may count on one."""
        sequence_numbers = {}
        for place in reversed(range(len(entries))):
            if place not in refused:
                self.records.append(entries[place])
                sequence_numbers[place] = str(len(self.records))
        return sequence_numbers

    def _shard(self, entry: Entry) -> str:
        return f"shardId-{zlib.crc32(entry.partition_key.encode()) % self._shards:012}"


def _check_call(entries: Sequence[Entry]) -> None:
    if not 1 <= len(entries) <= MAX_ENTRIES:
        raise ValueError(f"{len(entries)} entries in a call")
    if sum(map(entry_bytes, entries)) > MAX_CALL_BYTES:
        raise ValueError(f"more than {MAX_CALL_BYTES} bytes in a call")
    for entry in entries:
        if entry_bytes(entry) > MAX_RECORD_BYTES or not 1 <= key_units(entry.partition_key) <= MAX_KEY_UNITS:
            raise ValueError(f"the entry at {entry.position} is too large, or its key is")
