"""Blocks of bytes → numbered lines, in bounded memory: a line that is too long is counted, not kept.

A line ends with a line feed, or with the end of the input; a carriage return before it belongs to the ending.
"""

from __future__ import annotations

import codecs
from typing import TYPE_CHECKING, Final, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator

UTF8_BOM: Final = b"\xef\xbb\xbf"


class Line(NamedTuple):
    """A line: its number from 1, the byte it starts at from 0, and its bytes without the ending."""

    number: int
    offset: int
    content: bytes


class Overlong(NamedTuple):
    """A line that is over the limit, without its bytes."""

    number: int
    offset: int
    size_bytes: int


class Splitter:
    """Cuts blocks into lines; holds at most one line of `limit_bytes`."""

    def __init__(self, limit_bytes: int) -> None:
        self._limit_bytes = limit_bytes
        self._number = 0
        self._offset = 0
        self._begun = bytearray()
        self._begun_bytes = 0

    def feed(self, block: bytes) -> Iterator[Line | Overlong]:
        """The lines that end in this block."""
        *ended, rest = block.split(b"\n")
        for piece in ended:
            self._add(piece)
            yield self._line(ending_bytes=1)
        self._add(rest)

    def end(self) -> Iterator[Line | Overlong]:
        """The last line, where the input does not end with a line feed."""
        if self._begun_bytes:
            yield self._line(ending_bytes=0)

    def _add(self, piece: bytes) -> None:
        self._begun_bytes += len(piece)
        if self._begun_bytes <= self._limit_bytes:
            self._begun += piece
        else:
            self._begun.clear()

    def _line(self, ending_bytes: int) -> Line | Overlong:
        self._number += 1
        content, size, offset = bytes(self._begun), self._begun_bytes, self._offset
        self._offset += size + ending_bytes
        self._begun.clear()
        self._begun_bytes = 0
        if size > self._limit_bytes:
            return Overlong(self._number, offset, size)
        if offset == 0:
            content = content.removeprefix(UTF8_BOM)
        return Line(self._number, offset, content.removesuffix(b"\r"))


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
