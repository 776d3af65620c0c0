"""An export of CloudWatch Logs to S3: `2026-11-23T10:00:00.000Z text`, in milliseconds, and UTC.

A log event of several lines stands as it was put: the lines behind its first one have no time. They are one record, as
they were one event. A text that is a JSON object is read as one.
(CloudWatch Logs user guide, "Exporting log data to Amazon S3".)
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from pipeline.core import line_time
from pipeline.core.formats import plain
from pipeline.core.lines import START, Begun, Line, Overlong, Place, Splitter
from pipeline.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pipeline.core.formats.parsed import LocalTime, Parsed

_TIME: Final = re.compile(rb"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z)(?: |(?=\r?\n?\Z))")


class LogEvents:
    """Cuts blocks into log events: a line that begins with a time begins one."""

    def __init__(self, limit_bytes: int, place: Place = START) -> None:
        self._lines = Splitter(limit_bytes, place, keeps_endings=True)
        self._first: Line | Overlong | None = None  # of the lines that have begun the next log event
        self._begun = Begun(limit_bytes)

    @property
    def place(self) -> Place:
        """Behind the last log event that came out."""
        if self._first is None:
            return self._lines.place
        return Place(self._first.offset, self._first.number - 1)

    def feed(self, block: bytes) -> Iterator[Line | Overlong]:
        """The log events that are known to end in this block."""
        for line in self._lines.feed(block):
            yield from self._take(line)

    def idle(self) -> Iterator[Line | Overlong]:
        """The last log event: what would continue it would have come with it."""
        yield from self._event()

    def end(self) -> Iterator[Line | Overlong]:
        """The last log event, which only the end of the input ends."""
        for line in self._lines.end():
            yield from self._take(line)
        yield from self._event()

    def _take(self, line: Line | Overlong) -> Iterator[Line | Overlong]:
        """An overlong line is one of its own: of its beginning nothing is known."""
        begins = not isinstance(line, Line) or _TIME.match(line.content) is not None
        ended = list(self._event()) if begins else []
        self._add(line)  # before the one that ended comes out: the place is in front of this line
        yield from ended

    def _add(self, line: Line | Overlong) -> None:
        if self._first is None:
            self._first = line
        else:
            self._begun.add(b"\n")
        if isinstance(line, Line):
            self._begun.add(line.content.removesuffix(b"\n"))
        else:
            self._begun.add(line.beginning)
            self._begun.size_bytes += line.size_bytes - len(line.beginning)

    def _event(self) -> Iterator[Line | Overlong]:
        """The log event that has begun, if one has."""
        first, begun = self._first, self._begun
        content, size, is_over = bytes(begun.content), begun.size_bytes, begun.is_over
        self._first = None
        begun.clear()
        if first is not None and is_over:
            yield Overlong(first.number, first.offset, size, content)
        elif first is not None:
            yield Line(first.number, first.offset, content.removesuffix(b"\r"))


def parse(line: Line, local: LocalTime) -> Parsed:
    """A log event of an export. Raises InputError, when it does not begin with a time."""
    match = _TIME.match(line.content)
    if match is None:
        raise InputError("no time as in 2026-11-23T10:00:00.000Z before the text")
    time = line_time.of_value(match[1].decode(), local.to_utc)
    if time is None:
        raise InputError("there is no such time")
    text = line.content[match.end() :].rstrip(b"\r\n")
    return plain.dated(Line(line.number, line.offset, text))._replace(time=time, is_event=False)
