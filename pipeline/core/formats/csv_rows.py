"""CSV: a header row that names the fields, then rows; the body is an object of the fields, each a text.

The delimiter is the one of comma, semicolon and tab that the header has most of. A field that begins with a quotation
mark ends with one, holds delimiters and line feeds, and a quotation mark as two (RFC 4180, section 2). A row with
another number of fields than the header is not read: which of its fields is missing cannot be known. What is a row,
`csv_framing` finds.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING, Final

from pipeline.core.formats.parsed import Parsed, from_fields, text_of
from pipeline.core.formats.plain import severity
from pipeline.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pipeline.core.formats.parsed import LocalTime
    from pipeline.core.lines import Line

DELIMITERS: Final = (b",", b";", b"\t")
_QUOTED: Final = re.compile(rb'"[^"]*+"')
_FIELDS: Final = {
    delimiter: re.compile(rf'(?:"([^"]*+(?:""[^"]*+)*+)"|((?!")[^{delimiter.decode()}]*+))({delimiter.decode()}|\Z)')
    for delimiter in DELIMITERS
}
# What a person would call a column, and no beginning of a sentence, of a time or of a pair.
_COLUMN: Final = re.compile(r"[^\W\d][\w .@:/()%#-]{0,63}")


def parse(line: Line, local: LocalTime) -> Parsed:
    """A row. Raises InputError, when its fields are not those of the header."""
    delimiter, names = columns(line.header)
    values = _fields(text_of(line), delimiter)
    if len(values) != len(names):
        raise InputError(f"{len(values)} fields, and the header has {len(names)}")
    fields = dict(zip(names, values, strict=True))
    parsed, _ = from_fields({name.lower(): value for name, value in fields.items()}, local, {})
    return parsed._replace(body={**fields}, fields={**fields})


def is_likely(records: Sequence[Line]) -> bool:
    """Whether the header names columns, so that the rows are more than lines with as many commas."""
    try:
        names = _fields(records[0].header.decode(), _delimiter(records[0].header))
    except (InputError, UnicodeDecodeError):
        return False
    is_a_line = severity(records[0].header.decode()) is not None
    return len(names) > 1 and len(set(names)) == len(names) and all(map(_COLUMN.fullmatch, names)) and not is_a_line


def _delimiter(header: bytes) -> bytes:
    unquoted = _QUOTED.sub(b"", header)
    return max(DELIMITERS, key=unquoted.count)


@lru_cache(maxsize=16)
def columns(header: bytes) -> tuple[bytes, tuple[str, ...]]:
    """The delimiter, and a name for each column: its own, with its number where it has none or one that is taken.

    Raises InputError when the header cannot be read.
    """
    if not header:
        raise InputError("there is no header row")
    delimiter = _delimiter(header)
    names: dict[str, None] = {}
    try:
        own = _fields(header.decode(errors="replace"), delimiter)
    except InputError as error:
        raise InputError(f"the header row cannot be read: {error}") from None
    for number, name in enumerate(own, start=1):
        unique = name or f"column_{number}"
        while unique in names:
            unique += f"_{number}"
        names[unique] = None
    return delimiter, tuple(names)


def _fields(row: str, delimiter: bytes) -> list[str]:
    form, values, at = _FIELDS[delimiter], list[str](), 0
    while True:
        match = form.match(row, at)
        if match is None:
            raise InputError(f"a quotation mark is not closed, or text is behind it, at character {at}")
        quoted, bare, ending = match.groups()
        values.append(bare if quoted is None else quoted.replace('""', '"'))
        if not ending:
            return values
        at = match.end()
