"""A file → the records that `pipeline put` would make data of; what is none is counted and told.

Plain, gzip or zstd; the format is told by the beginning of the file. JSON is read as the consumer reads events, so that
what it would refuse is no record here: a line of no format is taken for a bad line of NDJSON. A CloudEvent, such as
`pipeline tail --json` and the archive have, counts by its data. A row of CSV is an object of texts, and a line of a log
is log data.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from pipeline.core import formats
from pipeline.core.beginning import Beginning
from pipeline.core.chunk import MAX_RECORD_BYTES
from pipeline.core.decode import parse
from pipeline.core.formats import FORMATS
from pipeline.core.formats.parsed import ANY_TIME
from pipeline.core.lines import Line
from pipeline.core.packed import unpacked
from pipeline.errors import InputError, Rejection
from pipeline.model import Reason

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import BinaryIO

    from pipeline.core.lines import Overlong
    from pipeline.model import Json

MAX_TOLD: Final = 5
_BLOCK_BYTES: Final = 32 * 1024
_NDJSON: Final = "ndjson"
_JSON: Final = frozenset({_NDJSON, "json"})


@dataclass
class Records:
    """The records of an input; what has been counted is true of what has been read so far.

    Args:
        file: the input, in bytes.
        format: one of `formats.NAMES`; None where the beginning of the input tells it.
    """

    file: BinaryIO
    format: str | None = None
    good: int = 0
    bad: int = 0
    told: list[str] = field(default_factory=list)

    def __iter__(self) -> Iterator[dict[str, Json]]:
        """Each record once, in order, in bounded memory. Raises InputError for what is damaged."""
        blocks = Beginning(unpacked(iter(lambda: self.file.read(_BLOCK_BYTES), b"")))
        name = self.format or _detected(blocks.start())
        framing = formats.framing(name, MAX_RECORD_BYTES)
        for block in blocks:
            yield from self._records(name, framing.feed(block))
        yield from self._records(name, framing.end())

    def _records(self, name: str, lines: Iterator[Line | Overlong]) -> Iterator[dict[str, Json]]:
        for line in lines:
            if isinstance(line, Line) and not line.content.strip():
                continue
            try:
                record = _record(name, line)
            except (Rejection, InputError) as error:
                self.bad += 1
                if len(self.told) < MAX_TOLD:
                    self.told.append(f"line {line.number}: {error}")
            else:
                self.good += 1
                yield record


def _detected(start: bytes) -> str:
    """The format; NDJSON where a line of JSON comes first, however bad the others are, and where it is none."""
    name = formats.detect(start)
    if name in {"json", "plain"}:
        try:
            parse(start.lstrip().partition(b"\n")[0])
        except Rejection:
            return _NDJSON if name == "plain" else name
        return _NDJSON
    return name


def _record(name: str, line: Line | Overlong) -> dict[str, Json]:
    if not isinstance(line, Line):
        raise Rejection(Reason.TOO_LARGE, f"more than the {MAX_RECORD_BYTES} bytes of a record")
    if name in _JSON:
        return _object(line.content)
    parsed = FORMATS[name].parse(line, ANY_TIME)
    if FORMATS[name].is_log or parsed.fields is None:
        return parsed.data()
    return parsed.fields


def _object(content: bytes) -> dict[str, Json]:
    value = parse(content)
    if isinstance(value, dict) and "specversion" in value and isinstance(value.get("data"), dict):
        value = value["data"]
    if not isinstance(value, dict):
        raise Rejection(Reason.NOT_AN_EVENT, "not a JSON object")
    return value
