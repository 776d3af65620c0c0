"""The time that a log line carries."""

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.core.line_time import of_access, of_value, rfc3339, stamp
from pipeline.model import Json
from pipeline.transforms.timestamps import utc

DATE = r"\[?\d{4}[-/]\d\d[-/]\d\d"
NOW = datetime(2026, 11, 23, 18, 0, tzinfo=UTC)


def from_berlin(local: datetime) -> datetime:
    """Winter time is enough here."""
    return local.replace(tzinfo=timezone(timedelta(hours=1))).astimezone(UTC)


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("2026-11-23T10:00:00Z started", "2026-11-23T10:00:00Z"),
        ("2026-11-23T10:00:00.123456789+01:00 started", "2026-11-23T10:00:00.123456789+01:00"),
        ("2026-11-23T10:00:00.1234567891+01:00 started", "2026-11-23T10:00:00.123456789+01:00"),
        ("2026-11-23t10:00:00z", "2026-11-23T10:00:00Z"),
        ("2026-11-23T10:00:00+0100", "2026-11-23T10:00:00+01:00"),
        ("2026-11-23 10:00:00+01 postgres", "2026-11-23T10:00:00+01:00"),
        ("2026-11-23 10:00:00.25 UTC [7] LOG:  ready", "2026-11-23T10:00:00.25Z"),
        ("2026-11-23 10:00:00 GMT x", "2026-11-23T10:00:00Z"),
        ("2026-11-23 10:00:00 -0500 x", "2026-11-23T10:00:00-05:00"),
        ("[2026-11-23 10:00:00,123] INFO x", "2026-11-23T09:00:00.123Z"),
        ("2025-06-24 14:36:25 startup archives unpack", "2025-06-24T13:36:25Z"),
        ("2026-11-23T10:00:00.123  INFO --- [  MainThread] l.x : Ready.", "2026-11-23T09:00:00.123Z"),
        ("2026/11/23 10:00:00 [error] 7#7: *1 open()", "2026-11-23T09:00:00Z"),
        ("2026-11-23 10:00:00", "2026-11-23T09:00:00Z"),
        ('1.2.3.4 - - [17/May/2015:10:05:03 +0000] "GET / HTTP/1.1" 200 7', "2015-05-17T10:05:03+00:00"),
        ('::1 - eve [17/May/2015:10:05:03 -0730] "GET /"', "2015-05-17T10:05:03-07:30"),
        ("Nov 23 10:00:00 host prog[7]: text", "2026-11-23T09:00:00Z"),
        ("Nov  3 10:00:00.123456 host prog: text", "2026-11-03T09:00:00.123456Z"),
        ("Nov 24 10:00:00 a clock that is ahead", "2026-11-24T09:00:00Z"),
        ("Nov 25 10:00:00 last year", "2025-11-25T09:00:00Z"),
        ("Dec 31 23:30:00 last year", "2025-12-31T22:30:00Z"),
        ("Feb 29 12:00:00 the last leap year", "2024-02-29T11:00:00Z"),
        ("plain text", None),
        ("", None),
        ("at 2026-11-23T10:00:00Z it started", None),
        ("2026-13-23T10:00:00Z a 13th month", None),
        ("2026-11-23T24:60:00Z an hour that is none", None),
        ("2026-11-23T10:00:00+25:00 an offset that is none", None),
        ("0001-01-01T00:00:00+05:00 before the first year in UTC", None),
        ("9999-12-31 23:59:59-05 after the last", None),
        ("2026-11-23T10:00:00abc", None),
        ("2026-11-23", None),
        ("Feb 30 12:00:00 no such day", None),
        ("Foo 12 12:00:00 no such month", None),
        ("x [17/Foo/2015:10:05:03 +0000] no such month", None),
        ("x" * 300 + " [17/May/2015:10:05:03 +0000] too far in", None),
        ("٢٠٢٦-11-23T10:00:00Z digits of another script", None),
    ],
)
def test_lines(line: str, expected: str | None) -> None:
    """Times in known forms at their usual place are read, and nothing else is taken for one."""
    found = stamp(line, from_berlin, NOW)

    assert expected == (found.time if found else None)


@pytest.mark.parametrize(
    ("line", "rest", "is_access_log"),
    [
        ("2026-11-23 10:00:00,123 INFO x", " INFO x", False),
        ("2026-11-23 10:00:00 UTC [7]", " [7]", False),
        ("Nov 23 10:00:00 host x", " host x", False),
        ('1.2.3.4 - - [17/May/2015:10:05:03 +0000] "GET /"', ' "GET /"', True),
    ],
)
def test_rest_of_the_line(line: str, rest: str, is_access_log: bool) -> None:  # noqa: FBT001 - a table
    """The stamp tells where the time ends, and whether an access log's words mean anything."""
    found = stamp(line, from_berlin, NOW)

    assert found is not None
    assert (rest, is_access_log) == (line[found.end :], found.is_access_log)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("2026-11-23T10:00:00.5Z", "2026-11-23T10:00:00.5Z"),
        ("2026-11-23 10:00:00,5", "2026-11-23T09:00:00.5Z"),
        ("2026-11-23T10:00:00Z and more", None),
        ("2026-13-23T10:00:00Z", None),
        ("10:00", None),
        ("1764000000", "2025-11-24T16:00:00Z"),
        ("1764000000250", "2025-11-24T16:00:00.250000Z"),
        ("1764000000.25", "2025-11-24T16:00:00.250000Z"),
        ("20261123", None),
        ("1764000000 s", None),
        (1_764_000_000, "2025-11-24T16:00:00Z"),
        (1_764_000_000.25, "2025-11-24T16:00:00.250000Z"),
        (1_764_000_000_250, "2025-11-24T16:00:00.250000Z"),
        (1_764_000_000_250_000, "2025-11-24T16:00:00.250000Z"),
        (1_764_000_000_250_000_000, "2025-11-24T16:00:00.250000Z"),
        (7, None),
        (-5, None),
        (1e30, None),
        (True, None),
        (None, None),
        ({"a": 1}, None),
    ],
)
def test_values(value: Json, expected: str | None) -> None:
    """A structured log's time may be text, or epoch seconds, milli-, micro- or nanoseconds."""
    assert expected == of_value(value, from_berlin)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("17/May/2015:10:05:03 +0000", "2015-05-17T10:05:03+00:00"),
        ("17/May/2015:10:05:03 -0730", "2015-05-17T10:05:03-07:30"),
        ("17/Xxx/2015:10:05:03 +0000", None),
        ("31/Jun/2015:10:05:03 +0000", None),
        ("01/Jan/0001:00:00:00 +0100", None),
        ("[17/May/2015:10:05:03 +0000]", None),
        ("", None),
    ],
)
def test_access_logs(text: str, expected: str | None) -> None:
    """What stands between the brackets of an access log is a time, or none."""
    assert expected == of_access(text)


@given(
    st.one_of(
        st.text(max_size=60),
        st.from_regex(DATE + r"[T ]\d\d:\d\d:\d\d([.,]\d{1,9})?( ?([zZ]|UTC|[+-]\d\d:?\d\d))?", fullmatch=True),
        st.from_regex(r"(Jan|Feb|Nov|Xxx) [ 0-9][0-9] \d\d:\d\d:\d\d host", fullmatch=True),
        st.from_regex(r"x \[\d\d/(Feb|Dec)/\d{4}:\d\d:\d\d:\d\d [+-]\d{4}\]", fullmatch=True),
    )
)
def test_what_is_read_is_a_time(line: str) -> None:
    """Whatever the line, the pipeline's own reader of times agrees with what was found."""
    found = stamp(line, from_berlin, NOW)

    assert found is None or utc(found.time).endswith("Z")


def test_rfc3339() -> None:
    """UTC is written with a Z."""
    assert "2026-11-23T18:00:00Z" == rfc3339(NOW)
