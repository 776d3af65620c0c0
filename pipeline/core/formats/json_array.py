"""A JSON array → its elements, one at a time, however long the array is.

Only what separates elements is looked for here; whether an element is JSON is seen when it is read. Text outside of an
array is cut into objects and lines, so objects one after the other, over several lines each, are read as well. A line
feed ends a string, which JSON has none in, so that a string that is not closed takes no more with it than it must. In
an object no comma stands before a brace or a bracket: where one does, the element was not closed, and ends before it.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from pipeline.core.lines import START, UTF8_BOM, Begun, Line, Overlong, Place

if TYPE_CHECKING:
    from collections.abc import Iterator

_BLANKS: Final = b" \t\r\n"
_COMMA: Final = ord(",")
_BRACE: Final = ord("{")
_IN_STRING: Final = re.compile(rb'[^"\\\n]*+(["\\\n])')
# A string that is whole is passed over in one step, and a comma within an element is not looked at.
_STRING: Final = rb'"[^"\\\n]*+(?:\\[^\n][^"\\\n]*+)*+"'
_NESTED: Final = re.compile(rb'(?:[^"{}\[\]]++|' + _STRING + rb')*+(["{}\[\]])')
_IN_ARRAY: Final = re.compile(rb'(?:[^"{}\[\],]++|' + _STRING + rb')*+(["{}\[\],])')
_OUTSIDE: Final = re.compile(rb'(?:[^"{}\[\]\n]++|' + _STRING + rb')*+(["{}\[\]\n])')
_ARRAY: Final = b"["
# Of so many levels it is known what each is; what JSON is taken for data has fewer by far.
_KNOWN_LEVELS: Final = 1_000


class Elements:
    """Cuts blocks into elements; holds at most one of `limit_bytes`."""

    def __init__(self, limit_bytes: int, place: Place = START) -> None:
        self._place = place
        self._offset = place.offset  # of the next byte to look at
        self._is_array = place.context == _ARRAY
        self._begun = Begun(limit_bytes)
        self._before = 0  # the last byte of the element that is no blank, in the blocks before
        self._begin()

    @property
    def place(self) -> Place:
        """Behind the last element that came out."""
        return self._place

    def feed(self, block: bytes) -> Iterator[Line | Overlong]:
        """The elements that end in this block."""
        at = 0
        while at < len(block):
            if not self._begun.size_bytes:
                at = self._skip(block, at)
                if at == len(block):
                    return
            end, is_whole = self._scan(block, at)
            self._begun.add(block[at:end])
            if is_whole:
                yield self._element()
            else:
                self._before = _last(block, at, end) or self._before
            at = end

    def idle(self) -> Iterator[Line | Overlong]:
        """None: an element tells its end itself."""
        return iter(())

    def end(self) -> Iterator[Line | Overlong]:
        """What has begun and not ended."""
        if self._begun.size_bytes:
            yield self._element()

    def _begin(self) -> None:
        self._begun.clear()
        self._depth = 0
        self._opened = bytearray()  # the brackets and braces that are open
        self._before = 0
        self._is_string = False
        self._is_escaped = False

    def _skip(self, block: bytes, at: int) -> int:
        """Where the next element begins; the brackets and commas before it are its surroundings."""
        while at < len(block):
            byte = block[at : at + 1]
            if byte in _BLANKS or byte == UTF8_BOM[self._offset : self._offset + 1]:
                pass
            elif byte == (b"]" if self._is_array else _ARRAY):
                self._is_array = not self._is_array
            elif not self._is_array or byte != b",":
                break
            self._offset += 1
            at += 1
        return at

    def _scan(self, block: bytes, at: int) -> tuple[int, bool]:
        """Up to where the bytes belong to the element, and whether it ends there."""
        begin = at
        if self._is_escaped:
            at, self._is_escaped = at + 1, False
        while True:
            match = self._form().match(block, at)
            if match is None:
                return len(block), False
            at, byte = match.end(), match[1]
            if byte == b"\\":
                self._is_escaped = at == len(block)
                at += 1
            elif self._is_string or byte == b'"':
                self._is_string = not self._is_string
            elif self._depth == 0 and byte in (b",]" if self._is_array else b"\n"):
                return match.start(1), True
            elif byte in b"{[" and self._is_in_object() and (_last(block, begin, at - 1) or self._before) == _COMMA:
                return at - 1, True
            elif self._nest(byte) and not self._is_array:
                return at, True

    def _form(self) -> re.Pattern[bytes]:
        """What is looked for next."""
        if self._is_string:
            return _IN_STRING
        if self._depth:
            return _NESTED
        return _IN_ARRAY if self._is_array else _OUTSIDE

    def _nest(self, byte: bytes) -> bool:
        """Go a level down or up; whether that closes the outermost."""
        if byte in b"{[":
            self._depth += 1
            if self._depth <= _KNOWN_LEVELS:
                self._opened += byte
        elif byte in b"}]" and self._depth:
            self._depth -= 1
            del self._opened[self._depth :]
            return self._depth == 0
        return False

    def _is_in_object(self) -> bool:
        """Whether the innermost that is open is a brace."""
        return 0 < self._depth <= _KNOWN_LEVELS and self._opened[-1] == _BRACE

    def _element(self) -> Line | Overlong:
        offset, size, is_over = self._offset, self._begun.size_bytes, self._begun.is_over
        self._offset += size
        self._place = Place(self._offset, self._place.number + 1, _ARRAY if self._is_array else b"")
        content = bytes(self._begun.content)
        self._begin()
        if is_over:
            return Overlong(self._place.number, offset, size, content)
        return Line(self._place.number, offset, content.rstrip(_BLANKS))


def _last(block: bytes, begin: int, end: int) -> int:
    """The last byte in between that is no blank, or 0."""
    while end > begin:
        end -= 1
        if block[end] not in _BLANKS:
            return block[end]
    return 0
