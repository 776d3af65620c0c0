"""Lines as they come."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from pipeline.core.formats.parsed import LocalTime, Parsed
from pipeline.core.formats.plain import dated, parse, severity, text
from pipeline.core.lines import Line
from pipeline.errors import InputError

LOCAL = LocalTime(lambda local: local.replace(tzinfo=UTC), datetime(2026, 11, 23, 18, 0, tzinfo=UTC))
OBJECT = '{"level": "warn", "ts": 1764000000}'
ACCESS = 'h - - [23/Nov/2026:10:00:00 +0000] "GET /ERROR HTTP/1.1" 500 7 "-" "ERROR: bot"'


def line(content: str) -> Line:
    return Line(1, 0, content.encode())


@pytest.mark.parametrize(
    ("content", "time", "severity_text"),
    [
        ("started", None, None),
        ("2026-11-23 10:00:00,5 ERROR x", "2026-11-23T10:00:00.5Z", "ERROR"),
        ("[warn] low", None, "warn"),
        (ACCESS, "2026-11-23T10:00:00+00:00", None),
        ("{broken", None, None),
        ("[1]", None, None),
        ("", None, None),
    ],
)
def test_text(content: str, time: str | None, severity_text: str | None) -> None:
    """The body is the text, whole; the time and the severity are those it names."""
    assert Parsed(time, content, severity_text) == parse(line(content), LOCAL) == text(content, LOCAL)


def test_objects() -> None:
    """A JSON object is read as one, also behind blanks; asked for as text, it is text."""
    found = parse(line(f" {OBJECT}"), LOCAL)

    assert ("2025-11-24T16:00:00Z", "warn") == (found.time, found.severity_text)
    assert {"level": "warn", "ts": 1764000000} == found.body == found.fields
    assert Parsed(None, OBJECT) == text(OBJECT, LOCAL)


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        ("2026-11-23 10:00:00 ERROR x", {"body": "2026-11-23 10:00:00 ERROR x", "severity_text": "ERROR"}),
        (OBJECT, {"body": {"level": "warn", "ts": 1764000000}, "severity_text": "warn"}),
    ],
)
def test_dated(content: str, expected: dict[str, object]) -> None:
    """What has a time already is asked for its severity only."""
    assert expected == dated(line(content)).data()


def test_no_text() -> None:
    """What is not UTF-8 is no line."""
    with pytest.raises(InputError, match="not UTF-8 at byte 1"):
        parse(Line(1, 0, b"a\xff"), LOCAL)


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        ("ERROR: disk full", "ERROR"),
        ("INFO:root:started", "INFO"),
        (" - app - WARNING - low", "WARNING"),
        (" [error] 7#7: open()", "error"),
        ("<warn> low", "warn"),
        ("level=info msg=x", "info"),
        ('severity="fatal" x', "fatal"),
        ("app: error: no such file", "error"),
        ("FATAL", "FATAL"),
        ("TRACE|x", "TRACE"),
        ("[NOTICE] x", "NOTICE"),
        ("INFORMATION desk", None),
        ("the error was mine", None),
        ("/var/ERROR x", None),
        ("an-ERROR x", None),
        ("levels=info", None),
        ("status installed", None),
        ("x" * 101 + " ERROR", None),
        ("", None),
    ],
)
def test_severity(content: str, expected: str | None) -> None:
    """A severity is a word in capitals, in brackets, before a colon or after level=, near the beginning."""
    assert expected == severity(content)
