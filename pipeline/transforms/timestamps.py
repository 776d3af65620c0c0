"""Times of any UTC offset → UTC. The digits of the fraction stay as they are."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

from msgspec.structs import replace

from pipeline.errors import Rejection
from pipeline.model import Reason

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pipeline.model import Event

_RFC3339: Final = re.compile(
    r"(\d{4}-\d\d-\d\d)[Tt ](\d\d:\d\d:\d\d)(?:\.(\d{1,9})\d{0,20})?(Z|z|[+-]\d\d:[0-5]\d)", re.ASCII
)
# What `utc` writes. A text of this form is left as it is, if there is such a day and time.
_UTC: Final = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,9})?Z", re.ASCII)


def to_utc(event: Event) -> Sequence[Event]:
    """The event with its time, and a log's `observed_time`, in UTC. Raises Rejection: time_invalid.

    >>> utc("2026-11-23T10:00:00.25+02:00")
    '2026-11-23T08:00:00.25Z'
    """
    time, data = utc(event.time), event.data
    observed = data.get("observed_time")
    if isinstance(observed, str) and (observed_utc := utc(observed)) != observed:
        data = {**data, "observed_time": observed_utc}
    if time == event.time and data is event.data:
        return (event,)
    return (replace(event, time=time, data=data),)


def utc(text: str) -> str:
    """An RFC 3339 time as RFC 3339 in UTC. Raises Rejection: time_invalid, when it is none or names no offset."""
    if not _UTC.fullmatch(text):
        return converted(text)
    try:
        datetime.fromisoformat(text)
    except ValueError:
        return converted(text)
    return text


def converted(text: str) -> str:
    """What `utc` gives for a text of any form, taken apart and written anew."""
    match = _RFC3339.fullmatch(text)
    if match is None:
        raise Rejection(Reason.TIME_INVALID, f"{text[:64]!r} is not RFC 3339 with a UTC offset")
    date, clock, fraction, offset = match.groups()
    try:
        moment = datetime.fromisoformat(f"{date}T{clock}{offset.upper()}").astimezone(UTC)
    except (ValueError, OverflowError) as error:
        raise Rejection(Reason.TIME_INVALID, f"{text[:64]!r} is no time: {error}") from None
    return f"{moment.replace(tzinfo=None).isoformat()}{f'.{fraction}' if fraction else ''}Z"
