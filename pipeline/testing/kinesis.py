"""A RecordStream in memory: strict about a call as the port is, free with its order, and unreliable as told.

Its limits are written down here once more, so that a wrong one in the code is not the measure of itself.
`kinesis_client.py` has the stream behind the calls of the client.
"""

from __future__ import annotations

import zlib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from pipeline.errors import PipelineError, Retryable
from pipeline.model import Accepted, Refused

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from pipeline.model import Entry

# `ports.RecordStream`, and Kinesis' API reference, PutRecords.
MAX_ENTRIES: Final = 500
MAX_CALL_BYTES: Final = 5 * 1024 * 1024
MAX_RECORD_BYTES: Final = 1024 * 1024
MAX_KEY_UNITS: Final = 256


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
    sizes = [len(entry.data) + len(entry.partition_key.encode()) for entry in entries]
    if sum(sizes) > MAX_CALL_BYTES:
        raise ValueError(f"more than {MAX_CALL_BYTES} bytes in a call")
    for entry, size in zip(entries, sizes, strict=True):
        units = len(entry.partition_key.encode("utf-16-le")) // 2
        if size > MAX_RECORD_BYTES or not 1 <= units <= MAX_KEY_UNITS:
            raise ValueError(f"the entry at {entry.position} is too large, or its key is")
