from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from pipeline.errors import InputError
from pipeline.schema.document import MAX_FILE_BYTES, parse, read_folder

if TYPE_CHECKING:
    from pathlib import Path


def test_a_schema() -> None:
    """A JSON object in a file that is named after a type."""
    assert {"a": [1]} == parse("a.v1", b'{"a": [1]}')


@pytest.mark.parametrize(
    ("name", "content", "text"),
    [
        ("a", b"{}", "a.json is not named after an event type; one is words of"),
        ("a.v1", b"", "a.v1.json is not JSON: Expecting value"),
        ("a.v1", b"\xff", "a.v1.json is not JSON: "),
        ("a.v1", b'{"a": {"b": 1, "b": 2}}', "key 'b' is there twice in one object; keep one"),
        ("a.v1", b'{"maximum": NaN}', "NaN is no number of JSON"),
        ("a.v1", b"[]", "is not a JSON object"),
        ("a.v1", b"[" * 100_000, "is not JSON"),
        ("a.v1", b" " * (MAX_FILE_BYTES + 1), "the limit is"),
    ],
)
def test_no_schema(name: str, content: bytes, text: str) -> None:
    """The error names the file and what is wrong with it."""
    with pytest.raises(InputError) as caught:
        parse(name, content)
    assert text in str(caught.value)


def test_a_folder(tmp_path: Path) -> None:
    """Its JSON files are read, by type; without any, or without a folder, it is said what to do."""
    with pytest.raises(InputError, match="there is no schema in"):
        read_folder(tmp_path)
    with pytest.raises(InputError, match="there is no folder"):
        read_folder(tmp_path / "none")
    (tmp_path / "a.v1.json").write_bytes(b"{}")
    (tmp_path / "README.md").touch()
    assert {"a.v1": b"{}"} == read_folder(tmp_path)
