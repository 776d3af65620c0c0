"""Blocks of bytes → lines."""

from itertools import accumulate, pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.core.lines import BEGINNING_BYTES, START, Line, Overlong, Place, Splitter, why_not_text


def split(*blocks: bytes, limit_bytes: int = 1000) -> list[Line | Overlong]:
    splitter = Splitter(limit_bytes)
    return [line for block in blocks for line in splitter.feed(block)] + list(splitter.end())


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (b"", []),
        (b"a", [Line(1, 0, b"a")]),
        (b"a\n", [Line(1, 0, b"a")]),
        (b"a\nb", [Line(1, 0, b"a"), Line(2, 2, b"b")]),
        (b"a\r\nb\r\n", [Line(1, 0, b"a"), Line(2, 3, b"b")]),
        (b"\n\nc\n", [Line(1, 0, b""), Line(2, 1, b""), Line(3, 2, b"c")]),
        (b"\xef\xbb\xbfa\nb\n", [Line(1, 0, b"a"), Line(2, 5, b"b")]),
        ("é\nü".encode(), [Line(1, 0, "é".encode()), Line(2, 3, "ü".encode())]),
    ],
    ids=["empty", "no ending", "one", "two", "crlf", "blank lines", "byte order mark", "utf-8"],
)
@pytest.mark.parametrize("is_byte_by_byte", [False, True], ids=["whole", "byte by byte"])
def test_lines(text: bytes, expected: list[Line], is_byte_by_byte: bool) -> None:  # noqa: FBT001 - a table
    """The same lines come out however the bytes are cut into blocks."""
    blocks = [bytes([byte]) for byte in text] if is_byte_by_byte else [text]

    assert expected == split(*blocks)


@pytest.mark.parametrize(
    ("size", "expected"),
    [(9, Line(1, 0, b"x" * 9)), (10, Line(1, 0, b"x" * 10)), (11, Overlong(1, 0, 11, b"x" * 10))],
)
def test_limit(size: int, expected: Line | Overlong) -> None:
    """A line of the limit is a line, of one byte more the beginning is kept, and the next line is read as ever."""
    assert [expected, Line(2, size + 1, b"y")] == split(b"x" * size + b"\ny\n", limit_bytes=10)


def test_overlong_line_is_not_kept() -> None:
    """However long the line, no more than the limit is held, and its size is told."""
    splitter = Splitter(limit_bytes=100)
    for _ in range(1000):
        assert [] == list(splitter.feed(b"x" * 100))
        assert len(splitter._begun.content) <= 100  # noqa: SLF001 - the bound on memory is the point

    assert [Overlong(1, 0, 100_000, b"x" * 100)] == list(splitter.end())


@given(st.lists(st.integers(1, 60_000), max_size=8))
def test_the_beginning_of_an_overlong_line(sizes: list[int]) -> None:
    """The same is kept however the bytes are cut into blocks: as much as the limit, and 64 KiB at most."""
    for limit_bytes in (100, 100_000):
        text = bytes(range(48, 112)) * (sum(sizes) // 64 + 1600)
        ends = [0, *accumulate(sizes), len(text)]
        (line,) = split(*(text[start:end] for start, end in pairwise(ends)), limit_bytes=limit_bytes)

        assert Overlong(1, 0, len(text), text[: min(limit_bytes, BEGINNING_BYTES)]) == line


@given(st.binary(max_size=60), st.lists(st.integers(1, 9), max_size=30))
def test_every_byte_is_accounted_for(text: bytes, cuts: list[int]) -> None:
    """Each line starts where the one before it ended, and is what the input has there."""
    blocks, at = [], 0
    for cut in [*cuts, len(text)]:
        blocks.append(text[at : at + cut])
        at += cut
    lines = split(*blocks)

    assert [line.number for line in lines] == list(range(1, len(lines) + 1))
    expected = text.split(b"\n")[: len(lines)]
    offsets = [sum(len(line) + 1 for line in expected[:index]) for index in range(len(expected))]
    assert offsets == [line.offset for line in lines]
    assert lines == split(text)


def test_a_reader_goes_on_where_another_stopped() -> None:
    """Behind the last line that came out: one that has begun is read again."""
    text = b"one\r\ntwo\nthree"
    splitter = Splitter(100)

    assert START == splitter.place
    assert 2 == len(list(splitter.feed(text)))
    assert Place(9, 2) == splitter.place
    again = Splitter(100, splitter.place)
    assert [Line(3, 9, b"three")] == [*again.feed(text[9:]), *again.end()]
    assert Place(14, 3) == again.place


def test_nothing_waits() -> None:
    """A line that has no ending yet may still grow, however long nothing comes."""
    splitter = Splitter(100)

    assert [] == [*splitter.feed(b"on"), *splitter.idle()]
    assert [Line(1, 0, b"one")] == list(splitter.feed(b"e\n"))


def test_endings_can_be_kept() -> None:
    """For records of several lines, which are what stands in the input."""
    splitter = Splitter(100, keeps_endings=True)

    assert [b"one\r\n", b"two\n", b"three"] == [
        line.content for line in [*splitter.feed(b"one\r\ntwo\nthree"), *splitter.end()] if isinstance(line, Line)
    ]


@pytest.mark.parametrize(
    ("block", "is_whole", "expected"),
    [
        (b"plain", True, None),
        ("é".encode(), True, None),
        ("é".encode()[:1], False, None),
        ("é".encode()[:1], True, "not UTF-8 at byte 0 (unexpected end of data)"),
        (b"ab\xff", False, "not UTF-8 at byte 2 (invalid start byte)"),
        (b"ab\0c", True, "a NUL byte at byte 2"),
        ("häh".encode("utf-16-le"), False, "a NUL byte at byte 1"),
    ],
    ids=["ascii", "utf-8", "cut, more to come", "cut at the end", "latin-1", "binary", "utf-16"],
)
def test_text(block: bytes, is_whole: bool, expected: str | None) -> None:  # noqa: FBT001 - a table
    """Text is UTF-8 without NUL; a character cut by the end of a block is no fault."""
    assert expected == why_not_text(block, is_whole=is_whole)
