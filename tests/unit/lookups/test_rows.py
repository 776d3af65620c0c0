from __future__ import annotations

import gzip
from contextlib import suppress
from typing import TYPE_CHECKING

import orjson
import pytest
import zstandard
from hypothesis import given
from hypothesis import strategies as st

from pipeline.errors import InputError
from pipeline.lookups import rows
from pipeline.lookups.rows import read_rows

if TYPE_CHECKING:
    from collections.abc import Callable

CSV = b"code,name\nDE,Germany\nFR,France\n"
NDJSON = b'{"code": "DE", "name": "Germany"}\n\n{"code": "FR", "name": "France"}'
ROWS = {"DE": {"code": "DE", "name": "Germany"}, "FR": {"code": "FR", "name": "France"}}


def read(content: bytes, by: str = "code", block: int = 7) -> dict[str, object]:
    blocks = [content[at : at + block] for at in range(0, len(content), block)]
    return {key: orjson.loads(row) for key, row in read_rows(blocks, by).items()}


@pytest.mark.parametrize("pack", [bytes, gzip.compress, zstandard.compress], ids=["plain", "gzip", "zstd"])
@pytest.mark.parametrize(
    "content", [CSV, NDJSON, b"\xef\xbb\xbf" + CSV, CSV.replace(b"\n", b"\r\n"), CSV + b"\n\n", b"\n" + NDJSON]
)
def test_formats(content: bytes, pack: Callable[[bytes], bytes]) -> None:
    """CSV and NDJSON, plain or compressed, are told by their beginnings."""
    assert ROWS == read(pack(content))


@pytest.mark.parametrize(
    ("content", "by", "expected"),
    [
        (b"", "code", {}),
        (b"code,name\n", "code", {}),
        (b'code,name\nDE,"a, ""b""\nc"\n', "code", {"DE": {"code": "DE", "name": 'a, "b"\nc'}}),
        (CSV, "name", {"Germany": ROWS["DE"], "France": ROWS["FR"]}),
        (b'{"id": 7, "x": [1.5, null]}', "id", {"7": {"id": 7, "x": [1.5, None]}}),
        ('{"id": "\u2028", "x": "\u2028"}'.encode(), "id", {"\u2028": {"id": "\u2028", "x": "\u2028"}}),
    ],
)
def test_rows(content: bytes, by: str, expected: dict[str, object]) -> None:
    """Each row is found by its value of the column."""
    assert expected == read(content, by)


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (CSV + b"DE,again\n", "row 4 has a code that an earlier row has"),
        (CSV + b"IT\n", "row 4 has 1 fields, and the header 2"),
        (CSV + b"IT,Italy,x\n", "row 4 has 3 fields, and the header 2"),
        (CSV + b",nowhere\n", "row 4 has no code that is text or a whole number"),
        (CSV + b'IT,"Italy', "row 4: unexpected end of data"),
        (CSV + b'IT,"Ita"ly\n', "row 4: .* expected after"),
        (b"name,x\na,b\n", "row 2 has no code"),
        (b"code,code\na,b\n", "a column is there twice"),
        (NDJSON + b'\n{"code"', "row 4 is no JSON object"),
        (NDJSON + b"\n[1]", "row 4 is no JSON object"),
        (NDJSON + b'\n{"code": true}', "row 4 has no code"),
        (NDJSON + b'\n{"code": 1.5}', "row 4 has no code"),
        (NDJSON + b'\n{"code": 1}\n{"code": "1"}', "row 5 has a code that an earlier row has"),
        (b"code\n\xff\n", "byte 5 is not UTF-8"),
        (gzip.compress(CSV)[:-1], "the gzip breaks off"),
        (zstandard.compress(CSV)[:-1], "the zstd breaks off"),
        (gzip.compress(b"x" * 20_000_000), "hold more than"),
    ],
)
def test_not_read_whole(content: bytes, why: str) -> None:
    """One row that cannot be read, and nothing is taken; the row is named, and nothing of what it holds."""
    with pytest.raises(InputError, match=why) as caught:
        read(content, block=1_000)
    assert "nowhere" not in str(caught.value)


@pytest.mark.parametrize(
    ("limit", "least", "why"), [("MAX_BYTES", len(CSV), "more than 30 bytes"), ("MAX_ROWS", 2, "more than 1 rows")]
)
def test_bounds(limit: str, least: int, why: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is just within the bounds is read, and nothing beyond."""
    monkeypatch.setattr(rows, limit, least)
    assert ROWS == read(CSV)
    monkeypatch.setattr(rows, limit, least - 1)
    with pytest.raises(InputError, match=why):
        read(CSV)


@given(st.binary(max_size=200) | st.text('{}":,\n\\ab1', max_size=60).map(str.encode))
def test_anything(content: bytes) -> None:
    """Whatever lies there, it is read or refused."""
    with suppress(InputError):
        assert all(isinstance(row, dict) for row in read(content, "a").values())
