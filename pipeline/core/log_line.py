"""A line of a log → an event. What the line says of itself is read; what it does not say is not made up.

    a JSON object with `specversion`     is an event already: it travels as it is
    a record of the input's format       is what the format makes of it (see `core.formats`)
    any other record                     is the body as text, and says why in `parse_error`; or it is rejected

Of another type than `log.v1`, a line of a log (syslog, an access log, logfmt) is the same log data, which the type's
schema may ask more of. A record of JSON or CSV is the data itself: its named fields. Any other is rejected.

The time is the line's own, else that of the line before it (a stack trace belongs to its first line), else the input's.
The id is made of the source, the line's offset and its content: the same unchanged file put twice gives the same ids
and the same events, so the second time has no effect. The text order of the ids is the order of the lines.

By default a line is in order with nothing: it names its time and its place, and readers sort by them. Order is there
for those who need it, by a field or for the whole input. In aggregates it costs nothing; lines that travel by
themselves then cost a call for each line of a key (see `core.chunk`).
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Final, Literal, NamedTuple

from pipeline.core import line_time
from pipeline.core.decode import MAX_SUBJECT_BYTES
from pipeline.core.formats import FORMATS, detect, plain
from pipeline.core.formats.parsed import LocalTime, Parsed, text_of
from pipeline.core.lines import Line
from pipeline.core.violation import violations
from pipeline.errors import InputError
from pipeline.model import Event, Reason

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    import jsonschema_rs

    from pipeline.core.line_time import ToUtc
    from pipeline.model import Json

LOG_TYPE: Final = "log.v1"
# The attribute of a line that is not of the format of its input.
PARSE_ERROR: Final = "parse_error"
# A line that comes this soon after a dated one belongs to it; in a live stream, a later one has the time it came at.
CONTINUES_WITHIN: Final = timedelta(seconds=1)


class Shipment(NamedTuple):
    """What goes onto the stream for a line: the event, or bytes as they are, and what it is in order with.

    Where `is_ordered` is false that is nothing: the key is the line's own.
    """

    record: Event | bytes
    key: str
    is_ordered: bool = True


@dataclass
class LogLines:
    """Reads the lines of one input, in their order.

    Args:
        source: where they come from, as a URI reference.
        now: aware; the time of lines that have none, and what a line's missing year is found by. A file's is fixed.
        to_utc: a local time, without zone, to UTC.
        salt: what tells this input from another one of the same source; empty where the source is always the same.
        event_type: the type of the events.
        validator: of that type, where log data that do not follow it are to be an InputError here already.
        key_field: the field or attribute whose value is the subject; a line without it has none.
        is_ordered: the whole input is one subject.
        is_raw: every line travels as it is.
        format: one of `formats.NAMES`.
        on_unparsed: a line that is not of the format is shipped as text, or it is an InputError.
        time: of the last line that had one; at the beginning, of those before it that were read elsewhere.
    """

    source: str
    now: Callable[[], datetime]
    to_utc: ToUtc
    salt: str = ""
    event_type: str = LOG_TYPE
    validator: jsonschema_rs.Draft202012Validator | None = None
    key_field: str | None = None
    is_ordered: bool = False
    is_raw: bool = False
    format: str = "plain"
    on_unparsed: Literal["text", "reject"] = "text"
    time: str | None = None

    def __post_init__(self) -> None:
        self._source_id = _digest(f"{self.source}\n{self.salt}".encode())
        self._parse = FORMATS[self.format].parse
        self._dated_at = None if self.time is None else self.now()

    def read(self, line: Line) -> Shipment:
        """What to ship for a record. Raises InputError: what of it cannot be used, and why."""
        line_id = f"{self._source_id}-{line.offset:012x}-{_digest(line.content)}"
        if self.is_raw:
            return Shipment(line.content, self.source if self.is_ordered else line_id, self.is_ordered)
        local = LocalTime(self.to_utc, self.now())
        parsed = self._parsed(line, local)
        subject = self._subject(parsed)
        if parsed.is_event:
            return Shipment(line.content, subject or line_id, bool(subject))
        time = self._dated_or_now(parsed.time, local.now)
        event = Event(line_id, self.source, self.event_type, time, self._data(parsed), subject)
        return Shipment(event, subject or line_id, bool(subject))

    def _parsed(self, line: Line, local: LocalTime) -> Parsed:
        try:
            return self._parse(line, local)
        except InputError as error:
            if self.on_unparsed == "reject" or self.event_type != LOG_TYPE:
                raise InputError(f"not {self.format}: {error}", error.reason) from None
            return plain.text(text_of(line), local)._replace(attributes={PARSE_ERROR: str(error)})

    def _data(self, parsed: Parsed) -> dict[str, Json]:
        if self.event_type == LOG_TYPE:
            return parsed.data()
        if FORMATS[self.format].is_log:
            return self._checked(parsed.data())
        if parsed.fields is None:
            raise InputError(
                f"no JSON object, row of CSV or line of a known log, so it is no data of {self.event_type}"
            )
        if parsed.inexact:
            raise InputError(parsed.inexact, Reason.NUMBER_OUT_OF_RANGE)
        return parsed.fields

    def _checked(self, data: dict[str, Json]) -> dict[str, Json]:
        if self.validator is None or self.validator.is_valid(data):
            return data
        first = next(violations(self.validator, data))
        where = first.pointer and f"{first.pointer}: "
        raise InputError(f"a line of a log is no data of {self.event_type}: {where}{first.detail}")

    def _subject(self, parsed: Parsed) -> str | None:
        """What the line is in order with: an event's own subject first, then what was asked for."""
        fields = parsed.attributes if parsed.fields is None else parsed.fields
        if parsed.is_event and isinstance(fields.get("subject"), str):
            return str(fields["subject"])
        if self.is_ordered:
            return self.source
        if self.key_field is None:
            return None
        value = fields.get(self.key_field, parsed.resource.get(self.key_field))
        if value is None or value == "" or isinstance(value, bool | dict | list):
            return None
        if len(str(value).encode()) > MAX_SUBJECT_BYTES:
            raise InputError(f"its {self.key_field} is longer than the {MAX_SUBJECT_BYTES:,} bytes of a key")
        return str(value)

    def _dated_or_now(self, time: str | None, now: datetime) -> str:
        """The time of this line, remembered for the lines that continue it."""
        if time is not None:
            self.time, self._dated_at = time, now
            return time
        if self.time is not None and self._dated_at is not None and now - self._dated_at <= CONTINUES_WITHIN:
            return self.time
        return line_time.rfc3339(now)


def format_of(type_name: str, start: bytes) -> str:
    r"""The format of an input of lines of that type that begins like this: text alone is of use to `log.v1` only.

    >>> format_of("log.v1", b"started\n\na=1 b=2\nready"), format_of("orders.v1", b"started\n\na=1 b=2\nready")
    ('plain', 'logfmt')
    """
    return detect(start) if type_name == LOG_TYPE else detect(start, least_share=0.0)


def log_data(content: bytes) -> dict[str, Json]:
    """The data of a `log.v1` event for a line, in UTF-8, whose time is known.

    >>> log_data(b'{"level": "warn", "n": 1}'), log_data(b"INFO started")
    ({'body': {'level': 'warn', 'n': 1}, 'severity_text': 'warn'}, {'body': 'INFO started', 'severity_text': 'INFO'})
    """
    return plain.dated(Line(1, 0, content)).data()


def _digest(content: bytes) -> str:
    return hashlib.blake2b(content, digest_size=8).hexdigest()
