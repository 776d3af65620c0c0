"""Lines → records of one or more lines, in bounded memory: the part that is the same for CSV and for stack traces."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING

from pipeline.core.lines import START, Line, Overlong, Place, Splitter

if TYPE_CHECKING:
    from collections.abc import Iterator


class Joined(ABC):
    """A framing whose records are whole lines; which of them belong together, the format says in `_take`."""

    def __init__(self, limit_bytes: int, place: Place = START) -> None:
        self._limit_bytes = limit_bytes
        self._lines = Splitter(limit_bytes, place, keeps_endings=True)
        self._first: Line | Overlong | None = None  # of the lines that have begun the next record
        self._begun = bytearray()
        self._begun_bytes = 0
        self._size_bytes = 0

    @property
    def place(self) -> Place:
        """Behind the last record that came out."""
        if self._first is None:
            return self._lines.place
        return Place(self._first.offset, self._first.number - 1)

    def feed(self, block: bytes) -> Iterator[Line | Overlong]:
        """The records that are known to end in this block."""
        for line in self._lines.feed(block):
            yield from self._take(line)

    def idle(self) -> Iterator[Line | Overlong]:
        """None, where a record tells its end itself."""
        return iter(())

    def end(self) -> Iterator[Line | Overlong]:
        """The last record, where only the end of the input ends it."""
        for line in self._lines.end():
            yield from self._take(line)
        yield from self._record()

    @abstractmethod
    def _take(self, line: Line | Overlong) -> Iterator[Line | Overlong]:
        """Add the line to the record that has begun, and give what is whole."""

    def _add(self, line: Line | Overlong) -> None:
        self._first = self._first or line
        if isinstance(line, Line):
            self._size_bytes = self._begun_bytes + len(line.content.removesuffix(b"\n"))
            self._begun_bytes += len(line.content)
            self._begun += line.content
        else:
            self._size_bytes = self._begun_bytes + line.size_bytes
            self._begun_bytes = self._size_bytes + len(b"\n")
        if self._size_bytes > self._limit_bytes:
            self._begun.clear()

    def _record(self) -> Iterator[Line | Overlong]:
        """The record that has begun, if one has."""
        first, content = self._first, bytes(self._begun)
        self._first, self._begun_bytes = None, 0
        self._begun.clear()
        if first is None:
            return
        if self._size_bytes > self._limit_bytes:
            yield Overlong(first.number, first.offset, self._size_bytes)
        else:
            yield Line(first.number, first.offset, content.removesuffix(b"\n").removesuffix(b"\r"))
