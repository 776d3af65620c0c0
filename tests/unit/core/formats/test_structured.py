"""NDJSON."""

from __future__ import annotations

import pytest

from pipeline.core.formats.parsed import ANY_TIME, Parsed
from pipeline.core.formats.structured import parse
from pipeline.core.lines import Line
from pipeline.errors import InputError


def read(text: str) -> Parsed:
    return parse(Line(1, 0, text.encode()), ANY_TIME)


@pytest.mark.parametrize(
    ("ids", "expected"),
    [
        ('"trace_id": "0af7651916cd43dd8448eb211c80319c"', ("0af7651916cd43dd8448eb211c80319c", None)),
        ('"traceId": "0AF7651916CD43DD8448EB211C80319C"', ("0af7651916cd43dd8448eb211c80319c", None)),
        ('"span.id": "b7ad6b7169203331"', (None, "b7ad6b7169203331")),
        ('"trace_id": "00000000000000000000000000000000", "span_id": "0000000000000000"', (None, None)),
        ('"trace_id": "0af7", "span_id": 7', (None, None)),
        ('"trace_id": null, "traceID": "0af7651916cd43dd8448eb211c80319c"', ("0af7651916cd43dd8448eb211c80319c", None)),
    ],
)
def test_trace(ids: str, expected: tuple[str | None, str | None]) -> None:
    """A trace and a span are read where they are those of W3C Trace Context."""
    found = read(f"{{{ids}}}")

    assert expected == (found.trace_id, found.span_id)
    assert {"body", *(["trace_id"] if expected[0] else []), *(["span_id"] if expected[1] else [])} == set(found.data())


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("text", "invalid literal"),
        ("[1]", "a JSON value that is no object"),
        ('{"a": 1, "a": 2}', "twice"),
        ("[18446744073709551616]", "a JSON value that is no object"),
        ('{"a": 1e999}', "infinity"),
        ('{"a":' * 101 + "1" + "}" * 101, "nested deeper than 100 levels"),
        ("\udcff", "not UTF-8"),
    ],
)
def test_what_is_no_object(text: str, why: str) -> None:
    """It is said why."""
    with pytest.raises(InputError, match=why):
        parse(Line(1, 0, text.encode("utf-8", "surrogateescape")), ANY_TIME)


def test_inexact_numbers() -> None:
    """The body is the text, and it is said which of the numbers would change."""
    found = read('{"n": 18446744073709551616, "level": "info"}')

    assert ('{"n": 18446744073709551616, "level": "info"}', "info") == (found.body, found.severity_text)
    assert "an integer has more than 64 bits; send it as text" == found.inexact


def test_events() -> None:
    """What names its CloudEvents version is an event."""
    assert [True, False] == [read('{"specversion": "1.0"}').is_event, read('{"version": 1}').is_event]
