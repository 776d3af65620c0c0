"""Gzip → bytes, bounded: a megabyte of gzip may hold a gigabyte, and a batch holds thousands of records.

The bound is what real logs stay far below: 100 times the compressed size, and 16 MiB. What is over it is not kept, not
even to be measured. All there is must be whole: header, data, checksum and length (RFC 1952), and nothing after.
"""

from __future__ import annotations

import zlib
from typing import Final

from pipeline.errors import Rejection
from pipeline.model import Reason

MAGIC: Final = b"\x1f\x8b"
MAX_UNPACKED_BYTES: Final = 16 * 1024 * 1024
MAX_RATIO: Final = 100
# Below this the ratio says nothing: a few equal lines compress better than that.
MIN_BOUND_BYTES: Final = 64 * 1024
# RFC 1952 allows several members; each costs a call, and no known producer for Kinesis writes more than one.
MAX_MEMBERS: Final = 16
_GZIP_ONLY: Final = 16 + zlib.MAX_WBITS


def gunzip(data: bytes) -> bytes:
    """The bytes that were compressed. Raises Rejection: gzip_corrupt, too_large."""
    bound_bytes = min(MAX_UNPACKED_BYTES, max(MIN_BOUND_BYTES, MAX_RATIO * len(data)))
    unpacked = bytearray()
    for _ in range(MAX_MEMBERS):
        member = zlib.decompressobj(_GZIP_ONLY)
        try:
            unpacked += member.decompress(data, bound_bytes + 1 - len(unpacked))
        except zlib.error as error:
            raise Rejection(Reason.GZIP_CORRUPT, f"the gzip cannot be read: {error}"[:200]) from None
        if len(unpacked) > bound_bytes:
            raise Rejection(Reason.TOO_LARGE, f"{len(data)} bytes of gzip hold more than {bound_bytes}")
        if not member.eof:
            raise Rejection(Reason.GZIP_CORRUPT, "the gzip breaks off")
        data = member.unused_data
        if not data:
            return bytes(unpacked)
    raise Rejection(Reason.GZIP_CORRUPT, f"the gzip has more than {MAX_MEMBERS} members")
