"""One file of records. It is only added to, by the process that made it; a later process begins a new one."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from pipeline.producer.spill.frame import SALT_BYTES, scan

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from pipeline.producer.spill.frame import Broken, Whole

_NAME: Final = re.compile(rf"(\d{{20}})-([0-9a-f]{{{2 * SALT_BYTES}}})\.spill")

_READ_BYTES: Final = 256 * 1024


@dataclass
class Segment:
    """A file of records, which is on disk once something was added.

    Args:
        path: its file; the name says the first number and the salt.
        first: the number of its first record.
        salt: what each of its records begins with.
        last: the number of its last record; `first - 1` while there is none.
        size_bytes: the bytes in it.
        broken_bytes: how many of them are known to be damaged.
        torn: something half-written lies behind them that could not be taken back.
    """

    path: Path
    first: int
    salt: bytes
    last: int
    size_bytes: int = 0
    broken_bytes: int = 0
    torn: bool = False
    _fd: int | None = field(default=None, repr=False)

    def add(self, block: bytes, last: int, *, fsync: bool) -> None:
        """Add whole records, all or none of them. Raises OSError."""
        self.torn = True
        try:
            self._write(block, fsync=fsync)
        except BaseException:
            self._take_back()
            self.torn = False
            raise
        self.last, self.size_bytes, self.torn = last, self.size_bytes + len(block), False

    def _write(self, block: bytes, *, fsync: bool) -> None:
        if self._fd is None:
            self._fd = os.open(self.path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
            if fsync:
                sync_directory(self.path.parent)
        written = 0
        while written < len(block):
            written += os.pwrite(self._fd, memoryview(block)[written:], self.size_bytes + written)
        if fsync:
            os.fsync(self._fd)

    def _take_back(self) -> None:
        if self._fd is None:
            return
        if self.size_bytes:
            os.ftruncate(self._fd, self.size_bytes)
        else:
            self.close()
            self.path.unlink()

    def scan(self, start: int = 0) -> Iterator[Whole | Broken]:
        """What is in it, from an offset where a record begins. Raises OSError, SpillUnusable."""
        if not self.size_bytes:
            return
        with self.path.open("rb", buffering=_READ_BYTES) as file:
            yield from scan(file, self.salt, start, self.size_bytes)

    def remove(self) -> None:
        """Delete it; a damaged one is put aside. Raises OSError."""
        self.close()
        if self.broken_bytes:
            self.path.rename(self.aside)
        else:
            self.path.unlink(missing_ok=True)

    @property
    def aside(self) -> Path:
        """Where it lies once it is put aside."""
        return self.path.with_name(f"{self.path.name}.corrupt")

    def close(self) -> None:
        """Add no more to it."""
        if self._fd is not None:
            os.close(self._fd)
            self._fd = None


def new(directory: Path, first: int) -> Segment:
    """A segment that is not on disk yet."""
    salt = os.urandom(SALT_BYTES)
    return Segment(directory / f"{first:020d}-{salt.hex()}.spill", first, salt, first - 1)


def left(directory: Path) -> list[Segment]:
    """The segments in a directory, in their order; their last numbers are not known yet."""
    found = []
    for path in sorted(directory.iterdir()):
        if match := _NAME.fullmatch(path.name):
            first = int(match[1])
            found.append(Segment(path, first, bytes.fromhex(match[2]), first - 1, path.stat().st_size))
    return found


def sync_directory(directory: Path) -> None:
    """Make new names in it last."""
    fd = os.open(directory, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)
