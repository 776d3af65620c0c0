"""How far the records of a spill are done, in the file `done`, which is also the lock of the directory.

The number lies in one of two slots, written in turn: one that is cut off while it is written leaves the other. The
slots are there from the beginning, so that moving on needs no room on a full disk.
"""

from __future__ import annotations

import fcntl
import os
import struct
import zlib
from typing import TYPE_CHECKING, Final

from pipeline.producer.spill.errors import SpillUnusable

if TYPE_CHECKING:
    from pathlib import Path

NAME: Final = "done"

_SLOT: Final = struct.Struct(">BQI")
_VERSION: Final = 1
_CRC_BYTES: Final = 4
# Slots lie in blocks of their own: a disk writes whole blocks.
_APART_BYTES: Final = 4096


class Place:
    """The last number done. `sure` unless a slot was missing or damaged: then it may be further than `number` says.

    Raises SpillUnusable when another process has it.
    """

    def __init__(self, directory: Path, *, fsync: bool) -> None:
        self._fsync = fsync
        self._fd = os.open(directory / NAME, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(self._fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(self._fd)
            raise SpillUnusable(f"another process uses the spill {directory}: give each its own directory") from None
        slots = [_number(os.pread(self._fd, _SLOT.size, slot * _APART_BYTES)) for slot in (0, 1)]
        known = [number for number in slots if number is not None]
        self.number = max(known, default=0)
        self.sure = len(known) == len(slots)
        self._next_slot = 1 - slots.index(self.number) if known else 0

    def move(self, number: int) -> None:
        """Remember that everything up to `number` is done."""
        body = _SLOT.pack(_VERSION, number, 0)[:-_CRC_BYTES]
        os.pwrite(self._fd, body + zlib.crc32(body).to_bytes(_CRC_BYTES), self._next_slot * _APART_BYTES)
        if self._fsync:
            os.fsync(self._fd)
        self.number = number
        self._next_slot = 1 - self._next_slot

    def close(self) -> None:
        """Let go of the lock. Closing twice is fine."""
        if self._fd >= 0:
            os.close(self._fd)
            self._fd = -1


def _number(slot: bytes) -> int | None:
    if len(slot) < _SLOT.size:
        return None
    version, number, crc = _SLOT.unpack(slot)
    whole = version == _VERSION and crc == zlib.crc32(slot[:-_CRC_BYTES])
    return int(number) if whole else None
