"""Blocks of plain, gzip or zstd → blocks of what is in them, told by their first bytes, in bounded memory.

Several members (gzip) or frames (zstd) one after another are one text, as `zcat` and `zstdcat` see it. What breaks off
or is damaged raises after all that was whole before it was given. `bounded` is for what a stranger left: few bytes can
stand for more than there is time for.
"""

from __future__ import annotations

import zlib
from typing import TYPE_CHECKING, Final, Protocol

import zstandard

from pipeline.errors import InputError
from pipeline.model import Reason

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

# RFC 1952 (with deflate, its only method); RFC 8878: a frame, or one to skip (0x184D2A50 to 5F, as pzstd begins).
GZIP_MAGIC: Final = b"\x1f\x8b\x08"
ZSTD_MAGIC: Final = b"\x28\xb5\x2f\xfd"
_SKIPPABLE: Final = tuple(bytes((low, 0x2A, 0x4D, 0x18)) for low in range(0x50, 0x60))
MAGIC_BYTES: Final = 4
# The most that one block gives. Four bytes of zstd can stand for 128 KiB, so it is fed few at a time.
BLOCK_BYTES: Final = 1024 * 1024
_ZSTD_PIECE_BYTES: Final = 512
# What `zstd -d` takes without being asked for more.
_ZSTD_WINDOW_BYTES: Final = 128 * 1024 * 1024
# Logs compress by 5 to 50, equal lines by some hundred; deflate ends at 1,032, zstd far beyond.
MAX_RATIO: Final = 500
# Below this the ratio says nothing: it is harmless, however little it was.
MIN_BOUND_BYTES: Final = 16 * 1024 * 1024
# A function unpacks about 100 MB a second at least, and all of it again whenever it goes on.
MAX_UNPACKED_BYTES: Final = 32 * 1024 * 1024 * 1024
_BOUNDED_PIECE_BYTES: Final = 64 * 1024


class Damaged(InputError):
    """It breaks off, or is not what it began as, or holds more than is taken; `reason` is the code of a dead letter."""

    reason: Reason

    def __init__(self, reason: Reason, detail: str) -> None:
        super().__init__(detail, reason)


class Unpacker(Protocol):
    """Takes blocks as they come from the disk."""

    def feed(self, block: bytes) -> Iterator[bytes]:
        """What this block gives. Raises Damaged."""
        ...

    def end(self) -> None:
        """Nothing more comes. Raises Damaged when something is missing."""
        ...


def is_packed(start: bytes) -> bool:
    """Whether these are the first bytes (at least four, where there are) of something compressed."""
    return start.startswith((GZIP_MAGIC, ZSTD_MAGIC, *_SKIPPABLE))


def unpacker(start: bytes) -> Unpacker:
    """What unpacks an input that begins like this."""
    if start.startswith(GZIP_MAGIC):
        return _Gzip()
    return _Zstd() if is_packed(start) else _Plain()


def unpacked(blocks: Iterable[bytes]) -> Iterator[bytes]:
    """What is in the blocks of an input; an empty block, which says that it is silent, is passed on. Raises Damaged."""
    start, unpack = b"", None
    for block in blocks:
        if not block:
            yield b""
        elif unpack is not None:
            yield from unpack.feed(block)
        else:
            start += block
            if len(start) >= MAGIC_BYTES or b"\n" in start:
                unpack = unpacker(start)
                yield from unpack.feed(start)
    if unpack is not None:
        unpack.end()
    elif start:
        yield start


def bounded(blocks: Iterable[bytes]) -> Iterator[bytes]:
    """The same, within `MAX_RATIO` and `MAX_UNPACKED_BYTES`. Raises Damaged, also with `decompression_bomb`."""
    packed_bytes = unpacked_bytes = 0

    def pieces() -> Iterator[bytes]:
        nonlocal packed_bytes
        for block in blocks:
            for start in range(0, len(block), _BOUNDED_PIECE_BYTES):
                piece = block[start : start + _BOUNDED_PIECE_BYTES]
                packed_bytes += len(piece)
                yield piece

    for block in unpacked(pieces()):
        unpacked_bytes += len(block)
        most = min(MAX_UNPACKED_BYTES, max(MIN_BOUND_BYTES, MAX_RATIO * packed_bytes))
        if unpacked_bytes > max(most, packed_bytes):  # what is not compressed has no bound
            raise Damaged(Reason.DECOMPRESSION_BOMB, f"{packed_bytes:,} bytes hold more than {most:,}")
        yield block


def skipped(blocks: Iterable[bytes], size_bytes: int) -> Iterator[bytes]:
    """The blocks without so many bytes at their beginning."""
    for block in blocks:
        if size_bytes < len(block):
            yield block[size_bytes:]
        size_bytes = max(0, size_bytes - len(block))


class _Plain:
    def feed(self, block: bytes) -> Iterator[bytes]:
        yield block

    def end(self) -> None:
        """All there is, is whole."""


class _Gzip:
    def __init__(self) -> None:
        self._member = zlib.decompressobj(16 + zlib.MAX_WBITS)
        self._is_begun = False

    def feed(self, block: bytes) -> Iterator[bytes]:
        while block:
            if self._member.eof:
                # gzip pads with zeros where it wrote to a tape, and so does tar.
                block = block.lstrip(b"\0")
                if not block:
                    return
                self._member, self._is_begun = zlib.decompressobj(16 + zlib.MAX_WBITS), False
            self._is_begun = True
            try:
                unpacked = self._member.decompress(block, BLOCK_BYTES)
            except zlib.error as error:
                raise Damaged(Reason.GZIP_CORRUPT, f"the gzip is damaged ({error})") from None
            if unpacked:
                yield unpacked
            block = self._member.unused_data if self._member.eof else self._member.unconsumed_tail

    def end(self) -> None:
        if self._is_begun and not self._member.eof:
            raise Damaged(Reason.GZIP_CORRUPT, "the gzip breaks off")


class _Zstd:
    def __init__(self) -> None:
        self._context = zstandard.ZstdDecompressor(max_window_size=_ZSTD_WINDOW_BYTES)
        self._frame = self._context.decompressobj()
        self._is_begun = False

    def feed(self, block: bytes) -> Iterator[bytes]:
        for start in range(0, len(block), _ZSTD_PIECE_BYTES):
            piece = block[start : start + _ZSTD_PIECE_BYTES]
            while piece:
                if self._frame.eof:
                    self._frame = self._context.decompressobj()
                self._is_begun = True
                try:
                    unpacked = self._frame.decompress(piece)
                except zstandard.ZstdError as error:
                    reason = str(error).removeprefix("zstd decompressor error: ")
                    raise Damaged(Reason.ZSTD_CORRUPT, f"the zstd is damaged ({reason})") from None
                if unpacked:
                    yield unpacked
                piece = self._frame.unused_data if self._frame.eof else b""

    def end(self) -> None:
        if self._is_begun and not self._frame.eof:
            raise Damaged(Reason.ZSTD_CORRUPT, "the zstd breaks off")
