"""What is no text: told by its name."""

from __future__ import annotations

import bz2
import codecs
import io
import lzma
import tarfile
import zipfile

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.core.signature import foreign, why_not_an_input

TEXT = "level,text\ninfo,Grüße\n"


def zipped(*names: str) -> bytes:
    """An archive of empty files."""
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as archive:
        for name in names:
            archive.writestr(name, "")
    return content.getvalue()


def tarred(form: int) -> bytes:
    """An archive of one file that is text."""
    content = io.BytesIO()
    with tarfile.open(fileobj=content, mode="w", format=form) as archive:
        member = tarfile.TarInfo("app.log")
        member.size = len(TEXT.encode())
        archive.addfile(member, io.BytesIO(TEXT.encode()))
    return content.getvalue()


FOREIGN = {
    "zip": (zipped("app.log"), "a zip archive: put the files that are in it"),
    "empty zip": (zipped(), "a zip archive: put the files that are in it"),
    "xlsx": (zipped("[Content_Types].xml", "xl/workbook.xml"), "an Office document, maybe Excel: save it as CSV"),
    "xlsx in another order": (zipped("xl/workbook.xml"), "an Office document, maybe Excel: save it as CSV"),
    "7z": (b"7z\xbc\xaf\x27\x1c\0\4", "a 7z archive: put the files that are in it"),
    "rar": (b"Rar!\x1a\x07\x01\0", "a rar archive: put the files that are in it"),
    "ustar": (tarred(tarfile.USTAR_FORMAT), "a tar archive: put the files that are in it"),
    "gnu tar": (tarred(tarfile.GNU_FORMAT), "a tar archive: put the files that are in it"),
    "pax": (tarred(tarfile.PAX_FORMAT), "a tar archive: put the files that are in it"),
    "bzip2": (bz2.compress(TEXT.encode()), "bzip2: pack it with gzip or zstd, or not at all"),
    "empty bzip2": (bz2.compress(b""), "bzip2: pack it with gzip or zstd, or not at all"),
    "xz": (lzma.compress(TEXT.encode()), "xz: pack it with gzip or zstd, or not at all"),
    "lz4": (b"\x04\x22\x4d\x18\x64\x40", "lz4: pack it with gzip or zstd, or not at all"),
    "snappy": (b"\xff\x06\0\0sNaPpY\1", "snappy: pack it with gzip or zstd, or not at all"),
    "compress": (b"\x1f\x9d\x90\x61", "compress (.Z): pack it with gzip or zstd, or not at all"),
    "Parquet": (b"PAR1\x15\4\x15\x20", "Parquet: write it as NDJSON or CSV"),
    "Avro": (b"Obj\x01\x04\x16avro.schema", "Avro: write it as NDJSON or CSV"),
    "UTF-16, little": (
        codecs.BOM_UTF16_LE + TEXT.encode("utf-16-le"),
        "UTF-16: write it as UTF-8, with iconv for example",
    ),
    "UTF-16, big": (
        codecs.BOM_UTF16_BE + TEXT.encode("utf-16-be"),
        "UTF-16: write it as UTF-8, with iconv for example",
    ),
    "UTF-32, little": (
        codecs.BOM_UTF32_LE + TEXT.encode("utf-32-le"),
        "UTF-32: write it as UTF-8, with iconv for example",
    ),
    "UTF-32, big": (
        codecs.BOM_UTF32_BE + TEXT.encode("utf-32-be"),
        "UTF-32: write it as UTF-8, with iconv for example",
    ),
}


@pytest.mark.parametrize(("start", "expected"), FOREIGN.values(), ids=FOREIGN)
def test_what_is_no_text(start: bytes, expected: str) -> None:
    """What makes it what it is, is in the first 300 bytes; and what its owner can do."""
    assert expected == foreign(start[:300]) == why_not_an_input(start)


@pytest.mark.parametrize(
    "text", ["PK is a word", "PAR1 started", "BZh91 is no time", "Rar!", "Obj", "7z -> x", "\ufeffa"]
)
def test_what_only_looks_like_it(text: str) -> None:
    """A text may begin with the letters of a signature."""
    assert foreign(text.encode()) is None is why_not_an_input(text.encode())


@given(st.text(st.characters(exclude_categories=["Cc", "Cs"])))
def test_text_is_never_foreign(text: str) -> None:
    """Whatever its letters are, but for control characters."""
    assert text[257:262] == "ustar" or foreign(text.encode()) is None


@pytest.mark.parametrize(("start", "expected"), [(b"a\0b", "a NUL byte at byte 1"), (b"\xc3", None)])
def test_what_has_no_name(start: bytes, expected: str | None) -> None:
    """It is looked at as text; a character may be cut."""
    assert expected == why_not_an_input(start)
