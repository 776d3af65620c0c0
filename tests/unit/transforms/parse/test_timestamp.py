from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.errors import WrongDeclaration
from pipeline.transforms.parse.timestamp import event_time, timestamp
from tests.unit.transforms.outcome import DATA, POINTERS, after, an_event, holds, rejected

if TYPE_CHECKING:
    from pipeline.model import Json


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("2026-11-23T10:00:00Z", "2026-11-23T10:00:00Z"),
        ("2026-11-23T10:00:00.250+01:00", "2026-11-23T09:00:00.250Z"),
        ("2026/11/23 10:00:00,123456789 UTC", "2026-11-23T10:00:00.123456789Z"),
        ("2026-11-23 10:00:00 +0530", "2026-11-23T04:30:00Z"),
        ("20261123T100000Z", "2026-11-23T10:00:00Z"),
        ("20261123T100000.5+0100", "2026-11-23T09:00:00.5Z"),
        ("23/Nov/2026:10:00:00 -0100", "2026-11-23T11:00:00Z"),
        ("Mon, 23 Nov 2026 10:00:00 GMT", "2026-11-23T10:00:00Z"),
        ("23 Nov 2026 10:00 +0100", "2026-11-23T09:00:00Z"),
        (1764000000, "2025-11-24T16:00:00Z"),
        ("1764000000", "2025-11-24T16:00:00Z"),
        (1764000000123, "2025-11-24T16:00:00.123Z"),
        (1764000000000123, "2025-11-24T16:00:00.000123Z"),
        (1764000000123456789, "2025-11-24T16:00:00.123456789Z"),
        (1764000000.25, "2025-11-24T16:00:00.250000Z"),
        ("1764000000.25", "2025-11-24T16:00:00.250000Z"),
    ],
)
def test_timestamp(value: Json, expected: str) -> None:
    """A time of any usual form is the same moment in UTC, with its own fraction."""
    assert [{"a": expected}] == after(timestamp("/a"), {"a": value})
    assert [{"a": value, "b": expected}] == after(timestamp("/a", "/b"), {"a": value})
    (event,) = event_time("/a")(an_event({"a": value}))
    assert (expected, value) == (event.time, event.data["a"])


@pytest.mark.parametrize(
    ("value", "zone", "expected"),
    [
        ("2026-11-23 10:00:00", "UTC", "2026-11-23T10:00:00Z"),
        ("2026-11-23 10:00:00", "+01:00", "2026-11-23T09:00:00Z"),
        ("2026-11-23 10:00:00", "-05:30", "2026-11-23T15:30:00Z"),
        ("2026-11-23T10:00:00Z", "+01:00", "2026-11-23T10:00:00Z"),
        ("20261123T100000", "+01:00", "2026-11-23T09:00:00Z"),
        ("Mon, 23 Nov 2026 10:00:00 -0000", "+01:00", "2026-11-23T09:00:00Z"),
        ("Nov 23 09:59:59", "UTC", "2026-11-23T09:59:59Z"),
        ("Dec 31 10:00:00", "UTC", "2025-12-31T10:00:00Z"),
    ],
)
def test_zone(value: str, zone: str, expected: str) -> None:
    """A time without an offset has the one that is declared; one without a year is of the event's own."""
    assert [{"a": expected}] == after(timestamp("/a", zone=zone), {"a": value})


@pytest.mark.parametrize(
    "value",
    [
        "",
        "now",
        "2026-11-23",
        "2026-11-23T10:00:00",
        "2026-02-30T10:00:00Z",
        "2026-11-23T10:00:00+24:00",
        "20261323T100000Z",
        "20261123T100000",
        "0001-01-01T00:00:00+01:00",
        "32/Nov/2026:10:00:00 +0000",
        "Mon, 32 Nov 2026 10:00:00 GMT",
        "Mon, 23 Nov 2026 10:00:00 -0000",
        "Nov 23 10:00:00",
        "Nov 23 10:00:00 web-1",
        "Nov 31 10:00:00",
        "Xyz 23 10:00:00",
        "12345678",
        "1" * 25,
        "\u0661764000000",
        12,
        -1764000000,
        True,
        1e300,
        [],
        {},
        "2026-11-23T10:00:00Z" + " " * 100,
    ],
)
def test_no_time(value: Json) -> None:
    """What is no time, or has no offset, is rejected without a word of it."""
    expected = "time_invalid: /a: it is no time of a usual form with an offset; `zone` says which, for those without"
    assert expected == rejected(timestamp("/a"), {"a": value})
    assert expected == rejected(event_time("/a"), {"a": value})


@pytest.mark.parametrize("data", [{"b": 1}, {"a": None}, {"a": "2026-11-23T10:00:00Z"}])
def test_nothing_to_do(data: dict[str, Json]) -> None:
    """What is absent, null or in UTC already stays, in the same event."""
    event = an_event(data, time="2026-11-23T10:00:00Z")
    assert event is timestamp("/a")(event)[0]
    assert (event,) == event_time("/a")(event)


def test_a_time_without_a_year_near_no_time() -> None:
    """The event's own time may be none; then nobody knows the year."""
    event = an_event({"a": "Nov 23 10:00:00"}, time="x")
    with pytest.raises(Exception, match="time_invalid: /a"):
        timestamp("/a", zone="UTC")(event)


@pytest.mark.parametrize("zone", ["", "Europe/Berlin", "+1:00", "+01:60", "+24:00", "utc"])
def test_wrong(zone: str) -> None:
    """A zone that is no offset fails when the transform is made."""
    with pytest.raises(WrongDeclaration, match=r"zone is .*; set it to"):
        timestamp("/a", zone=zone)


EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@given(st.integers(10**17, 99 * 10**17), st.sampled_from([10**9, 10**6, 10**3, 1]))
def test_epoch(nanoseconds: int, unit: int) -> None:
    """An epoch number of any unit is exactly that moment."""
    number = nanoseconds // unit
    (data,) = after(timestamp("/a"), {"a": number})
    whole, _, fraction = str(data["a"]).removesuffix("Z").partition(".")
    seconds = (datetime.fromisoformat(f"{whole}Z") - EPOCH) // timedelta(seconds=1)
    assert number * unit == seconds * 10**9 + int(fraction.ljust(9, "0"))


LIKE_TIMES = st.text(alphabet="0123456789-:TZ. +/,NovMnGMT", max_size=32) | st.integers() | st.floats(allow_nan=False)


@given(DATA | st.fixed_dictionaries({"a": LIKE_TIMES}), st.sampled_from(POINTERS))
def test_whatever_the_data(data: dict[str, Json], pointer: str) -> None:
    """Any data end in events or a rejection, twice the same, and are left as they were."""
    for transform in (timestamp(pointer), timestamp(pointer, "/b", zone="+01:00"), event_time(pointer, zone="UTC")):
        holds(transform, data)
