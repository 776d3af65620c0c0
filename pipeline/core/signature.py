"""What an input is that is no text in UTF-8, told by its first bytes, and what its owner can do about it.

One answer for all of it, instead of one for each of the lines that it has by chance. The signatures all hold bytes that
are in no text, but for a tar's, which stands where one has a name.

(The formats' own specifications, and the magic of file(1).)
"""

from __future__ import annotations

import re
from typing import Final

from pipeline.core.lines import TEXT_CHECK_BYTES, why_not_text

_UNPACK: Final = "put the files that are in it"
_PACK: Final = "pack it with gzip or zstd, or not at all"
_WRITE: Final = "write it as NDJSON or CSV"
_ENCODE: Final = "write it as UTF-8, with iconv for example"
# The first that fits is told.
_SIGNATURES: Final = tuple(
    (re.compile(signature, re.DOTALL), what)
    for signature, what in (
        (rb"PK\x03\x04.{26}(\[Content_Types\]\.xml|_rels/|xl/)", "an Office document, maybe Excel: save it as CSV"),
        (rb"PK(\x03\x04|\x05\x06|\x07\x08)", f"a zip archive: {_UNPACK}"),
        (rb"7z\xbc\xaf\x27\x1c", f"a 7z archive: {_UNPACK}"),
        (rb"Rar!\x1a\x07", f"a rar archive: {_UNPACK}"),
        (rb".{257}ustar[\0 ]", f"a tar archive: {_UNPACK}"),
        (rb"BZh[1-9](1AY&SY|\x17rE8P\x90)", f"bzip2: {_PACK}"),
        (rb"\xfd7zXZ\0", f"xz: {_PACK}"),
        (rb"\x04\x22\x4d\x18", f"lz4: {_PACK}"),
        (rb"\xff\x06\0\0sNaPpY", f"snappy: {_PACK}"),
        (rb"\x1f\x9d", f"compress (.Z): {_PACK}"),
        (rb"PAR1[\0-\x1f\x80-\xff]", f"Parquet: {_WRITE}"),
        (rb"Obj\x01", f"Avro: {_WRITE}"),
        (rb"\xff\xfe\0\0|\0\0\xfe\xff", f"UTF-32: {_ENCODE}"),
        (rb"\xff\xfe|\xfe\xff", f"UTF-16: {_ENCODE}"),
    )
)


def foreign(start: bytes) -> str | None:
    """What an input is that begins like this, and what to do; None where it may be text. 300 bytes are enough.

    >>> foreign("Grüße".encode("utf-16")), foreign("Grüße".encode())
    ('UTF-16: write it as UTF-8, with iconv for example', None)
    """
    return next((what for signature, what in _SIGNATURES if signature.match(start)), None)


def is_binary(start: bytes) -> bool:
    r"""Whether an input that begins like this is not text at all; a few bad lines, with NUL bytes too, are only those.

    A machine that lost its power leaves NUL bytes in a log, and in most lines none.

    >>> is_binary(b"\0\0\0restarted\nready\nhello\n"), is_binary(b"\x7fELF\2\1\1\0\0")
    (False, True)
    """
    beginning = start[:TEXT_CHECK_BYTES]
    lines = beginning.split(b"\n")
    return b"\0" in beginning and 2 * sum(why_not_text(line, is_whole=True) is not None for line in lines) > len(lines)


def why_not_an_input(start: bytes) -> str | None:
    """Why nothing of an input that begins like this can be read, or None."""
    return foreign(start) or why_not_text(start[:TEXT_CHECK_BYTES], is_whole=False)
