"""An object → its records, in bounded memory: a part of it, a block of what is unpacked, and a record at a time.

To go on in a plain object, it is read from that byte on. A packed one is unpacked again from its beginning, and what
was read before is passed over.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from pipeline.core import formats
from pipeline.core.beginning import Beginning
from pipeline.core.claim import MAX_CLAIM_BYTES
from pipeline.core.log_line import format_of
from pipeline.core.packed import bounded, is_packed, skipped
from pipeline.core.signature import foreign, is_binary
from pipeline.errors import Rejection
from pipeline.model import Reason

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pipeline.core.lines import Line, Overlong
    from pipeline.ports import ObjectSource, Remaining
    from pipeline.sources.drop.notification import Start

# What the end of a key says beyond doubt. A `.json` may be an array or lines, and a `.log` anything.
_SAID: Final = {".ndjson": "ndjson", ".jsonl": "ndjson", ".csv": "csv"}
_PACKED: Final = re.compile(r"\.(gz|gzip|zst|zstd)$")


class Records:
    """The records of an object from a place on.

    Raises Rejection when there is nothing to read, or it is not text; Retryable, Misconfiguration. While it is read,
    also Damaged, after all records that were whole.
    """

    def __init__(self, start: Start, source: ObjectSource, remaining: Remaining) -> None:
        self.at = start.at
        self.is_packed = start.is_packed
        self.modified_at = 0.0
        self.read_bytes = 0
        self._source = source
        self._remaining = remaining
        beginning = Beginning(self._all_blocks(start.place.offset))
        begun = beginning.start()
        if start.format is None and not begun:
            raise beginning.error or Rejection(Reason.OBJECT_EMPTY, "there is nothing in it")
        self.format = start.format or _format(start, begun)
        self._blocks = beginning
        self.framing = formats.framing(self.format, MAX_CLAIM_BYTES, start.place)

    def __iter__(self) -> Iterator[Line | Overlong | None]:
        """Record by record; None after each block, for the record that has begun may be long."""
        for block in self._blocks:
            yield from self.framing.feed(block)
            yield None
        yield from self.framing.end()

    def _all_blocks(self, offset: int) -> Iterator[bytes]:
        if offset and not self.is_packed:
            return self._parts(offset)
        return skipped(bounded(self._parts(0)), offset)

    def _parts(self, offset: int) -> Iterator[bytes]:
        while True:
            part = self._source.read(self.at, offset, self._remaining)
            if not part.content:
                return
            if offset == 0:
                self.is_packed = is_packed(part.content)
            self.at = self.at._replace(etag=part.etag)
            self.modified_at = part.modified_at
            self.read_bytes += len(part.content)
            yield part.content
            offset += len(part.content)
            if offset >= part.size_bytes:
                return


def _format(start: Start, begun: bytes) -> str:
    """What the key says, or else what it begins like. Raises Rejection when it is not text.

    Where the key says it, an object whose beginning is broken is not taken for something else.
    """
    what = foreign(begun)
    if what is not None:
        raise Rejection(Reason.OBJECT_UNREADABLE, f"not text, but {what}")
    if is_binary(begun):  # else a NUL byte, or one that is no UTF-8, is the fault of its line
        raise Rejection(Reason.NOT_UTF8, "not text: there are NUL bytes near its beginning")
    name = _PACKED.sub("", start.at.key.lower())
    said = next((each for ending, each in _SAID.items() if name.endswith(ending)), None)
    found = said or format_of(start.type_name, begun)
    if found == "csv" and b"\n" not in begun and b"\r" in begun.rstrip():
        raise Rejection(
            Reason.OBJECT_UNREADABLE,
            "its lines end with carriage returns alone; write line feeds, with or without those",
        )
    return found
