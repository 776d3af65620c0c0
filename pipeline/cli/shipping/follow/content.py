"""The bytes of a file by their place; of a compressed file, those that are in it."""

from __future__ import annotations

import os
import stat
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from pipeline.cli.shipping.follow.bookmark import FileId
from pipeline.core import packed
from pipeline.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

BLOCK_BYTES: Final = 256 * 1024


@dataclass(frozen=True)
class Content:
    """An open file."""

    path: Path
    descriptor: int
    status: os.stat_result
    is_packed: bool

    @property
    def file_id(self) -> FileId:
        """What the system knows it by."""
        return FileId(self.status.st_dev, self.status.st_ino)

    def opened_again(self) -> Content:
        """The same file, whatever its name is by now, as it is now; closed by itself. Raises OSError."""
        descriptor = os.dup(self.descriptor)
        return Content(self.path, descriptor, os.fstat(descriptor), self.is_packed)

    def start(self, size_bytes: int) -> bytes:
        """At most so much of its beginning; of a damaged one, what is whole. Raises OSError."""
        if not self.is_packed:
            return os.pread(self.descriptor, size_bytes, 0)
        content, unpack, offset = bytearray(), packed.unpacker(self.magic()), 0
        try:
            while len(content) < size_bytes and (block := os.pread(self.descriptor, BLOCK_BYTES, offset)):
                offset += len(block)
                for piece in unpack.feed(block):
                    content += piece
                    if len(content) >= size_bytes:
                        break
        except InputError:
            pass
        return bytes(content[:size_bytes])

    def before(self, offset: int, size_bytes: int) -> bytes | None:
        """The bytes that end at this place; None where it is compressed, and not known without reading it all."""
        if self.is_packed:
            return None
        size_bytes = min(size_bytes, offset)
        return os.pread(self.descriptor, size_bytes, offset - size_bytes)

    def magic(self) -> bytes:
        """Its first bytes on the disk. Raises OSError."""
        return os.pread(self.descriptor, packed.MAGIC_BYTES, 0)


def open_content(path: Path) -> Content | None:
    """A regular file, open; None for anything else. Raises OSError."""
    descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
    try:
        status = os.fstat(descriptor)
        if stat.S_ISREG(status.st_mode):
            magic = os.pread(descriptor, packed.MAGIC_BYTES, 0)
            return Content(path, descriptor, status, packed.is_packed(magic))
    except OSError:
        os.close(descriptor)
        raise
    os.close(descriptor)
    return None


@contextmanager
def looked_into(path: Path) -> Iterator[Content | None]:
    """A regular file, for a moment; None where there is none, or it cannot be read."""
    try:
        content = open_content(path)
    except OSError:
        content = None
    try:
        yield content
    finally:
        if content is not None:
            os.close(content.descriptor)
