"""A file that is read from its bookmark on, as it grows."""

from __future__ import annotations

import os
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from pipeline.cli.shipping.follow import matching
from pipeline.cli.shipping.follow.bookmark import WINDOW_BYTES, FileId, Print, print_of
from pipeline.cli.shipping.follow.content import BLOCK_BYTES, Content, open_content
from pipeline.cli.shipping.sources import clock
from pipeline.core import formats, packed

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from pipeline.cli.shipping.follow.bookmark import Bookmark
    from pipeline.cli.shipping.reading import Reader
    from pipeline.cli.shipping.shipper import Track
    from pipeline.core.lines import Framing, Place
    from pipeline.core.log_line import LogLines
    from pipeline.core.packed import Unpacker

# What was read last is compared before more is read: a file cut off and written anew may be longer than it was.
RECENT_BYTES: Final = 256


def go_on(found: Content, bookmark: Bookmark, track: Track, reader: Reader, now: float) -> Tailed | None:
    """Follow the very file that was looked into: its name may be another one's by now. Raises OSError.

    None when it is not the bookmark's any more. It has a descriptor of its own.
    """
    content = found.opened_again()
    log = reader.make(source=bookmark.source, now=clock, salt=bookmark.salt, format=bookmark.format)
    with ExitStack() as unless_followed:
        unless_followed.callback(os.close, content.descriptor)
        tailed = Tailed(bookmark, track, log, content, content.file_id, content.path, now, reader.limit_bytes)
        # Looked at afterwards: what it begins with is known by now, and has to be the bookmark's.
        if not matching.continues(bookmark, content):
            return None
        unless_followed.pop_all()
    return tailed


@dataclass
class Tailed:
    """An input that is followed; open or, where there are too many, closed until it grows.

    Args:
        disk_offset: how much of it was read, as it lies on the disk.
        read_at: when something was last read, by the follower's clock.
        limit_bytes: the most that a record may have.
        is_lost: it is nowhere among the files that are asked for.
        is_deleted: nothing but the open file is left of it.
    """

    bookmark: Bookmark
    track: Track
    log: LogLines
    content: Content | None
    file_id: FileId
    path: Path
    read_at: float
    limit_bytes: int
    framing: Framing = field(init=False)
    disk_offset: int = 0
    is_lost: bool = False
    is_deleted: bool = False
    changed_ns: int = -1
    _unpack: Unpacker | None = None
    _skip_bytes: int = 0
    _head: bytes = b""
    _recent: bytes = b""

    def __post_init__(self) -> None:
        """Begin at the bookmark's place. Raises OSError."""
        place = self.bookmark.place
        self.framing = formats.framing(self.bookmark.format, self.limit_bytes, place)
        content = self.opened()
        if content.is_packed:
            self._unpack, self._skip_bytes = packed.unpacker(content.magic()), place.offset
        else:
            self.disk_offset, self._head = place.offset, content.start(WINDOW_BYTES)
            self._recent = content.before(place.offset, RECENT_BYTES) or b""

    def opened(self) -> Content:
        """The open file. Raises OSError."""
        if self.content is None:
            content = open_content(self.path)
            if content is None or content.file_id != self.file_id:
                raise FileNotFoundError(self.path)
            self.content = content
        return self.content

    def close(self) -> None:
        """Let the file go until it grows."""
        if self.content is not None:
            os.close(self.content.descriptor)
            self.content = None

    def status(self) -> os.stat_result:
        """Of the file, open or not. Raises OSError."""
        if self.content is not None:
            return os.fstat(self.content.descriptor)
        status = self.path.stat()
        if FileId(status.st_dev, status.st_ino) != self.file_id:
            raise FileNotFoundError(self.path)
        return status

    def is_as_read(self, status: os.stat_result) -> bool:
        """Whether nothing was written to it since it was read to its end."""
        return (status.st_size, status.st_mtime_ns) == (self.disk_offset, self.changed_ns)

    def is_replaced(self, status: os.stat_result) -> bool:
        """Whether what was read is no longer in it. Raises OSError."""
        return status.st_size < self.disk_offset or not self._is_the_same(self.opened())

    def block(self) -> bytes | None:
        """The next of what has come since; None when what was read is no longer in it. Raises OSError."""
        content = self.opened()
        block = os.pread(content.descriptor, BLOCK_BYTES, self.disk_offset)
        # Looked at afterwards: cut off just before, it may have grown beyond the place already.
        return block if self._is_the_same(content) else None

    def pieces(self, block: bytes) -> Iterator[bytes]:
        """What is in the next block, unpacked; whoever takes a piece takes all. Raises InputError."""
        self.disk_offset += len(block)
        if self._unpack is None:
            self._recent = (self._recent + block[-RECENT_BYTES:])[-RECENT_BYTES:]
            yield block
        else:
            yield from map(self._not_shipped, self._unpack.feed(block))

    @property
    def behind_bytes(self) -> int:
        """What of the file is not read, as it lies on the disk."""
        try:
            return max(0, self.status().st_size - self.disk_offset)
        except OSError:
            return 0

    def end(self) -> None:
        """Nothing more comes. Raises InputError when it breaks off."""
        if self._unpack is not None:
            self._unpack.end()

    def mark(self, place: Place, now: float) -> None:
        """Move the bookmark to where all before has an outcome, while the file is what was read."""
        if place == self.bookmark.place:
            return
        before, was_open = None, self.content is not None
        with suppress(OSError):
            before = self.opened().before(place.offset, WINDOW_BYTES)
            # Looked at afterwards: what was read before it was cut off is not of what has come since.
            if self.is_replaced(self.status()):
                before = None
        if not was_open:
            self.close()
        self.move(place, print_of(before or b""), now)

    def move(self, place: Place, tail: Print, now: float) -> None:
        """Move the bookmark."""
        self.bookmark.place = place
        self.bookmark.head = print_of(self._head[: place.offset])
        self.bookmark.tail = tail
        self.bookmark.seen_at = now

    def _is_the_same(self, content: Content) -> bool:
        """Whether it still begins as it did, and has what was read last; only of its growth it is learnt more."""
        if content.is_packed:
            return True
        head = content.start(WINDOW_BYTES)
        is_the_same = (
            head.startswith(self._head) and content.before(self.disk_offset, len(self._recent)) == self._recent
        )
        if is_the_same:
            self._head = head
        return is_the_same

    def _not_shipped(self, piece: bytes) -> bytes:
        """What of an unpacked piece was not shipped before."""
        self._head = (self._head + piece[:WINDOW_BYTES])[:WINDOW_BYTES]
        skipped, self._skip_bytes = min(self._skip_bytes, len(piece)), max(0, self._skip_bytes - len(piece))
        return piece[skipped:]
