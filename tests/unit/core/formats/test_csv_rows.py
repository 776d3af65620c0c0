"""CSV."""

from __future__ import annotations

import csv
import io
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.core.formats.csv_rows import is_likely, parse
from pipeline.core.formats.parsed import ANY_TIME, Parsed
from pipeline.core.lines import Line
from pipeline.errors import InputError
from tests.unit.core.formats.test_csv_framing import cut

if TYPE_CHECKING:
    from pipeline.model import Json


def read(text: str) -> list[Parsed]:
    return [parse(row, ANY_TIME) for row in cut(text) if isinstance(row, Line)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", []),
        ("a,b\n", []),
        ("a,b\n1,2\n3,", [{"a": "1", "b": "2"}, {"a": "3", "b": ""}]),
        ("a;b,c;d\n1;2,3;4\n", [{"a": "1", "b,c": "2,3", "d": "4"}]),
        ("a\tb\r\n1\t2\r\n", [{"a": "1", "b": "2"}]),
        ("\ufeffa,b\n1,2\n", [{"a": "1", "b": "2"}]),
        ("\n \na,b\n1,2\n", [{"a": "1", "b": "2"}]),
        ('a,b\n"x ""y"", z\nw",2\n', [{"a": 'x "y", z\nw', "b": "2"}]),
        ('a,b\n1,"x\r\n\r\ny"\r\n3,4\r\n', [{"a": "1", "b": "x\r\n\r\ny"}, {"a": "3", "b": "4"}]),
        ('"a,\nb","c"\n1,2\n', [{"a,\nb": "1", "c": "2"}]),
        ('a,b\n5" pipe,3\n1,2\n', [{"a": '5" pipe', "b": "3"}, {"a": "1", "b": "2"}]),
        ("a\n1\n", [{"a": "1"}]),
        ("a,,a\n1,2,3\n", [{"a": "1", "column_2": "2", "a_3": "3"}]),
        ("column_2,\n1,2\n", [{"column_2": "1", "column_2_2": "2"}]),
    ],
    ids=[
        "empty",
        "header alone",
        "rows",
        "semicolons",
        "tabs",
        "byte order mark",
        "blank lines first",
        "quoted",
        "quoted line feeds",
        "quoted header",
        "a quotation mark within",
        "one column",
        "nameless and repeated columns",
        "a column that has the name of a nameless one",
    ],
)
def test_rows(text: str, expected: list[dict[str, Json]]) -> None:
    """The header names the fields, each a text; the delimiter is found by the header."""
    found = read(text)

    assert expected == [each.body for each in found]
    assert expected == [each.fields for each in found]


def test_time_severity_and_trace() -> None:
    """They are in the columns that are usually called so, in any case."""
    (found,) = read("Timestamp,Level,Trace_ID,n\n1764000000,WARN,0af7651916cd43dd8448eb211c80319c,7\n")

    assert ("2025-11-24T16:00:00Z", "WARN", "0af7651916cd43dd8448eb211c80319c") == (
        found.time,
        found.severity_text,
        found.trace_id,
    )


@pytest.mark.parametrize(
    ("row", "why"),
    [
        ("1", "1 fields, and the header has 2"),
        ("1,2,3", "3 fields, and the header has 2"),
        ('"1', "a quotation mark is not closed, or text is behind it, at character 0"),
        ('1,"2"x', "a quotation mark is not closed, or text is behind it, at character 2"),
    ],
)
def test_rows_that_are_not_read(row: str, why: str) -> None:
    """A row has the fields of the header, or it is said why not."""
    with pytest.raises(InputError, match=why):
        read(f"a,b\n{row}\n")


def test_a_row_without_a_header() -> None:
    """Where the header was too long, or cannot be read itself, no row can be read."""
    with pytest.raises(InputError, match="there is no header row"):
        parse(Line(2, 23, b"1,2"), ANY_TIME)
    with pytest.raises(InputError, match="the header row cannot be read: a quotation mark is not closed"):
        parse(Line(2, 4, b"1,2", b'"a,b'), ANY_TIME)


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        (b"time,level,text", True),
        (b'id;"First name";e-mail', True),
        (b"Hello, world", False),
        (b"2026-11-23 10:00:00,123 started", False),
        (b"INFO a,b", False),
        (b"a", False),
        (b"a,a", False),
        (b"a,", False),
        (b'a,"', False),
        (b"a=1,b=2", False),
        (b"\xff,b", False),
        (b"", False),
    ],
)
def test_likely_headers(header: bytes, expected: bool) -> None:  # noqa: FBT001 - a table
    """Only where the first line names columns, lines with as many commas are rows."""
    assert expected is is_likely([Line(2, 9, b"1,2", header)])


@given(
    st.sampled_from([",", ";", "\t"]),
    st.lists(
        st.lists(st.text(st.characters(codec="utf-8", exclude_characters="\0")), min_size=2, max_size=2), max_size=5
    ),
)
def test_what_is_written_is_read(delimiter: str, rows: list[list[str]]) -> None:
    """Whatever the fields, what Python's own writer makes of them is what is read."""
    text = io.StringIO()
    csv.writer(text, delimiter=delimiter, quoting=csv.QUOTE_ALL).writerows([["a", "b"], *rows])
    lines = [each for each in cut(text.getvalue(), limit_bytes=10_000) if isinstance(each, Line)]

    assert [{"a": a, "b": b} for a, b in rows] == [parse(line, ANY_TIME).body for line in lines]
