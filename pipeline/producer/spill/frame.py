"""One record as bytes, and the records in a file of them; the layout is drawn in the package's docstring. Pure.

Reading a file ends in one of these ways at each offset:

    a record            header and body have their checksums
    damaged bytes       the header is wrong: up to the next right one; or only the body is wrong: this record
    the end             nothing is left, or the beginning of a record that was cut off while it was written
"""

from __future__ import annotations

import struct
import zlib
from typing import TYPE_CHECKING, Final, NamedTuple

from pipeline.producer.spill.errors import SpillUnusable

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import BinaryIO

SALT_BYTES: Final = 8
VERSION: Final = 1
# Of a key, and of an id: what two bytes can count. Kinesis takes keys of 256 characters.
MAX_TEXT_BYTES: Final = 0xFFFF
# Kinesis developer guide, "Large records": the most that a record of a stream can be set to.
MAX_DATA_BYTES: Final = 10 * 1024 * 1024

_HEADER: Final = struct.Struct(">8sBQHHIII")
_CRC_BYTES: Final = 4
_BLOCK_BYTES: Final = 64 * 1024


class Kept(NamedTuple):
    """A record to be kept: its partition key, its data, and what the caller knows it by (its id)."""

    key: str
    data: bytes
    id: str


class Whole(NamedTuple):
    """A record that was found whole, and the offset behind it."""

    number: int
    kept: Kept
    end: int


class Broken(NamedTuple):
    """So many bytes that are no record."""

    size_bytes: int


class _Header(NamedTuple):
    number: int
    key_bytes: int
    id_bytes: int
    data_bytes: int
    body_crc: int

    @property
    def body_bytes(self) -> int:
        return self.key_bytes + self.id_bytes + self.data_bytes


def encode(kept: Kept, number: int, salt: bytes) -> bytes:
    """The record as it lies in a file. Raises ValueError when a part is larger than the format takes."""
    key, id_ = kept.key.encode(), kept.id.encode()
    for part, limit in ((key, MAX_TEXT_BYTES), (id_, MAX_TEXT_BYTES), (kept.data, MAX_DATA_BYTES)):
        if len(part) > limit:
            raise ValueError(f"{len(part):,} bytes do not fit into the spill; the limit is {limit:,}")
    body = b"".join((key, id_, kept.data))
    sizes = len(key), len(id_), len(kept.data)
    header = _HEADER.pack(salt, VERSION, number, *sizes, zlib.crc32(body), 0)[:-_CRC_BYTES]
    return header + zlib.crc32(header).to_bytes(_CRC_BYTES) + body


def scan(file: BinaryIO, salt: bytes, start: int, end: int) -> Iterator[Whole | Broken]:
    """What lies between two offsets of a segment, in order. `start` is where a record begins.

    Holds one record at a time. Raises SpillUnusable for a record of a later version.
    """
    at = file.seek(start)
    while end - at >= _HEADER.size:
        header = _header(file, salt)
        if header is None:
            resumed = _resume(file, salt, at + 1, end)
            yield Broken(resumed - at)
            at = file.seek(resumed)
            continue
        size_bytes = _HEADER.size + header.body_bytes
        at += size_bytes
        if at > end:
            return
        body = file.read(header.body_bytes)
        if zlib.crc32(body) == header.body_crc:
            yield Whole(header.number, _kept(header, body), at)
        else:
            yield Broken(size_bytes)


def _kept(header: _Header, body: bytes) -> Kept:
    data_at = header.key_bytes + header.id_bytes
    return Kept(body[: header.key_bytes].decode(), body[data_at:], body[header.key_bytes : data_at].decode())


def _header(file: BinaryIO, salt: bytes) -> _Header | None:
    """The header that is next in the file; None where there is none."""
    block = file.read(_HEADER.size)
    if len(block) < _HEADER.size or block[:SALT_BYTES] != salt:
        return None
    _, version, number, key_bytes, id_bytes, data_bytes, body_crc, crc = _HEADER.unpack(block)
    if crc != zlib.crc32(block[:-_CRC_BYTES]):
        return None
    if version != VERSION:
        raise SpillUnusable(f"{file.name} was written by another version: send what it holds with that one")
    return _Header(number, key_bytes, id_bytes, data_bytes, body_crc)


def _resume(file: BinaryIO, salt: bytes, at: int, end: int) -> int:
    """Where the next header is, or the end."""
    while at < end:
        file.seek(at)
        block = file.read(min(_BLOCK_BYTES, end - at))
        found = block.find(salt)
        if found < 0:
            at += max(len(block) - SALT_BYTES + 1, 1)
            continue
        at = file.seek(at + found)
        if _header(file, salt) is not None:
            return at
        at += 1
    return end
