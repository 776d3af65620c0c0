"""Blocks → rows of CSV, each with the header, whatever quotation marks are missing or too many.

A row goes on over line feeds within quotation marks (RFC 4180, section 2), but only where it can be read in the end:
they are closed within the limit, with nothing but a delimiter or a line feed behind them, and it has the fields of the
header. Where that fails, its first line is a row by itself, which cannot be read, and the very next line is read anew.
So a quotation mark too many, or too few, takes no other line with it.

What comes after such a line is looked at again. That costs no more than the header has fields for each line: one that
could begin such a row ends a field of any row that it is in. Where the header cannot be read, no row can; each line is
one.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from pipeline.core.formats.csv_rows import columns
from pipeline.core.lines import BEGINNING_BYTES, START, UTF8_BOM, Line, Overlong, Place
from pipeline.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Iterator

# A place carries the header, and whoever goes on there is told the place in an event: of Lambda's, 256 KB at most.
MAX_HEADER_BYTES: Final = 64 * 1024
# What a place says where the header was too long to be kept; no header is blank.
_NO_HEADER: Final = b"\n"


class Rows:
    """Cuts blocks into rows; holds at most one of `limit_bytes`, and a block. The header is none of them."""

    def __init__(self, limit_bytes: int, place: Place = START) -> None:
        self._limit_bytes = limit_bytes
        self._offset, self._number = place.offset, place.number
        self._text = bytearray()  # from there on
        self._passed_bytes = 0  # of a line over the limit, what is in the text no more
        self._beginning = b""
        self._header: bytes | None = None
        self._delimiter, self._fields = b"", 0
        if place.context:
            self._read_header(place.context.removesuffix(_NO_HEADER))
        self._begin()

    @property
    def place(self) -> Place:
        """Behind the last row that came out."""
        return Place(self._offset, self._number, b"" if self._header is None else self._header or _NO_HEADER)

    def feed(self, block: bytes) -> Iterator[Line | Overlong]:
        """The rows that are known to end in this block."""
        self._text += block
        yield from self._rows(is_end=False)

    def idle(self) -> Iterator[Line | Overlong]:
        """None: a row tells its end itself."""
        return iter(())

    def end(self) -> Iterator[Line | Overlong]:
        """The last row, where the input does not end with a line feed; and the lines of one that never ended."""
        yield from self._rows(is_end=True)

    def _begin(self) -> None:
        """A row begins where the text does."""
        self._at = 0  # where the line begins that is looked at
        self._sought = 0  # between that and here there is no line feed
        self._ended = 0  # how many fields ended in the lines before it
        self._is_open = False

    def _rows(self, *, is_end: bool) -> Iterator[Line | Overlong]:
        while self._text or self._passed_bytes:
            end = self._text.find(b"\n", self._sought)
            is_line = end >= 0 or is_end
            end = end if end >= 0 else len(self._text)
            if self._passed_bytes + end > self._limit_bytes and not self._at:
                if not is_line:
                    self._pass_over()
                    return
                yield self._overlong(end)
            elif end > self._limit_bytes or (is_end and 0 < end <= self._at):
                yield from self._row(self._first_line())
            elif not is_line:
                self._sought = end
                return
            else:
                row_end = self._header_end(end) if self._header is None else self._row_end(end)
                if row_end is None:
                    self._at = self._sought = end + 1
                else:
                    yield from self._row(row_end)

    def _header_end(self, end: int) -> int | None:
        """Where the header ends that this line is of; None where it goes on. Its delimiter is not known yet."""
        self._is_open ^= self._text.count(b'"', self._at, end) % 2 == 1
        return None if self._is_open else end

    def _row_end(self, end: int) -> int | None:
        """Where the row ends that this line is of: with it, or else with its first line; None where it goes on."""
        if not self._is_open and self._text.find(b'"', self._at, end) < 0:
            return end
        found = _scan(bytes(self._text[self._at : end]), self._delimiter, is_open=self._is_open)
        if found is None:
            return self._first_line()
        self._ended, self._is_open = self._ended + found.ended, found.is_open
        if self._is_open:
            return None if self._ended < self._fields else self._first_line()
        return end if not self._at or self._ended == self._fields else self._first_line()

    def _first_line(self) -> int:
        """Where the first line of the row ends."""
        end = self._text.find(b"\n")
        return end if end >= 0 else len(self._text)

    def _row(self, end: int) -> Iterator[Line | Overlong]:
        """The row that ends there; the first one that is not blank is the header."""
        content, place = bytes(self._text[:end]), self._taken(end, 0)
        if place.offset == 0:
            content = content.removeprefix(UTF8_BOM)
        content = content.removesuffix(b"\r")
        if self._header is not None:
            yield Line(place.number, place.offset, content, self._header)
        elif len(content) > MAX_HEADER_BYTES:
            self._header = b""
            yield Overlong(place.number, place.offset, end, content[:BEGINNING_BYTES])
        elif content.strip():
            self._read_header(content)

    def _read_header(self, header: bytes) -> None:
        self._header = header
        try:
            self._delimiter, names = columns(header)
        except InputError:
            return  # of none of the rows a line is known to belong to another
        self._fields = len(names)

    def _pass_over(self) -> None:
        """Of a line that is over the limit no more is kept than its beginning."""
        self._beginning = self._beginning or self._kept(len(self._text))
        self._passed_bytes += len(self._text)
        self._text.clear()
        self._sought = 0

    def _overlong(self, end: int) -> Overlong:
        size_bytes, beginning = self._passed_bytes + end, self._beginning or self._kept(end)
        place = self._taken(end, self._passed_bytes)
        self._passed_bytes, self._beginning = 0, b""
        self._header = self._header or b""
        return Overlong(place.number, place.offset, size_bytes, beginning)

    def _kept(self, end: int) -> bytes:
        return bytes(self._text[: min(end, self._limit_bytes, BEGINNING_BYTES)])

    def _taken(self, end: int, passed_bytes: int) -> Place:
        """Take what ends there out of the text; the number of its first line, and where that began."""
        place = Place(self._offset, self._number + 1)
        self._number += 1 + self._text.count(b"\n", 0, end)
        taken = min(end + 1, len(self._text))
        self._offset += passed_bytes + taken
        del self._text[:taken]
        self._begin()
        return place


class _Scanned(NamedTuple):
    """A line of a row: how many fields end in it, and whether one goes on behind it."""

    ended: int
    is_open: bool


def _scan(line: bytes, delimiter: bytes, *, is_open: bool) -> _Scanned | None:
    """A line that begins within a field or in front of one; None where text stands behind a quotation mark."""
    at = ended = 0
    while True:
        if not is_open and line[at : at + 1] != b'"':
            mark = line.find(delimiter + b'"', at)
            if mark < 0:
                return _Scanned(ended + line.count(delimiter, at) + 1, is_open=False)
            ended += line.count(delimiter, at, mark) + 1
            at = mark + 1
        at = _closed(line, at if is_open else at + 1)
        if not at:
            return _Scanned(ended, is_open=True)
        ended, is_open = ended + 1, False
        if line[at : at + 2] in {b"", b"\r"}:
            return _Scanned(ended, is_open=False)
        if line[at : at + 1] != delimiter:
            return None
        at += 1


def _closed(line: bytes, at: int) -> int:
    """Behind the quotation mark that ends the field; 0 where none does. Two of them are one of the text."""
    while True:
        at = line.find(b'"', at) + 1
        if not at or line[at : at + 1] != b'"':
            return at
        at += 1
