"""Blocks of bytes → numbered lines, in bounded memory: of a line that is too long, no more than its beginning is kept.

A line ends with a line feed, or with the end of the input; a carriage return before it belongs to the ending.

Whatever cuts blocks is a Framing; the ones of formats whose records are not lines stand beside their format.
"""

from __future__ import annotations

import codecs
from typing import TYPE_CHECKING, Final, NamedTuple, Protocol

if TYPE_CHECKING:
    from collections.abc import Iterator

UTF8_BOM: Final = b"\xef\xbb\xbf"
# An input is judged by this much of its beginning, as git does; later on, each line stands for itself.
TEXT_CHECK_BYTES: Final = 8000
# What is kept of a record that is too long, so that somebody can see what it is.
BEGINNING_BYTES: Final = 64 * 1024


class Line(NamedTuple):
    """A record of a log, most often a line.

    Args:
        number: of its first line, from 1; of an element of a JSON array, which of them it is, from 1.
        offset: the byte it starts at, from 0.
        content: its bytes without the ending.
        header: the row that names a CSV row's fields.
    """

    number: int
    offset: int
    content: bytes
    header: bytes = b""


class Overlong(NamedTuple):
    """A record that is over the limit, with no more of its bytes than its beginning."""

    number: int
    offset: int
    size_bytes: int
    beginning: bytes


class Place(NamedTuple):
    """Between two records of an input: a framing that starts there goes on as if it had read all before.

    Args:
        offset: the byte that the next block begins with.
        number: of the last line (or element) before it.
        context: what of the bytes before must be known: the header of CSV, the bracket of a JSON array.
    """

    offset: int = 0
    number: int = 0
    context: bytes = b""


START: Final = Place()


class Framing(Protocol):
    """Cuts blocks into records; holds at most about twice the limit of a record."""

    @property
    def place(self) -> Place:
        """Behind the record that came out last: a reader that stops here misses none and repeats none."""
        ...

    def feed(self, block: bytes) -> Iterator[Line | Overlong]:
        """The records that are known to end in this block."""
        ...

    def idle(self) -> Iterator[Line | Overlong]:
        """The record that is whole, but waits to see whether the next line continues it; the input goes on."""
        ...

    def end(self) -> Iterator[Line | Overlong]:
        """The last record, where only the end of the input ends it."""
        ...


class Begun:
    """The bytes of a record that has begun; once it is over the limit, its beginning alone."""

    def __init__(self, limit_bytes: int) -> None:
        self.content = bytearray()
        self.size_bytes = 0
        self._limit_bytes = limit_bytes
        self._kept_bytes = min(limit_bytes, BEGINNING_BYTES)

    @property
    def is_over(self) -> bool:
        """Whether it is over the limit."""
        return self.size_bytes > self._limit_bytes

    def add(self, piece: bytes) -> None:
        """What it goes on with."""
        self.size_bytes += len(piece)
        if self.size_bytes <= self._limit_bytes:
            self.content += piece
        else:
            self.content += piece[: max(0, self._kept_bytes - len(self.content))]
            del self.content[self._kept_bytes :]

    def clear(self) -> None:
        """The next one begins."""
        self.content.clear()
        self.size_bytes = 0


class Splitter:
    """Cuts blocks into lines; holds at most one line of `limit_bytes`."""

    def __init__(self, limit_bytes: int, place: Place = START, *, keeps_endings: bool = False) -> None:
        self._number = place.number
        self._offset = place.offset
        self._keeps_endings = keeps_endings
        self._begun = Begun(limit_bytes)

    @property
    def place(self) -> Place:
        """Behind the last line that came out."""
        return Place(self._offset, self._number)

    def feed(self, block: bytes) -> Iterator[Line | Overlong]:
        """The lines that end in this block."""
        *ended, rest = block.split(b"\n")
        for piece in ended:
            self._begun.add(piece)
            yield self._line(b"\n")
        self._begun.add(rest)

    def idle(self) -> Iterator[Line | Overlong]:
        """None: a line is whole when it has its ending."""
        return iter(())

    def end(self) -> Iterator[Line | Overlong]:
        """The last line, where the input does not end with a line feed."""
        if self._begun.size_bytes:
            yield self._line(b"")

    def _line(self, ending: bytes) -> Line | Overlong:
        self._number += 1
        begun, offset = self._begun, self._offset
        content, size, is_over = bytes(begun.content), begun.size_bytes, begun.is_over
        self._offset += size + len(ending)
        begun.clear()
        if is_over:
            return Overlong(self._number, offset, size, content)
        if offset == 0:
            content = content.removeprefix(UTF8_BOM)
        return Line(self._number, offset, content + ending if self._keeps_endings else content.removesuffix(b"\r"))


def why_not_text(block: bytes, *, is_whole: bool) -> str | None:
    """Why these bytes are not text in UTF-8, or None. Where more follows, a character may be cut at the end."""
    nul = block.find(b"\0")
    if nul >= 0:
        return f"a NUL byte at byte {nul}"
    try:
        codecs.getincrementaldecoder("utf-8")().decode(block, final=is_whole)
    except UnicodeDecodeError as error:
        return f"not UTF-8 at byte {error.start} ({error.reason})"
    return None
