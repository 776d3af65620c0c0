"""The formats of logs that are read, and which of them an input is in.

A format has two halves, both pure and bounded in memory. Framing: blocks of bytes → records. Parsing: one record → what
it says of itself, or an InputError that says why it is not of this format. One file a format, `registry` names them.

    json        a JSON array, one element at a time; also objects that are written over several lines
    ndjson      a JSON object a line
    syslog      RFC 5424, and RFC 3164 as it is sent and as it stands in files
    apache      common and combined access logs of Apache and nginx
    cloudwatch  an export of CloudWatch Logs to S3
    logfmt      key=value pairs
    csv         a header row, then rows; the delimiter is a comma, a semicolon or a tab
    plain       lines as they come
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from pipeline.core.chunk import MAX_RECORD_BYTES
from pipeline.core.formats.detect import detect
from pipeline.core.formats.registry import FORMATS
from pipeline.core.lines import START

if TYPE_CHECKING:
    from pipeline.core.lines import Framing, Place

__all__ = ["FORMATS", "NAMES", "detect", "framing"]

NAMES: Final = tuple(FORMATS)


def framing(name: str, limit_bytes: int = MAX_RECORD_BYTES, place: Place = START) -> Framing:
    """What cuts an input of the format of that name into records of at most `limit_bytes`, from a place on."""
    return FORMATS[name].frame(limit_bytes, place)
