"""Lines as they come: a JSON object is read as one; any other line is the body as text.

Of a text, the time is read where it stands at its usual place, and the severity where the line names one near its
beginning: a word in capitals, in brackets, before a colon, or after `level=`.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from pipeline.core import line_time
from pipeline.core.formats import structured
from pipeline.core.formats.parsed import ANY_TIME, Parsed, text_of
from pipeline.errors import InputError

if TYPE_CHECKING:
    from pipeline.core.formats.parsed import LocalTime
    from pipeline.core.lines import Line

# The severity stands near the beginning, after the time.
SEVERITY_WITHIN_CHARACTERS: Final = 100

_NAMES: Final = "TRACE|DEBUG|INFO|NOTICE|WARN(?:ING)?|ERR(?:OR)?|SEVERE|CRIT(?:ICAL)?|ALERT|FATAL|PANIC|EMERG(?:ENCY)?"
_SEVERITY: Final = re.compile(
    rf"(?<![\w./-])({_NAMES})(?=[\s\])>|:,;\"']|$)"  # in capitals, as a word
    rf"|(?i:(?<=[\[<(])({_NAMES})(?=[\])>:])"  # [warn] <error>
    rf"|\b(?:level|severity|lvl)=\"?({_NAMES})\b"  # level=info
    rf"|(?<![\w./-])({_NAMES}): )"  # error: …
)


def parse(line: Line, local: LocalTime) -> Parsed:
    """A record of whatever form. Raises InputError, when it is not even text."""
    return _object(line, local) or text(text_of(line), local)


def dated(line: Line) -> Parsed:
    """A record of whatever form whose time is known; the one that it may name itself says nothing."""
    return _object(line, ANY_TIME) or _undated(text_of(line))


def text(content: str, local: LocalTime) -> Parsed:
    """A record that is text and nothing else."""
    stamp = line_time.stamp(content, local.to_utc, local.now)
    if stamp is None:
        return _undated(content)
    return Parsed(stamp.time, content, None if stamp.is_access_log else severity(content, stamp.end))


def _object(line: Line, local: LocalTime) -> Parsed | None:
    if line.content.lstrip()[:1] != b"{":
        return None
    try:
        return structured.parse(line, local)
    except InputError:
        return None


def _undated(content: str) -> Parsed:
    return Parsed(None, content, severity(content))


def severity(content: str, start: int = 0) -> str | None:
    """The severity that a line of text names near its beginning, as it stands there.

    >>> severity("2026-11-23T10:00:00.123  INFO --- [main] Ready."), severity("[warn] low"), severity("INFORMAL")
    ('INFO', 'warn', None)
    """
    match = _SEVERITY.search(content, start, start + SEVERITY_WITHIN_CHARACTERS)
    return match[match.lastindex or 0] if match else None
