"""An export of CloudWatch Logs."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.core.formats.cloudwatch_export import LogEvents, parse
from pipeline.core.formats.parsed import ANY_TIME, Parsed
from pipeline.core.lines import Line, Overlong, Place
from pipeline.errors import InputError

AT = "2026-11-23T10:00:00.123Z"


def read(text: str) -> Parsed:
    return parse(Line(1, 0, text.encode()), ANY_TIME)


def cut(text: str, *, limit_bytes: int = 1000) -> list[Line | Overlong]:
    framing = LogEvents(limit_bytes)
    return [*framing.feed(text.encode()), *framing.end()]


@pytest.mark.parametrize(
    ("record", "expected"),
    [
        (f"{AT} INFO started", Parsed(AT, "INFO started", "INFO")),
        (f"{AT} one\n  two\n\n", Parsed(AT, "one\n  two")),
        (f"{AT} ", Parsed(AT, "")),
        (AT, Parsed(AT, "")),
    ],
)
def test_log_events(record: str, expected: Parsed) -> None:
    """The time is before the text, which may have several lines."""
    assert expected == read(record)


def test_a_json_object_is_read_as_one() -> None:
    """Its time is the log event's; and it is a log, whatever it holds."""
    found = read(AT + ' {"level": "warn", "time": 1764000000, "specversion": "1.0"}')

    assert (AT, "warn", False) == (found.time, found.severity_text, found.is_event)
    assert {"level": "warn", "time": 1764000000, "specversion": "1.0"} == found.body


@pytest.mark.parametrize(
    ("record", "why"),
    [
        ("", "no time as in"),
        ("text", "no time as in"),
        ("2026-11-23T10:00:00Z seconds", "no time as in"),
        (f"{AT}x", "no time as in"),
        ("2026-13-23T10:00:00.000Z x", "there is no such time"),
    ],
)
def test_what_is_no_log_event(record: str, why: str) -> None:
    """It is said what is missing."""
    with pytest.raises(InputError, match=why):
        read(record)


def test_lines_without_a_time_belong_to_the_one_before() -> None:
    """A log event is all lines up to the next time, with the number of its first one."""
    text = f"orphan\n{AT} one\n  two\r\n{AT} three\n\n{AT} four"

    assert [
        Line(1, 0, b"orphan"),
        Line(2, 7, f"{AT} one\n  two".encode()),
        Line(4, 43, f"{AT} three\n".encode()),
        Line(6, 75, f"{AT} four".encode()),
    ] == cut(text)


def test_an_overlong_line_is_one_of_its_own() -> None:
    """What is before it is kept, and the lines behind it go with it."""
    assert [
        Line(1, 0, f"{AT} one".encode()),
        Overlong(2, 29, 54, b"x" * 40),
        Line(4, 84, f"{AT} two".encode()),
    ] == cut(f"{AT} one\n{'x' * 50}\n  y\n{AT} two\n", limit_bytes=40)


def test_many_lines_may_be_too_much() -> None:
    """The limit is that of the log event, not of its lines."""
    text = f"{AT} {'x' * 6}\n{'y' * 8}"

    assert [Line(1, 0, text.encode())] == cut(text, limit_bytes=40)
    assert [Line(1, 0, text.encode())] == cut(f"{text}\n", limit_bytes=40)
    assert [Overlong(1, 0, 41, text.encode())] == cut(f"{text}y\n", limit_bytes=40)


def test_the_place_is_in_front_of_the_line_that_ended_the_last_one() -> None:
    """A reader that stops at a log event goes on with the next."""
    framing = LogEvents(1000)
    records = framing.feed(f"{AT} one\n{AT} two\n{AT} three\n".encode())

    assert [(Line(1, 0, f"{AT} one".encode()), Place(29, 1)), (Line(2, 29, f"{AT} two".encode()), Place(58, 2))] == [
        (record, framing.place) for record in records
    ]


def test_a_live_stream_does_not_wait_for_the_next() -> None:
    """When nothing comes, the last log event is given, and the place is behind it."""
    framing = LogEvents(1000)
    first = [*framing.feed(f"{AT} one\n  two\n{AT} th".encode())]

    assert [Line(1, 0, f"{AT} one\n  two".encode())] == [*first, *framing.idle()]
    assert Place(35, 2) == framing.place
    assert [Line(3, 35, f"{AT} three".encode())] == [*framing.feed(b"ree\n"), *framing.idle()]
    assert Place(66, 3) == framing.place
    assert [] == [*framing.idle(), *framing.end()]


@given(
    st.lists(
        st.text(st.characters(codec="utf-8", exclude_characters="\r"))
        .map(lambda text: text.rstrip("\n"))
        .filter(lambda text: not text.lstrip().startswith("{"))
    )
)
def test_what_is_exported_is_read(texts: list[str]) -> None:
    """Whatever the texts, they are what is read, in their order."""
    records = cut("".join(f"{AT} {text}\n" for text in texts), limit_bytes=10_000)

    assert texts == [parse(record, ANY_TIME).body for record in records if isinstance(record, Line)]
