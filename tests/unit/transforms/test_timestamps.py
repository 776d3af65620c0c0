from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.errors import Rejection
from pipeline.model import Event, Reason
from pipeline.transforms.timestamps import converted, to_utc, utc

if TYPE_CHECKING:
    from pipeline.model import Json


def an_event(time: str, **data: Json) -> Event:
    return Event("1", "//a", "log.v1", time, data)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2026-11-23T10:00:00Z", "2026-11-23T10:00:00Z"),
        ("2026-11-23t10:00:00z", "2026-11-23T10:00:00Z"),
        ("2026-11-23 10:00:00Z", "2026-11-23T10:00:00Z"),
        ("2026-11-23T10:00:00-00:00", "2026-11-23T10:00:00Z"),
        ("2026-11-23T10:00:00+05:45", "2026-11-23T04:15:00Z"),
        ("2026-11-23T23:30:00-01:00", "2026-11-24T00:30:00Z"),
        ("2027-01-01T00:30:00+23:59", "2026-12-31T00:31:00Z"),
        ("2028-02-29T00:00:00Z", "2028-02-29T00:00:00Z"),
        ("2026-11-23T10:00:00.5Z", "2026-11-23T10:00:00.5Z"),
        ("2026-11-23T10:00:00.000+01:00", "2026-11-23T09:00:00.000Z"),
        ("2026-11-23T10:00:00.123456789Z", "2026-11-23T10:00:00.123456789Z"),
        ("2026-11-23T10:00:00.1234567899999Z", "2026-11-23T10:00:00.123456789Z"),
        ("0001-01-01T00:00:00Z", "0001-01-01T00:00:00Z"),
        ("0999-12-31T23:00:00-01:00", "1000-01-01T00:00:00Z"),
        ("9999-12-31T23:59:59.9Z", "9999-12-31T23:59:59.9Z"),
    ],
)
def test_utc(text: str, expected: str) -> None:
    """A time of any offset becomes UTC, with four digits of year and its own fraction."""
    assert expected == utc(text)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "yesterday",
        "1764000000",
        "2026-11-23",
        "2026-11-23T10:00:00",
        "2026-11-23T10:00Z",
        "2026-11-23T10:00:00.Z",
        "2026-11-23T10:00:00,5Z",
        "2026-11-23T10:00:00+01",
        "2026-11-23T10:00:00+01:60",
        "2026-11-23T10:00:00+24:00",
        "2026-11-23T24:00:00Z",
        "2026-11-23T10:00:60Z",
        "2026-02-29T10:00:00Z",
        "2026-13-01T10:00:00Z",
        "0000-01-01T00:00:00Z",
        "0001-01-01T00:00:00+00:01",
        "9999-12-31T23:59:59-00:01",
        "2026-11-23T10:00:00Z\n",
        "\u0662026-11-23T10:00:00Z",
        "2026-11-23T10:00:00." + "1" * 100_000 + "Z",
    ],
    ids=range(21),
)
def test_no_time(text: str) -> None:
    """What is no time, names no offset, or leaves the years 1 to 9999 is rejected in few words."""
    with pytest.raises(Rejection) as caught:
        utc(text)
    assert Reason.TIME_INVALID == caught.value.reason
    assert len(caught.value.detail) < 300


@given(st.datetimes(), st.integers(-(24 * 60 - 1), 24 * 60 - 1), st.sampled_from("Tt "))
def test_same_moment(local: datetime, offset_minutes: int, separator: str) -> None:
    """A time is the same moment in UTC, or lies beyond the years there are."""
    moment = local.replace(microsecond=0, tzinfo=timezone(timedelta(minutes=offset_minutes)))
    try:
        expected = moment.astimezone(UTC).replace(tzinfo=None).isoformat() + "Z"
    except OverflowError:
        expected = "time_invalid"
    try:
        actual = utc(moment.isoformat(sep=separator))
    except Rejection as rejection:
        actual = rejection.reason
    assert expected == actual


NEARLY = st.builds(
    "{}-{}-{}{}{}:{}:{}{}{}".format,
    st.sampled_from(["2026", "0000", "0001", "9999", "226"]),
    *[st.sampled_from(["02", "12", "13", "30", "00", "W1", "2"])] * 2,
    st.sampled_from("TTTt -"),
    *[st.sampled_from(["00", "23", "24", "59", "60", "0\u0662", "1"])] * 3,
    st.sampled_from(["", ".5", ".", ",5", ".123456789", ".1234567890", ".\u0662"]),
    st.sampled_from(["Z", "Z", "z", "", "+00:00", "-01:00", "Z\n"]),
)


@given(NEARLY | st.text("0123456789-:TZ.", max_size=24))
def test_utc_at_once(text: str) -> None:
    """A text that looks like UTC comes to the same as when it is taken apart and converted."""
    outcomes: list[object] = []
    for convert in (converted, utc):
        try:
            outcomes.append(convert(text))
        except Rejection as rejection:
            outcomes.append((rejection.reason, rejection.detail))
    assert outcomes[0] == outcomes[1]


@pytest.mark.parametrize(
    ("event", "expected"),
    [
        (an_event("2026-11-23T11:00:00+01:00"), an_event("2026-11-23T10:00:00Z")),
        (
            an_event("2026-11-23T10:00:00Z", observed_time="2026-11-23T11:00:01+01:00"),
            an_event("2026-11-23T10:00:00Z", observed_time="2026-11-23T10:00:01Z"),
        ),
        (an_event("2026-11-23T10:00:00Z", body="x"), None),
        (an_event("2026-11-23T10:00:00Z", observed_time="2026-11-23T10:00:01Z"), None),
    ],
)
def test_to_utc(event: Event, expected: Event | None) -> None:
    """The event's time and a log's observed time become UTC; an event that is in UTC is the same."""
    assert (event if expected is None else expected,) == to_utc(event)


@pytest.mark.parametrize("event", [an_event("now"), an_event("2026-11-23T10:00:00Z", observed_time="now")])
def test_to_utc_rejects(event: Event) -> None:
    """An event either of whose times is none is rejected."""
    with pytest.raises(Rejection, match="time_invalid: 'now' is not RFC 3339"):
        to_utc(event)
