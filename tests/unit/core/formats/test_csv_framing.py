"""Rows of CSV: cut at the line feeds that end them, and at all of them where a quotation mark is wrong."""

from __future__ import annotations

import csv
import io
import time
from itertools import pairwise
from typing import Literal

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from pipeline.core.formats.csv_framing import MAX_HEADER_BYTES, Rows
from pipeline.core.formats.csv_rows import parse
from pipeline.core.formats.parsed import ANY_TIME
from pipeline.core.lines import Line, Overlong, Place
from pipeline.errors import InputError

HEADER = b"a,b\n"


def cut(text: str | bytes, *, limit_bytes: int = 1000, place: Place = Place()) -> list[Line | Overlong]:  # noqa: B008 - it is immutable
    framing = Rows(limit_bytes, place)
    return [*framing.feed(text.encode() if isinstance(text, str) else text), *framing.end()]


def told(text: bytes, *, limit_bytes: int = 1000) -> list[str | tuple[str, ...]]:
    """Of each row its fields, or what it is where it cannot be read."""
    return [read_row(row) for row in cut(text, limit_bytes=limit_bytes)]


def read_row(row: Line | Overlong) -> str | tuple[str, ...]:
    if isinstance(row, Overlong):
        return f"too long: {row.beginning.decode()}"
    try:
        return tuple(map(str, (parse(row, ANY_TIME).fields or {}).values()))
    except InputError:
        return row.content.decode()


def test_places() -> None:
    """A row has the number of its first line, and the header with it."""
    assert [
        Line(2, 4, b'1,"x\ny"', b"a,b"),
        Line(4, 12, b"", b"a,b"),
        Line(5, 13, b"3,4", b"a,b"),
    ] == cut('a,b\n1,"x\ny"\n\n3,4')


WRONG: dict[str, tuple[bytes, list[str | tuple[str, ...]]]] = {
    "not closed at the end": (b'1,"x\n2,y\n3,z', ['1,"x', ("2", "y"), ("3", "z")]),
    "not closed before a quoted field": (b'1,"x\n"2","y"\n3,z\n', ['1,"x', ("2", "y"), ("3", "z")]),
    "not closed before quoted line feeds": (b'1,"x\n2,"y\nz"\n3,z\n', ['1,"x', ("2", "y\nz"), ("3", "z")]),
    "closed too early": (b'1,"x"y\nz"\n2,y\n', ['1,"x"y', 'z"', ("2", "y")]),
    "too many fields when it closes": (b'1,"x\n2",3\n4,5\n', ['1,"x', ('2"', "3"), ("4", "5")]),
    "too few fields when it closes": (b'"1\n2"\n4,5\n', ['"1', '2"', ("4", "5")]),
    "opened behind the last field": (b'1,2,"x\n2,y\n', ['1,2,"x', ("2", "y")]),
    "a pair that may belong to the text": (b'1,"x\n2,""\n3,z\n', ['1,"x', ("2", ""), ("3", "z")]),
    "several after each other": (b'1,"x\n2,"y\n3,"z"\n4,"\n5,6\n', ['1,"x', '2,"y', ("3", "z"), '4,"', ("5", "6")]),
    "the last line": (b'1,2\n3,"', [("1", "2"), '3,"']),
    "carriage returns": (b'1,"x\r\n2,"y"\r\n3,z\r\n', ['1,"x', ("2", "y"), ("3", "z")]),
}


@pytest.mark.parametrize(("rows", "expected"), WRONG.values(), ids=WRONG)
def test_a_wrong_quotation_mark(rows: bytes, expected: list[str | tuple[str, ...]]) -> None:
    """The line that it is in cannot be read, and no other goes with it."""
    assert expected == told(HEADER + rows)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (b'"a,b\n1,2\n"3","4"\n', ["1,2", '"3","4"']),
        (b'a,b"c\n1,2\n', [("1", "2")]),
        (b'"a\nb",c\n1,2\n', [("1", "2")]),
        (b'"a\nb"c,d\n1,"2\n3"\n', ['1,"2', '3"']),
        (b"x" * 21 + b',b\n1,2\n3,"4\n5"\n', [f"too long: {'x' * 20}", "1,2", '3,"4', '5"']),
    ],
    ids=["not closed", "within a name", "over two lines", "text behind it", "too long"],
)
def test_a_wrong_header(text: bytes, expected: list[str | tuple[str, ...]]) -> None:
    """No row can be read without it, and each line is one; a mark within a name is one of it."""
    assert expected == told(text, limit_bytes=20)


@pytest.mark.parametrize(("size_bytes", "expected"), [(0, ("1", "2")), (1, "1,2")])
def test_the_limit_of_a_header(size_bytes: int, expected: str | tuple[str, ...]) -> None:
    """One that could not be carried to whoever goes on is none."""
    header = b"a," + b"b" * (MAX_HEADER_BYTES - 2 + size_bytes)

    assert expected == told(header + b"\n1,2\n", limit_bytes=1_000_000)[-1]


@pytest.mark.parametrize(
    ("rows", "expected"),
    [
        (b"1," + b"x" * 20 + b"\n3,4\n", ["too long: 1,xxxxxxxx", ("3", "4")]),
        (b'1,"' + b"x" * 20 + b'"\n3,4\n', ['too long: 1,"xxxxxxx', ("3", "4")]),
        (b'1,"xxx\nxxx\n"\n3,4\n', [*['1,"xxx', "xxx"], '"', ("3", "4")]),
        (b'1,"xxxx\ny"\n3,4\n', [("1", "xxxx\ny"), ("3", "4")]),
        (b'1,"x\n' + b"y" * 20 + b'"\n3,4\n', ['1,"x', f"too long: {'y' * 10}", ("3", "4")]),
    ],
    ids=["one long line", "a quoted one", "many lines", "as long as may be", "a long line within"],
)
def test_limit(rows: bytes, expected: list[str | tuple[str, ...]]) -> None:
    """The limit is that of the row: one that does not close within it has not been one, so its lines are told."""
    assert expected == told(HEADER + rows, limit_bytes=10)


def test_a_reader_goes_on_where_another_stopped() -> None:
    """The place holds the header, and nothing comes twice."""
    text = b'a;b\n1;"x\ny"\n3;4\n5;6'
    framing = Rows(1000)
    rows = framing.feed(text)
    first = next(rows)
    place = framing.place

    assert Place(12, 3, b"a;b") == place
    assert cut(text) == [first, *cut(text[place.offset :], place=place)]


def test_nothing_waits() -> None:
    """A row tells its end itself; a field that is open may still grow."""
    framing = Rows(1000)

    assert [] == [*framing.feed(b'a,b\n1,"x\n'), *framing.idle()]
    assert [Line(2, 4, b'1,"x\ny"', b"a,b")] == list(framing.feed(b'y"\n'))


def test_a_reader_goes_on_without_a_header() -> None:
    """Where the header was too long, no later row is taken for it."""
    text = b"x" * 20 + b"\n1,2\n3,4\n"
    framing = Rows(10)
    first = next(framing.feed(text))

    assert cut(text, limit_bytes=10) == [first, *cut(text[21:], limit_bytes=10, place=framing.place)]


def test_a_long_line_comes_in_blocks() -> None:
    """However long it is, no more of it is held than the limit and a block."""
    framing = Rows(100)
    assert [] == list(framing.feed(HEADER))
    for _ in range(1000):
        assert [] == list(framing.feed(b"x" * 100))
        assert len(framing._text) <= 200  # noqa: SLF001 - the bound on memory is the point

    assert [Overlong(2, 4, 100_000, b"x" * 100)] == list(framing.end())


FIELD = st.text(st.sampled_from('ab,"\n\r1 '), max_size=6)
ROWS = st.lists(st.lists(FIELD, min_size=3, max_size=3), max_size=8)


@st.composite
def broken_csv(draw: st.DrawFn) -> bytes:
    """What Python's own writer makes, with one quotation mark too many, too few, or in the place of something else."""
    text = io.StringIO()
    ending = draw(st.sampled_from(["\n", "\r\n"]))
    quoting: Literal[0, 1] = csv.QUOTE_ALL if draw(st.booleans()) else csv.QUOTE_MINIMAL
    csv.writer(text, quoting=quoting, lineterminator=ending).writerows([["n", "m", "o"], *draw(ROWS)])
    content = text.getvalue()
    at = draw(st.integers(0, len(content)))
    marks = [place for place, each in enumerate(content) if each == '"']
    is_taken = draw(st.booleans())
    if marks and is_taken:
        at = draw(st.sampled_from(marks))
        return (content[:at] + draw(st.sampled_from(["", "x", "\n"])) + content[at + 1 :]).encode()
    return (content[:at] + '"' + content[at + draw(st.integers(0, 1)) :]).encode()


@given(broken_csv(), st.sampled_from([12, 10_000]), st.integers(1, 30))
@example(b'n,m,o\n"1,\n2,3,4\n', 10_000, 1)
def test_every_line_is_in_one_row(text: bytes, limit_bytes: int, step: int) -> None:
    """With one wrong quotation mark, wherever it is: each line behind the header is in one row, byte by byte."""
    rows = cut(text, limit_bytes=limit_bytes)
    ends = [row.offset for row in rows] + [len(text)]

    for row, (start, end) in zip(rows, pairwise(ends), strict=True):
        content = text[start:end].removesuffix(b"\n")
        assert content.removesuffix(b"\r") == row.content if isinstance(row, Line) else len(content) == row.size_bytes
        assert text.count(b"\n", 0, start) + 1 == row.number
    blocks = [text[at : at + step] for at in range(0, len(text), step)]
    again = Rows(limit_bytes)
    assert rows == [*(row for block in blocks for row in again.feed(block)), *again.end()]
    assert text[: ends[0]].strip() == again.place.context.strip()


@given(st.lists(st.lists(FIELD.map("x".__add__), min_size=3, max_size=3), max_size=8), st.integers(0, 7))
def test_the_damage_is_one_line(rows: list[list[str]], broken: int) -> None:
    """A row whose last field is not closed, among rows that are whole: all others are read."""
    text = io.StringIO()
    writer = csv.writer(text, quoting=csv.QUOTE_ALL, lineterminator="\n")
    before = rows[:broken]
    writer.writerows([["n", "m", "o"], *before])
    text.write('1,2,"3\n')
    writer.writerows(rows[broken:])

    assert [*map(tuple, before), '1,2,"3', *map(tuple, rows[broken:])] == told(text.getvalue().encode())


@pytest.mark.parametrize(
    "rows",
    [b'5","y\n' * 20_000, b'5,"y\n' * 20_000, b'"\n' * 20_000, b'1,"x\n' + b"2,y\n" * 40_000, b',""",\n' * 20_000],
    ids=["close and open", "open", "nothing else", "one", "pairs"],
)
def test_what_is_looked_at_again_is_bounded(rows: bytes) -> None:
    """Wrong quotation marks on every line cost a few times as much as none, not ever more with every line."""
    began_at = time.process_time()
    assert rows.count(b"\n") >= len(cut(HEADER + rows, limit_bytes=1 << 23)) > 0
    assert time.process_time() - began_at < 5
