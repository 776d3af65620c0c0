"""The formats by name: how each cuts an input into records, and how it reads one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from pipeline.core.formats import access_log, cloudwatch_export, csv_rows, logfmt, plain, structured, syslog
from pipeline.core.formats.cloudwatch_export import LogEvents
from pipeline.core.formats.csv_framing import Rows
from pipeline.core.formats.json_array import Elements
from pipeline.core.lines import Splitter

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from pipeline.core.formats.parsed import LocalTime, Parsed
    from pipeline.core.lines import Framing, Line, Place


def _always(_records: Sequence[Line]) -> bool:
    return True


@dataclass(frozen=True, slots=True)
class Format:
    """A format of logs.

    Args:
        parse: what a record says of itself. Raises InputError, when the record is not of the format.
        frame: its framing, with the limit of a record in bytes, from a place on.
        is_likely: whether records that can all be read as this format are likely to be meant so.
        is_log: whether a record is one of a log, whatever type its event has; of any other format it is data, if it
            has named fields.
    """

    parse: Callable[[Line, LocalTime], Parsed]
    frame: Callable[[int, Place], Framing] = Splitter
    is_likely: Callable[[Sequence[Line]], bool] = _always
    is_log: bool = False


# In the order of their strictness: of two that read as many records of an input, the first is the format of it.
FORMATS: Final[dict[str, Format]] = {
    "ndjson": Format(structured.parse),
    "json": Format(structured.parse, Elements),
    "syslog": Format(syslog.parse, is_log=True),
    "apache": Format(access_log.parse, is_log=True),
    "cloudwatch": Format(cloudwatch_export.parse, LogEvents),
    "logfmt": Format(logfmt.parse, is_log=True),
    "csv": Format(csv_rows.parse, Rows, csv_rows.is_likely),
    "plain": Format(plain.parse),
}
