"""A record as one line."""

from __future__ import annotations

import io
import json
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len
from rich.console import Console

from pipeline.cli.display import Display, dead_letter_line, event_line, safe, safe_json

if TYPE_CHECKING:
    from rich.text import Text


def log(body: object = "started", **data: object) -> dict[str, Any]:
    return {
        "id": "e-1",
        "type": "log.v1",
        "source": "//web-1/var/log/app.log",
        "time": "2026-11-23T10:00:00.5Z",
        "data": {"body": body, **data},
    }


def change(op: str, before: object, after: object, **source: str) -> dict[str, Any]:
    return {
        "id": "e-2",
        "type": "change.v1",
        "source": "arn:aws:dynamodb:…",
        "subject": "orders/7",
        "time": "2026-11-23T10:00:00Z",
        "data": {"op": op, "key": {"order_id": "7"}, "before": before, "after": after, "source": source},
    }


def without_data(event: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in event.items() if name != "data"}


NEW = {"order_id": "7", "status": "new", "total": 12.5}
LETTER = {"reason": "not_json", "stage": "decode", "detail": "unexpected character (of 7 bytes)", "function": "process"}


def style(text: Text, part: str) -> str:
    """The style of a part of the line."""
    start = text.plain.index(part)
    return next(str(span.style) for span in text.spans if span.start <= start < span.end)


@pytest.mark.parametrize(
    ("event", "expected"),
    [
        (log(), "2026-11-23 10:00:00 log     app.log started"),
        (
            log(severity_number=17, severity_text="ERROR"),
            "2026-11-23 10:00:00 ERROR   app.log started",
        ),
        (log(severity_number=13), "2026-11-23 10:00:00 WARN    app.log started"),
        (
            log("2026-11-23 10:00:00,500 INFO ready"),
            "2026-11-23 10:00:00 log     app.log INFO ready",
        ),
        (
            log("2026-11-23 12:00:00 INFO ready"),
            "2026-11-23 10:00:00 log     app.log 2026-11-23 12:00:00 INFO ready",
        ),
        (
            {**log({"msg": "low", "n": 1}), "subject": "user-1"},
            '2026-11-23 10:00:00 log     user-1 low {"n":1}',
        ),
        (log({"message": "alone"}), "2026-11-23 10:00:00 log     app.log alone"),
        (log({"n": 1}), '2026-11-23 10:00:00 log     app.log {"n":1}'),
        (change("c", None, NEW), "2026-11-23 10:00:00 created orders/7 status: new  total: 12.5"),
        (
            change("u", NEW, {**NEW, "status": "paid", "note": None}),
            "2026-11-23 10:00:00 updated orders/7 status: new → paid  note: null",
        ),
        (change("u", NEW, {"order_id": "7", "total": 12.5}), "2026-11-23 10:00:00 updated orders/7 status: new"),
        (change("u", None, NEW), "2026-11-23 10:00:00 updated orders/7 status: new  total: 12.5"),
        (change("d", NEW, None, deleted_by="user"), "2026-11-23 10:00:00 deleted orders/7"),
        (change("d", NEW, None, deleted_by="ttl"), "2026-11-23 10:00:00 deleted orders/7 by its time to live"),
        (
            change("c", None, {"n": {"@number": "0.12345678901234567890"}, "tags": {"@set": ["a", "b"]}}),
            '2026-11-23 10:00:00 created orders/7 n: 0.12345678901234567890  tags: ["a","b"]',
        ),
        (
            {"type": "other.v1", "time": "2026-11-23T10:00:00Z", "source": "s", "data": {"a": [1]}},
            '2026-11-23 10:00:00 other.v1 s {"a":[1]}',
        ),
        (log(None), "2026-11-23 10:00:00 log     app.log null"),
        (change("c", None, None), "2026-11-23 10:00:00 created orders/7 null"),
        ({"type": "change.v1", "data": "text"}, '                    change.v1 "text"'),
        ({}, "                    None    null"),
        (
            {**without_data(log()), "dataref": "s3://claims/claims/ab-7.json", "data_bytes": 7},
            "2026-11-23 10:00:00 log.v1  app.log data in s3://claims/claims/ab-7.json (7 bytes)",
        ),
    ],
    ids=[
        "log",
        "severity",
        "severity number only",
        "a line with its own time",
        "a line with its own time, in another zone",
        "structured log with a subject",
        "structured log of a message only",
        "structured log without a message",
        "created",
        "updated",
        "attribute removed",
        "updated, before unknown",
        "deleted",
        "expired",
        "exact values",
        "another type",
        "no body",
        "nothing created",
        "data that are none",
        "nothing",
        "data left in S3",
    ],
)
def test_lines(event: dict[str, Any], expected: str) -> None:
    """Time, what it is, its key, and its content."""
    assert expected.strip() == event_line(event).plain.strip()


@pytest.mark.parametrize(
    ("number", "expected"),
    [(1, "dim"), (5, "cyan"), (9, "green"), (13, "yellow"), (17, "bold red"), (24, "bold white on red")],
)
def test_severity_has_a_colour(number: int, expected: str) -> None:
    """From TRACE to FATAL."""
    assert expected == style(event_line(log(severity_number=number, severity_text="LABEL")), "LABEL")


@pytest.mark.parametrize(("op", "label", "expected"), [("c", "created", "green"), ("d", "deleted", "red")])
def test_operation_has_a_colour(op: str, label: str, expected: str) -> None:
    """Created, updated and deleted are told apart at a glance."""
    assert expected == style(event_line(change(op, NEW, NEW)), label)


def test_difference_is_coloured() -> None:
    """What was, in red; what is, in green."""
    line = event_line(change("u", NEW, {**NEW, "status": "paid"}))

    assert ("red", "green") == (style(line, "new"), style(line, "paid"))


def test_dead_letter() -> None:
    """Its reason, its stage and the detail."""
    assert "dead    not_json at decode unexpected character (of 7 bytes)" == dead_letter_line(LETTER).plain


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("\x1b[31mred\x1b[0m", r"\x1b[31mred\x1b[0m"),
        ("two\nlines\r\n", r"two\nlines\r\n"),
        ("tab\there", r"tab\there"),
        ("bell\x07 del\x7f csi\x9b", r"bell\x07 del\x7f csi\x9b"),
        ("\u202egnp.exe", r"\u202egnp.exe"),
        ("zażółć 日本 👩‍🚀", "zażółć 日本 👩‍🚀"),
        (r"\x1b", r"\x1b"),
    ],
    ids=["colour", "lines", "tab", "controls", "right to left", "any script", "a backslash"],
)
def test_what_drives_a_terminal_is_escaped(text: str, expected: str) -> None:
    """In every part of a line, and nothing else is changed."""
    assert expected == safe(text)
    assert expected in event_line(log(text)).plain


@given(st.text())
def test_no_line_drives_a_terminal(text: str) -> None:
    """Wherever the text stands in a record, no control character comes out."""
    hostile = {
        text: text,
        "type": "change.v1",
        "subject": text,
        "time": text,
        "data": {"op": text, "after": {text: text}},
    }
    lines = [
        event_line(hostile).plain,
        event_line(log(text, severity_text=text)).plain,
        event_line({"type": text, "data": text}).plain,
        dead_letter_line({"reason": text, "detail": text}).plain,
        safe_json(hostile),
    ]

    assert not {character for line in lines for character in line if ord(character) < 32 or 127 <= ord(character) < 160}


@given(
    st.recursive(
        st.none() | st.integers() | st.text(), lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner)
    )
)
def test_json_reads_back(value: object) -> None:
    """Nothing is lost by escaping; integers keep every digit."""
    assert value == json.loads(safe_json(value))


def shown(record: dict[str, Any], *, is_terminal: bool, as_json: bool | None = None, width: int = 60) -> str:
    out = io.StringIO()
    console = Console(
        file=out,
        width=width,
        force_terminal=is_terminal,
        color_system="standard" if is_terminal else None,
        highlight=False,
    )
    display = Display(as_json=as_json, console=console)
    (display.dead_letter if "reason" in record else display.event)(record)
    return out.getvalue()


def test_terminal_gets_a_coloured_line() -> None:
    """Colour, cut to the width, one line."""
    line = shown(log("x" * 500), is_terminal=True)

    assert "\x1b[" in line
    assert line.endswith(("…\x1b[0m\n", "…\n"))
    assert 1 == line.count("\n")


def test_line_is_cut_to_the_width_of_the_terminal() -> None:
    """Wide characters count for two."""
    (line,) = shown(log("日" * 500), is_terminal=False, as_json=False, width=60).splitlines()

    assert 59 <= cell_len(line) <= 60
    assert line.endswith("…")


def test_a_long_record_costs_no_more_than_a_screen() -> None:
    """What no terminal could show is not even laid out."""
    assert len(event_line(log("x" * 1_000_000)).plain) < 3000


def test_pipe_gets_json() -> None:
    """One object a line, whole."""
    record = log("x" * 500)

    assert record == json.loads(shown(record, is_terminal=False))


def test_json_on_a_terminal() -> None:
    """Where it is asked for."""
    assert log() == json.loads(shown(log(), is_terminal=True, as_json=True))


def test_dead_letters_are_shown_the_same_ways() -> None:
    """A line, or JSON."""
    assert LETTER == json.loads(shown(LETTER, is_terminal=False))
    assert "not_json" in shown(LETTER, is_terminal=True)
