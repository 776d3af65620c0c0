"""An object of CSV or NDJSON → its rows, by a column. Plain, gzip or zstd; told by its first bytes, as its format is.

It is read whole or not at all: one row that cannot be read, a key that is there twice or not at all, and nothing of it
is taken, for the rows that an older version had would silently be gone.
"""

from __future__ import annotations

import csv
import io
from typing import TYPE_CHECKING, Final

import orjson

from pipeline.core.packed import bounded
from pipeline.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from pipeline.model import Json

# Of all of it unpacked. Rows are kept as JSON, so that takes about twice as much.
MAX_BYTES: Final = 64 * 1024 * 1024
MAX_ROWS: Final = 500_000
_MAX_FIELD_CHARACTERS: Final = 1024 * 1024


def read_rows(blocks: Iterable[bytes], by: str) -> dict[str, bytes]:
    r"""Each row as JSON, under its value of the column.

    Raises InputError when it cannot be read whole; it says the row, and nothing of its content.

    >>> read_rows([b"code,name", b"\nDE,Germany\n"], "code")
    {'DE': b'{"code":"DE","name":"Germany"}'}
    """
    text = _text(blocks)
    rows = _json_rows(text) if text.lstrip()[:1] == "{" else _csv_rows(text)
    found: dict[str, bytes] = {}
    for number, row in rows:
        key = row.get(by)
        if isinstance(key, bool) or not isinstance(key, str | int) or key == "":
            raise InputError(f"row {number} has no {by} that is text or a whole number")
        if str(key) in found:
            raise InputError(f"row {number} has a {by} that an earlier row has")
        if len(found) == MAX_ROWS:
            raise InputError(f"it has more than {MAX_ROWS:,} rows")
        found[str(key)] = orjson.dumps(row)
    return found


def _text(blocks: Iterable[bytes]) -> str:
    whole = bytearray()
    for block in bounded(blocks):
        whole += block
        if len(whole) > MAX_BYTES:
            raise InputError(f"it has more than {MAX_BYTES:,} bytes")
    try:
        return whole.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise InputError(f"byte {error.start} is not UTF-8") from None


def _json_rows(text: str) -> Iterator[tuple[int, Mapping[str, Json]]]:
    for number, line in enumerate(text.split("\n"), 1):
        if not line.strip():
            continue
        try:
            row = orjson.loads(line)
        except orjson.JSONDecodeError:
            row = None
        if not isinstance(row, dict):
            raise InputError(f"row {number} is no JSON object")
        yield number, row


def _csv_rows(text: str) -> Iterator[tuple[int, Mapping[str, Json]]]:
    csv.field_size_limit(_MAX_FIELD_CHARACTERS)
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    try:
        header = next(reader, [])
        if len(set(header)) < len(header):
            raise InputError("a column is there twice")
        for row in reader:
            if not row:
                continue
            if len(row) != len(header):
                raise InputError(f"row {reader.line_num} has {len(row)} fields, and the header {len(header)}")
            yield reader.line_num, dict(zip(header, row, strict=True))
    except csv.Error as error:
        raise InputError(f"row {reader.line_num}: {error}") from None
