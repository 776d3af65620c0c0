"""A time in any of the usual forms → RFC 3339 in UTC, with its own digits of the fraction.

    2026-11-23T10:00:00.25+01:00   RFC 3339; also with a blank, / in the date, a comma before the fraction, UTC, +0100
    20261123T100000Z               ISO 8601, basic
    23/Nov/2026:10:00:00 +0100     access logs
    Mon, 23 Nov 2026 10:00:00 GMT  mail and HTTP (RFC 5322, RFC 9110)
    Nov 23 10:00:00                syslog (RFC 3164): the year is the latest that is not to come at the event's own time
    1764000000, "1764000000.25"    epoch seconds, or milli-, micro- or nanoseconds, told apart by their size

A time without an offset is rejected, unless `zone` says which it has. Zones with a summer time are not there: what they
mean depends on a table that changes, and an hour of each year means two.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta, timezone
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Final

from msgspec.structs import replace

from pipeline.core import line_time
from pipeline.errors import Rejection
from pipeline.model import Reason
from pipeline.transforms.field import with_data
from pipeline.transforms.path import MISSING, compiled, unfit
from pipeline.transforms.setting import wrong
from pipeline.transforms.timestamps import utc

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from pipeline.model import Event, Json
    from pipeline.ports import Transform

MAX_CHARACTERS: Final = 64
_ZONE: Final = re.compile(r"([+-])(\d\d):([0-5]\d)", re.ASCII)
_BASIC: Final = re.compile(r"(\d{4})(\d\d)(\d\d)[Tt](\d\d)(\d\d)(\d\d)(.*)", re.ASCII)
_SYSLOG: Final = re.compile(r"[A-Z][a-z]{2} [ \d]\d ", re.ASCII)
_MAIL: Final = re.compile(r"(?:[A-Z][a-z]{2}, )?\d{1,2} [A-Z][a-z]{2} \d{4} \d\d:\d\d(?::\d\d)? \S{1,5}", re.ASCII)
# From 1973 on, an integer says its unit by its digits: seconds have 9 to 11 of them, milliseconds 12 to 14, …
_DIGITS_OF_SECONDS: Final = range(9, 12)
_UNITS: Final = (0, 3, 6, 9)

type _ToUtc = Callable[[datetime], datetime]


def timestamp(pointer: str, into: str | None = None, *, zone: str | None = None) -> Transform:
    """A time of any usual form becomes RFC 3339 in UTC. Raises Rejection: time_invalid.

    `zone` is the offset of times that name none, "UTC" or such as "+01:00".

    >>> after(timestamp("/at"), {"at": "23/Nov/2026:10:00:00 +0100"})
    [{'at': '2026-11-23T09:00:00Z'}]
    """
    source, to_utc = compiled(pointer), _to_utc(zone)
    target = source if into is None else compiled(into)

    def transform(event: Event) -> Sequence[Event]:
        value = source.get(event.data)
        if value is MISSING or value is None:
            return (event,)
        time = read(value, to_utc, event.time)
        if time is None:
            raise unfit(source, _REMEDY, Reason.TIME_INVALID)
        return (event,) if time == value and target is source else with_data(event, target.put(event.data, time))

    return transform


def event_time(pointer: str, *, zone: str | None = None) -> Transform:
    """The event's own time is the one in a field, of any usual form; the field stays. Raises Rejection: time_invalid.

    >>> event = Event("1", "//a", "x.v1", "2026-11-24T00:00:00Z", {"at": 1764000000})
    >>> event_time("/at")(event)[0].time
    '2025-11-24T16:00:00Z'
    """
    source, to_utc = compiled(pointer), _to_utc(zone)

    def transform(event: Event) -> Sequence[Event]:
        value = source.get(event.data)
        if value is MISSING or value is None:
            return (event,)
        time = read(value, to_utc, event.time)
        if time is None:
            raise unfit(source, _REMEDY, Reason.TIME_INVALID)
        return (replace(event, time=time),)

    return transform


def read(value: Json, to_utc: _ToUtc, near: str) -> str | None:
    """The time in a value as RFC 3339 in UTC, or None.

    Args:
        value: text of at most 64 characters, or a number.
        to_utc: a time without offset to UTC. Raises ValueError, where nobody knows.
        near: the event's own time, RFC 3339, for a time without a year.
    """
    if isinstance(value, str) and len(value) > MAX_CHARACTERS:
        return None
    try:
        time = _epoch(value) or line_time.of_value(value, to_utc)
        if time is None and isinstance(value, str):
            time = line_time.of_access(value) or _text(value, to_utc, near)
        return None if time is None else utc(time)
    except (ValueError, OverflowError, Rejection):
        return None


def _epoch(value: Json) -> str | None:
    """The time of a whole epoch number, exact to the nanosecond."""
    text = str(value) if isinstance(value, int) else value
    if not isinstance(text, str) or not text.isdecimal() or not text.isascii():
        return None
    for digits in _UNITS:
        if len(text) - digits in _DIGITS_OF_SECONDS:
            seconds, fraction = divmod(int(text), 10**digits)
            whole = datetime.fromtimestamp(seconds, UTC).replace(tzinfo=None).isoformat()
            return f"{whole}.{fraction:0{digits}}Z" if fraction else f"{whole}Z"
    return None


def _text(text: str, to_utc: _ToUtc, near: str) -> str | None:
    if basic := _BASIC.fullmatch(text):
        year, month, day, hour, minute, second, rest = basic.groups()
        return line_time.of_value(f"{year}-{month}-{day}T{hour}:{minute}:{second}{rest}", to_utc)
    if _MAIL.fullmatch(text):
        moment = parsedate_to_datetime(text)
        return line_time.rfc3339(moment if moment.tzinfo else to_utc(moment))
    if _SYSLOG.match(text):
        stamp = line_time.stamp(f"{text} ", to_utc, datetime.fromisoformat(utc(near)))
        return stamp.time if stamp is not None and stamp.end == len(text) else None
    return None


def _to_utc(zone: str | None) -> _ToUtc:
    if zone is None:
        return _nobody_knows
    match = _ZONE.fullmatch(zone)
    if match is None and zone != "UTC":
        raise wrong(f'zone is {zone!r}; set it to "UTC" or an offset such as "+01:00"')
    offset = timedelta() if match is None else _offset(*match.groups())
    if abs(offset) >= timedelta(days=1):
        raise wrong(f"zone is {zone!r}; set it to less than a day")
    return lambda local: local.replace(tzinfo=timezone(offset)).astimezone(UTC)


def _offset(sign: str, hours: str, minutes: str) -> timedelta:
    offset = timedelta(hours=int(hours), minutes=int(minutes))
    return -offset if sign == "-" else offset


def _nobody_knows(_local: datetime) -> datetime:
    raise ValueError


_REMEDY: Final = "it is no time of a usual form with an offset; `zone` says which, for those without"
