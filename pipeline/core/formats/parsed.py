"""What one record of a log says of itself, in the words of the OpenTelemetry log data model.

https://opentelemetry.io/docs/specs/otel/logs/data-model/
"""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final, NamedTuple

from pipeline.core import line_time
from pipeline.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from pipeline.core.line_time import ToUtc
    from pipeline.core.lines import Line
    from pipeline.model import Json

# What structured logs call their time and severity: OpenTelemetry, logstash, bunyan, pino, zap, logrus, Python, …
TIME_FIELDS: Final = ("time", "timestamp", "@timestamp", "ts", "datetime")
SEVERITY_FIELDS: Final = ("severity_text", "severity", "level", "levelname", "lvl", "log.level")
# OpenTelemetry's own names, the Elastic Common Schema's, and what tracing libraries write in camel case.
TRACE_ID_FIELDS: Final = ("trace_id", "traceId", "traceID", "trace.id")
SPAN_ID_FIELDS: Final = ("span_id", "spanId", "spanID", "span.id")
# schemas/log.v1.json bounds the severity, and W3C Trace Context the ids: hexadecimal, and not all zeros.
MAX_SEVERITY_CHARACTERS: Final = 64
_TRACE_ID: Final = re.compile(r"(?!0{32})[0-9a-f]{32}")
_SPAN_ID: Final = re.compile(r"(?!0{16})[0-9a-f]{16}")


class LocalTime(NamedTuple):
    """What a time is read by that does not say all of itself.

    Args:
        to_utc: a local time, without zone, to UTC. Raises ValueError or OverflowError at the ends.
        now: aware; the missing year is the latest that is not yet to come.
    """

    to_utc: ToUtc
    now: datetime


# For what has a known time, or needs none.
ANY_TIME: Final = LocalTime(lambda local: local.replace(tzinfo=UTC), datetime(2000, 1, 1, tzinfo=UTC))


class Parsed(NamedTuple):
    """A record of a log, taken apart.

    Args:
        time: RFC 3339 with an offset, or None where the record has none.
        fields: by name, where the record consists of named fields: the data of an event of another type than a log.
        is_event: the record is an event already, a CloudEvents object.
        inexact: which of its numbers JSON readers do not keep as it stands, if any.
    """

    time: str | None
    body: str | dict[str, Json]
    severity_text: str | None = None
    severity_number: int | None = None
    attributes: Mapping[str, Json] = {}
    resource: Mapping[str, Json] = {}
    trace_id: str | None = None
    span_id: str | None = None
    fields: dict[str, Json] | None = None
    is_event: bool = False
    inexact: str | None = None

    def data(self) -> dict[str, Json]:
        """The data of a `log.v1` event: what the record says, and nothing that it does not."""
        data: dict[str, Json] = {"body": self.body}
        if self.severity_text is not None:
            data["severity_text"] = self.severity_text
        if self.severity_number is not None:
            data["severity_number"] = self.severity_number
        if self.attributes:
            data["attributes"] = dict(self.attributes)
        if self.resource:
            data["resource"] = dict(self.resource)
        if self.trace_id is not None:
            data["trace_id"] = self.trace_id
        if self.span_id is not None:
            data["span_id"] = self.span_id
        return data


def text_of(line: Line) -> str:
    """The text of a record. Raises InputError, when it is not UTF-8."""
    try:
        return line.content.decode()
    except UnicodeDecodeError as error:
        raise InputError(f"not UTF-8 at byte {error.start} ({error.reason})") from None


def from_fields(
    fields: Mapping[str, Json], local: LocalTime, body: str | dict[str, Json]
) -> tuple[Parsed, frozenset[str | None]]:
    """A record of named fields, and which of them tell its time, severity and trace: the ones usually called so."""
    time_name, time = _first(fields, TIME_FIELDS, lambda value: line_time.of_value(value, local.to_utc))
    severity_name, severity = _first(fields, SEVERITY_FIELDS, _severity)
    trace_name, trace_id = _first(fields, TRACE_ID_FIELDS, lambda value: _hexadecimal(_TRACE_ID, value))
    span_name, span_id = _first(fields, SPAN_ID_FIELDS, lambda value: _hexadecimal(_SPAN_ID, value))
    parsed = Parsed(time, body, severity_text=severity, trace_id=trace_id, span_id=span_id)
    return parsed, frozenset({time_name, severity_name, trace_name, span_name})


def _severity(value: Json) -> str | None:
    return value if isinstance(value, str) and 1 <= len(value) <= MAX_SEVERITY_CHARACTERS else None


def _hexadecimal(form: re.Pattern[str], value: Json) -> str | None:
    lower = value.lower() if isinstance(value, str) else ""
    return lower if form.fullmatch(lower) else None


def _first(
    fields: Mapping[str, Json], names: tuple[str, ...], read: Callable[[Json], str | None]
) -> tuple[str | None, str | None]:
    """The name and the value of the first field that has one."""
    for name in names:
        if name in fields and (value := read(fields[name])) is not None:
            return name, value
    return None, None
