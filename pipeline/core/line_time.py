"""The time that a log line carries, where it carries one in a form that is known and stands at its usual place.

    2026-11-23T10:00:00.123456789+01:00 …     RFC 3339; also `/` in the date, a comma before the fraction, `UTC`, `[…`
    2026-11-23 10:00:00,123 …                 the same without a zone: local time
    … [23/Nov/2026:10:00:00 +0100] …          Apache and nginx access logs
    Nov 23 10:00:00 …                         syslog (RFC 3164): local time, and the latest year that is not yet to come

A time with a zone keeps it, and every fraction its digits up to nine. What looks like a time and is none is not one.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Final, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable

    from pipeline.model import Json

    type ToUtc = Callable[[datetime], datetime]

# How far into a line a timestamp is looked for: it bounds the cost of a long line.
WITHIN_CHARACTERS: Final = 200
_ISO: Final = re.compile(
    r"\[?(\d{4})[-/](\d\d)[-/](\d\d)[Tt ](\d\d:\d\d:\d\d)(?:[.,](\d{1,9})\d{0,20})?"
    r"(?: ?(Z|z|UTC|GMT|[+-]\d\d:?\d\d)|([+-]\d\d))?(?![\w.:+-])",
    re.ASCII,
)
_CLF: Final = re.compile(r"(\d\d)/([A-Z][a-z]{2})/(\d{4}):(\d\d:\d\d:\d\d) ([+-]\d{4})", re.ASCII)
_ACCESS: Final = re.compile(rf"\[{_CLF.pattern}\]", re.ASCII)
_NUMBER: Final = re.compile(r"\d{9,20}(?:\.\d{1,9})?", re.ASCII)
_SYSLOG: Final = re.compile(r"([A-Z][a-z]{2}) ([ \d]\d) (\d\d:\d\d:\d\d)(?:\.(\d{1,9}))?(?=[ :])", re.ASCII)
_MONTH_NAMES: Final = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_MONTHS: Final = {name: f"{number:02}" for number, name in enumerate(_MONTH_NAMES, start=1)}
_UTC_NAMES: Final = frozenset({"Z", "z", "UTC", "GMT"})
_A_DAY: Final = timedelta(days=1)
# Epoch numbers are told apart by their size: seconds reach 1e11 in the year 5138, milliseconds begin there in 1973.
_EPOCH_UNITS: Final = ((1e8, 1e11, 1.0), (1e11, 1e14, 1e3), (1e14, 1e17, 1e6), (1e17, 1e20, 1e9))


class Stamp(NamedTuple):
    """A time (RFC 3339 with an offset), where in the line it ends, and whether the line is one of an access log."""

    time: str
    end: int
    is_access_log: bool = False


def stamp(text: str, to_utc: ToUtc, now: datetime) -> Stamp | None:
    """The timestamp of a line of text, or None.

    Args:
        text: the line.
        to_utc: a local time without zone to UTC.
        now: aware; syslog's missing year is the latest that does not lie more than a day after it.
    """
    try:
        if match := _ISO.match(text):
            return _iso(match, to_utc)
        if match := _SYSLOG.match(text):
            return _syslog(match, to_utc, now)
        if match := _ACCESS.search(text, 0, WITHIN_CHARACTERS):
            return Stamp(_access(match), match.end(), is_access_log=True)
    except (ValueError, OverflowError, KeyError):
        return None
    return None


def of_access(text: str) -> str | None:
    """The time of an access log, without its brackets.

    >>> of_access("23/Nov/2026:10:00:00 +0100")
    '2026-11-23T10:00:00+01:00'
    """
    match = _CLF.fullmatch(text)
    try:
        return _access(match) if match else None
    except (ValueError, OverflowError, KeyError):
        return None


def of_value(value: Json, to_utc: ToUtc) -> str | None:
    """The time in a field of a structured log: text as in a line, or an epoch number from seconds to nanoseconds."""
    if isinstance(value, str):
        return _of_text(value, to_utc)
    if isinstance(value, int | float) and not isinstance(value, bool):
        return _of_number(value)
    return None


def _of_text(text: str, to_utc: ToUtc) -> str | None:
    if match := _ISO.fullmatch(text):
        try:
            return _iso(match, to_utc).time
        except (ValueError, OverflowError):
            return None
    return _of_number(float(text)) if _NUMBER.fullmatch(text) else None


def _of_number(number: float) -> str | None:
    for least, most, per_second in _EPOCH_UNITS:
        if least <= number < most:
            return rfc3339(datetime.fromtimestamp(number / per_second, UTC))
    return None


def _iso(match: re.Match[str], to_utc: ToUtc) -> Stamp:
    year, month, day, clock, fraction, zone, hours = match.groups()
    return Stamp(_rfc3339(f"{year}-{month}-{day}T{clock}", fraction, zone or hours, to_utc), match.end())


def _access(match: re.Match[str]) -> str:
    day, month, year, clock, zone = match.groups()
    whole = f"{year}-{_MONTHS[month]}-{day}T{clock}{zone[:3]}:{zone[3:]}"
    datetime.fromisoformat(whole).astimezone(UTC)
    return whole


def _syslog(match: re.Match[str], to_utc: ToUtc, now: datetime) -> Stamp | None:
    month, day, clock, fraction = match.groups()
    # Four years back there is a February 29 for sure, but for the turn of a century that is no leap year.
    for year in range(now.year + 1, now.year - 9, -1):
        whole = f"{year:04}-{_MONTHS[month]}-{day.replace(' ', '0')}T{clock}"
        try:
            is_past = to_utc(datetime.fromisoformat(whole)) <= now + _A_DAY
        except ValueError:
            continue
        if is_past:
            return Stamp(_rfc3339(whole, fraction, None, to_utc), match.end())
    return None


def _rfc3339(whole: str, fraction: str | None, zone: str | None, to_utc: ToUtc) -> str:
    """Raises ValueError or OverflowError when there is no such time."""
    digits = f".{fraction}" if fraction else ""
    if zone is None:
        return f"{to_utc(datetime.fromisoformat(whole)).replace(tzinfo=None).isoformat()}{digits}Z"
    offset = "Z" if zone in _UTC_NAMES else f"{zone[:3]}:{zone[3:].removeprefix(':') or '00'}"
    datetime.fromisoformat(f"{whole}{offset}").astimezone(UTC)
    return f"{whole}{digits}{offset}"


def rfc3339(moment: datetime) -> str:
    """An aware time as RFC 3339."""
    return moment.isoformat().replace("+00:00", "Z")
