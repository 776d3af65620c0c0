"""A line of an object → an event that is checked as the consumer will check it, or why it can never be one.

The type is `log.v1`, or the one that the key names, as in the archive: `type=orders.v1/…`. Of another type a
record of JSON or CSV is the data itself, and a line of a log is log data. A line that is a CloudEvents object already
stays as it is. The id of any other is made of bucket, key, version and the line's place, so whoever reads it again
makes the same event. One that is too large for the stream or for an item leaves its data in S3, as at the other doors.

In a log that is text a line of no known form is a log line still. Of JSON and CSV it is a dead letter: it was meant to
be something, and is not.
"""

from __future__ import annotations

import hashlib
from base64 import b64encode
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import quote

from pipeline.core import event_type
from pipeline.core.arrival import checked
from pipeline.core.claim import MAX_CLAIM_BYTES
from pipeline.core.decode import MAX_SOURCE_BYTES, parse, read_event
from pipeline.core.encode import cloudevent
from pipeline.core.lines import Line, why_not_text
from pipeline.core.log_line import LogLines
from pipeline.core.process import dead_letter
from pipeline.errors import InputError, Rejection
from pipeline.model import DeadLetter, Event, Position, Reason, Record, Stage

if TYPE_CHECKING:
    from pipeline.core.lines import Overlong
    from pipeline.core.submission import Ready, Rules
    from pipeline.model import Json, ObjectVersion
    from pipeline.sources.drop.notification import Start

# What is text by itself; of these formats a line that is none of it was meant otherwise.
_STRICT: Final = frozenset({"csv", "json", "ndjson"})


class Reader:
    """Reads the lines of one object, in their order.

    Raises Rejection when its key names a type that there is none of.
    """

    def __init__(self, start: Start, format_: str, modified_at: float, rules: Rules) -> None:
        self._at = start.at
        self._rules = rules
        self._modified_at = modified_at
        written = datetime.fromtimestamp(modified_at, UTC)
        self._log = LogLines(
            source=source_of(start.at),
            now=lambda: written,
            to_utc=lambda local: local.replace(tzinfo=UTC),
            salt=start.at.version or start.at.etag or "",
            event_type=_known(start.type_name, rules),
            format=format_,
            on_unparsed="reject" if format_ in _STRICT else "text",
            time=start.time,
        )

    @property
    def time(self) -> str | None:
        """Of the last line that had one; a line that continues it has the same."""
        return self._log.time

    def read(self, line: Line | Overlong) -> Event | Ready | DeadLetter:
        """What becomes of a line that is not blank; one that is Ready owes its data to the claims bucket."""
        stage = Stage.DECODE
        try:
            envelope = self._envelope(line)
            stage = Stage.VALIDATE
            ready = checked(envelope, self._rules, self._modified_at)
            return read_event(envelope, arrived_at=self._modified_at) if ready.owed is None else ready
        except InputError as error:
            return self.letter(line, Rejection(error.reason or Reason.NOT_OF_FORMAT, str(error)), stage)
        except Exception as error:  # noqa: BLE001 - every way to fail is an outcome of the line
            return self.letter(line, error, stage)

    def letter(self, line: Line | Overlong, error: Exception, stage: Stage) -> DeadLetter:
        """The dead letter of a line, with its bytes; of one that is too long, with its size and its beginning."""
        if isinstance(line, Line):
            return letter(self._at, line.number, line.offset, error, stage, bytes=_base64(line.content))
        kept: dict[str, str | int] = {"size": line.size_bytes, "beginning": _base64(line.beginning)}
        return letter(self._at, line.number, line.offset, error, stage, **kept)

    def _envelope(self, line: Line | Overlong) -> Json:
        if not isinstance(line, Line):
            raise Rejection(Reason.TOO_LARGE, f"{line.size_bytes:,} bytes; a line is at most {MAX_CLAIM_BYTES:,}")
        why = why_not_text(line.content, is_whole=True)
        if why is not None:
            raise Rejection(Reason.NOT_UTF8, why)
        record = self._log.read(line).record
        return parse(record) if isinstance(record, bytes) else cloudevent(record)


def source_of(at: ObjectVersion) -> str:
    """An object as a URI reference; one whose key is beyond all bounds by its hash.

    >>> from pipeline.model import ObjectVersion
    >>> source_of(ObjectVersion("drop", "a b/ü.log"))
    's3://drop/a%20b/%C3%BC.log'
    """
    source = f"s3://{at.bucket}/{quote(at.key)}"
    if len(source) <= MAX_SOURCE_BYTES:
        return source
    return f"s3://{at.bucket}/key-sha256/{hashlib.sha256(at.key.encode()).hexdigest()}"


def letter(
    at: ObjectVersion, number: int, offset: int, error: Exception, stage: Stage, **kept: str | int
) -> DeadLetter:
    """A dead letter: of a line, of which something is kept, or of all from there on, which the object has."""
    original: dict[str, Any] = {"bucket": at.bucket, "key": at.key, "version": at.version, "etag": at.etag}
    original |= {"line": number, "offset": offset, **kept}
    made = dead_letter(Record(position_of(at, number), original, 0.0), error, stage)
    return DeadLetter(made.record, made.reason, f"line {number:,}: {made.detail}" if number else made.detail, stage)


def position_of(at: ObjectVersion, number: int) -> Position:
    """Where a line lies: the same over every notification of its object, and every continuation."""
    version = at.version or at.etag
    url = f"s3://{at.bucket}/{quote(at.key)}"
    return Position(f"{url}?versionId={version}" if version else url, "", str(number))


def _base64(content: bytes) -> str:
    return b64encode(content).decode()


def _known(type_name: str, rules: Rules) -> str:
    if type_name not in rules.validators:
        raise Rejection(Reason.UNKNOWN_TYPE, event_type.unknown(type_name, rules.validators))
    return type_name
