"""A line of a log → an event. What the line says of itself is read; what it does not say is not made up.

    a JSON object with `specversion`     is an event already: it travels as it is
    any other JSON object                is the body; its own time and severity are read from it
    anything else                        is the body as text

The time is the line's own, else that of the line before it (a stack trace belongs to its first line), else the input's.
The id is made of the source, the line's offset and its content: the same unchanged file put twice gives the same ids
and the same events, so the second time has no effect. The text order of the ids is the order of the lines.

By default a line is in order with nothing: it names its time and its place, readers sort by them, and so it shares a
call with 499 others. Order costs a call for each line of a key (see `core.chunk`): 10,000 lines in one order are 10,000
calls, about 100 seconds on AWS, instead of 20. It is there for those who need it: by a field, or for the whole input.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Final, NamedTuple

import orjson

from pipeline.core import line_time
from pipeline.core.decode import MAX_SUBJECT_BYTES, parse
from pipeline.errors import InputError, Rejection
from pipeline.model import Event, Reason

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from datetime import datetime

    from pipeline.core.line_time import ToUtc
    from pipeline.core.lines import Line
    from pipeline.model import Json

LOG_TYPE: Final = "log.v1"
# A line that comes this soon after a dated one belongs to it; in a live stream, a later one has the time it came at.
CONTINUES_WITHIN: Final = timedelta(seconds=1)
# What structured logs call their time and severity: OpenTelemetry, logstash, bunyan, pino, zap, logrus, Python, …
TIME_FIELDS: Final = ("time", "timestamp", "@timestamp", "ts", "datetime")
SEVERITY_FIELDS: Final = ("severity_text", "severity", "level", "levelname", "lvl", "log.level")
# The severity stands near the beginning, after the time; schemas/log.v1.json bounds its length.
SEVERITY_WITHIN_CHARACTERS: Final = 100
MAX_SEVERITY_CHARACTERS: Final = 64

_NAMES: Final = "TRACE|DEBUG|INFO|NOTICE|WARN(?:ING)?|ERR(?:OR)?|SEVERE|CRIT(?:ICAL)?|ALERT|FATAL|PANIC|EMERG(?:ENCY)?"
_SEVERITY: Final = re.compile(
    rf"(?<![\w./-])({_NAMES})(?=[\s\])>|:,;\"']|$)"  # in capitals, as a word
    rf"|(?i:(?<=[\[<(])({_NAMES})(?=[\])>:])"  # [warn] <error>
    rf"|\b(?:level|severity|lvl)=\"?({_NAMES})\b"  # level=info
    rf"|(?<![\w./-])({_NAMES}): )"  # error: …
)


class Shipment(NamedTuple):
    """What goes onto the stream for a line: the event, or bytes as they are, and what it is in order with."""

    record: Event | bytes
    key: str


@dataclass
class LogLines:
    """Reads the lines of one input, in their order.

    Args:
        source: where they come from, as a URI reference.
        now: aware; the time of lines that have none, and what a line's missing year is found by. A file's is fixed.
        to_utc: a local time, without zone, to UTC.
        salt: what tells this input from another one of the same source; empty where the source is always the same.
        event_type: the type of the events. Of any type but `log.v1`, a line is the data itself, a JSON object.
        key_field: the field of a JSON object whose value is the subject; a line without it has none.
        is_ordered: the whole input is one subject.
        is_raw: every line travels as it is.
    """

    source: str
    now: Callable[[], datetime]
    to_utc: ToUtc
    salt: str = ""
    event_type: str = LOG_TYPE
    key_field: str | None = None
    is_ordered: bool = False
    is_raw: bool = False

    def __post_init__(self) -> None:
        self._source_id = _digest(f"{self.source}\n{self.salt}".encode())
        self._dated: tuple[str, datetime] | None = None

    def read(self, line: Line) -> Shipment:
        """What to ship for a line of text in UTF-8. Raises InputError: what of it cannot be used, and why."""
        line_id = f"{self._source_id}-{line.offset:012x}-{_digest(line.content)}"
        if self.is_raw:
            return Shipment(line.content, self.source if self.is_ordered else line_id)
        structured = _structured(line.content)
        if structured is None:
            subject = self.source if self.is_ordered else None
            time, data = self._text(line.content.decode())
        else:
            subject = self._subject(structured.fields)
            if "specversion" in structured.fields:
                return Shipment(line.content, subject or line_id)
            time, data = self._object(structured)
        event = Event(line_id, self.source, self.event_type, self._dated_or_now(time), data, subject)
        return Shipment(event, subject or line_id)

    def _text(self, text: str) -> tuple[str | None, dict[str, Json]]:
        if self.event_type != LOG_TYPE:
            raise InputError(f"not a JSON object, so it is no data of {self.event_type}")
        stamp = line_time.stamp(text, self.to_utc, self.now())
        if stamp is None:
            return None, _log(text, severity(text))
        return stamp.time, _log(text, None if stamp.is_access_log else severity(text, stamp.end))

    def _object(self, structured: Structured) -> tuple[str | None, dict[str, Json]]:
        fields = structured.fields
        time = _first(line_time.of_value(fields.get(name), self.to_utc) for name in TIME_FIELDS)
        if self.event_type == LOG_TYPE:
            return time, _structured_log(structured)
        if structured.inexact:
            raise InputError(structured.inexact)
        return time, fields

    def _subject(self, fields: dict[str, Json]) -> str | None:
        """What the line is in order with: an event's own subject first, then what was asked for."""
        if "specversion" in fields and isinstance(fields.get("subject"), str):
            return str(fields["subject"])
        if self.is_ordered:
            return self.source
        value = None if self.key_field is None else fields.get(self.key_field)
        if value is None or value == "" or isinstance(value, bool | dict | list):
            return None
        if len(str(value).encode()) > MAX_SUBJECT_BYTES:
            raise InputError(f"its {self.key_field} is longer than the {MAX_SUBJECT_BYTES:,} bytes of a key")
        return str(value)

    def _dated_or_now(self, time: str | None) -> str:
        """The time of this line, remembered for the lines that continue it."""
        now = self.now()
        if time is not None:
            self._dated = (time, now)
            return time
        if self._dated is not None and now - self._dated[1] <= CONTINUES_WITHIN:
            return self._dated[0]
        return line_time.rfc3339(now)


class Structured(NamedTuple):
    """A line that is a JSON object; `inexact` says which number JSON readers do not keep as it stands, if any."""

    fields: dict[str, Json]
    text: str
    inexact: str | None


def log_data(content: bytes) -> dict[str, Json]:
    """The data of a `log.v1` event for a line, in UTF-8, whose time is known.

    >>> log_data(b'{"level": "warn", "n": 1}'), log_data(b"INFO started")
    ({'body': {'level': 'warn', 'n': 1}, 'severity_text': 'warn'}, {'body': 'INFO started', 'severity_text': 'INFO'})
    """
    structured = _structured(content)
    if structured is not None:
        return _structured_log(structured)
    text = content.decode()
    return _log(text, severity(text))


def severity(text: str, start: int = 0) -> str | None:
    """The severity that a line of text names near its beginning, as it stands there.

    >>> severity("2026-11-23T10:00:00.123  INFO --- [main] Ready."), severity("[warn] low"), severity("INFORMAL")
    ('INFO', 'warn', None)
    """
    match = _SEVERITY.search(text, start, start + SEVERITY_WITHIN_CHARACTERS)
    return _first(match.groups()) if match else None


def _severity_text(value: Json) -> str | None:
    return value if isinstance(value, str) and 1 <= len(value) <= MAX_SEVERITY_CHARACTERS else None


def _log(body: str | dict[str, Json], severity_text: str | None) -> dict[str, Json]:
    return {"body": body} if severity_text is None else {"body": body, "severity_text": severity_text}


def _structured_log(structured: Structured) -> dict[str, Json]:
    severity_text = _first(_severity_text(structured.fields.get(name)) for name in SEVERITY_FIELDS)
    return _log(structured.text if structured.inexact else structured.fields, severity_text)


def _structured(content: bytes) -> Structured | None:
    inexact = None
    try:
        value = parse(content)
    except Rejection as rejection:
        if rejection.reason is not Reason.NUMBER_OUT_OF_RANGE:
            return None
        value, inexact = orjson.loads(content), rejection.detail
    return Structured(value, content.decode(), inexact) if isinstance(value, dict) else None


def _first[T](values: Iterable[T | None]) -> T | None:
    return next((value for value in values if value is not None), None)


def _digest(content: bytes) -> str:
    return hashlib.blake2b(content, digest_size=8).hexdigest()
