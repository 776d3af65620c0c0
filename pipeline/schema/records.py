"""NDJSON, line by line → records; a line that is none is counted and told, and the others are read.

Lines are read as the consumer reads events, so that what it would refuse is no record here. A CloudEvent, such as
`pipeline tail --json` and the archive have, counts by its data.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from pipeline.core.chunk import MAX_RECORD_BYTES
from pipeline.core.decode import parse
from pipeline.errors import Rejection
from pipeline.model import Reason

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import BinaryIO

    from pipeline.model import Json

MAX_TOLD: Final = 5


@dataclass
class Records:
    """The records of an input; what has been counted is true of what has been read so far.

    Args:
        lines: the input, in bytes.
    """

    lines: BinaryIO
    good: int = 0
    bad: int = 0
    told: list[str] = field(default_factory=list)

    def __iter__(self) -> Iterator[dict[str, Json]]:
        """Each record once, in order; one line is in memory at a time, and of a long one no more than its beginning."""
        for number, line in enumerate(self._bounded(), 1):
            if not line.strip():
                continue
            try:
                record = _record(line)
            except Rejection as rejection:
                self.bad += 1
                if len(self.told) < MAX_TOLD:
                    self.told.append(f"line {number}: {rejection}")
            else:
                self.good += 1
                yield record

    def _bounded(self) -> Iterator[bytes]:
        limit = MAX_RECORD_BYTES + 1
        while line := self.lines.readline(limit):
            rest = line
            while not rest.endswith(b"\n") and len(rest) == limit:
                rest = self.lines.readline(limit)
            yield line


def _record(line: bytes) -> dict[str, Json]:
    if len(line) > MAX_RECORD_BYTES:
        raise Rejection(Reason.TOO_LARGE, f"more than the {MAX_RECORD_BYTES} bytes of a record")
    value = parse(line.removeprefix(b"\xef\xbb\xbf"))
    if isinstance(value, dict) and "specversion" in value and isinstance(value.get("data"), dict):
        value = value["data"]
    if not isinstance(value, dict):
        raise Rejection(Reason.NOT_AN_EVENT, "not a JSON object")
    return value
