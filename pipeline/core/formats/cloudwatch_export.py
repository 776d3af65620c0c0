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
from pipeline.core.formats.joined import Joined
from pipeline.core.lines import Line
from pipeline.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pipeline.core.formats.parsed import LocalTime, Parsed
    from pipeline.core.lines import Overlong

_TIME: Final = re.compile(rb"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z)(?: |(?=\r?\n?\Z))")


class LogEvents(Joined):
    """Cuts blocks into log events: a line that begins with a time begins one."""

    def _take(self, line: Line | Overlong) -> Iterator[Line | Overlong]:
        """An overlong line is one of its own: of its beginning nothing is known."""
        begins = not isinstance(line, Line) or _TIME.match(line.content) is not None
        ended = list(self._record()) if begins else []
        self._add(line)  # before the one that ended comes out: the place is in front of this line
        yield from ended

    def idle(self) -> Iterator[Line | Overlong]:
        """The last log event: what would continue it would have come with it."""
        yield from self._record()


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
