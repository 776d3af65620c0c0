"""`pipeline schema infer`, as it is called."""

from __future__ import annotations

import gzip
import io
import sys
import tracemalloc
from typing import TYPE_CHECKING

import orjson
import pytest
import zstandard

from pipeline import cli
from pipeline.cli.schema.infer import type_of_file
from pipeline.schema.inference import infer
from pipeline.schema.lint import lint
from pipeline.schema.records import Records

if TYPE_CHECKING:
    from pathlib import Path

LINES = b'{"id": 1, "mail": "ada@shop.example"}\nnot json\n{"id": 2}\n'


def run(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[object, str, str]:
    with pytest.raises(SystemExit) as ended:
        cli.main(["schema", "infer", *arguments])
    said = capsys.readouterr()
    return ended.value.code, said.out, said.err


def test_a_file(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The schema goes to stdout, under the file's name; what was passed over is told on stderr."""
    path = tmp_path / "Orders.ndjson"
    path.write_bytes(LINES)
    code, out, err = run(capsys, str(path))
    schema = orjson.loads(out)
    assert (0, "orders.v1", []) == (code, schema["title"], lint("orders.v1", schema))
    assert ["id"] == schema["required"]
    assert ("passed over line 2: not_json", "2 records read, 1 lines passed over") == (err[:28], err.splitlines()[-1])
    assert "ada" not in out


def test_stdin_with_examples(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """Under the name that is given, with the records themselves as examples."""
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(LINES * 3)))
    code, out, _ = run(capsys, "--type", "shop.order.v2", "--examples", "-")
    schema = orjson.loads(out)
    assert (0, "shop.order.v2", []) == (code, schema["title"], lint("shop.order.v2", schema))
    assert [1, 2, 1] == [each["id"] for each in schema["examples"]]


@pytest.mark.parametrize(
    ("content", "options", "code", "said"),
    [
        (b"", [], 1, "holds no record, which is a JSON object, a row of CSV or a line of a log\n"),
        (gzip.compress(LINES)[:-9], [], 1, "a.ndjson: the gzip breaks off"),
        (b"\xff\n", [], 1, "; line 1: not_utf8"),
        (b"{}", ["--type", "Orders"], 2, "'Orders' is no name of an event type; one is words of"),
    ],
)
def test_what_cannot_be(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], content: bytes, options: list[str], code: int, said: str
) -> None:  # fmt: skip
    """One line says why, and no schema is written."""
    path = tmp_path / "a.ndjson"
    path.write_bytes(content)
    ended, out, err = run(capsys, str(path), *options)
    assert (code, "", True) == (ended, out, said in err)


@pytest.mark.parametrize(
    ("content", "options", "properties"),
    [
        (b"id,total\n1,2.5\n2,3\n", [], {"id": "string", "total": "string"}),
        (gzip.compress(b"id,total\n1,2.5\n"), [], {"id": "string", "total": "string"}),
        (zstandard.compress(LINES), [], {"id": "integer", "mail": "string"}),
        (b'[{"id": 1},\n {"id": 2}]', [], {"id": "integer"}),
        (b"level=info order=7\nlevel=warn order=8\n", [], {"body": "string", "severity_text": "string",
                                                          "attributes": "object"}),
        (b"a b=c\n", ["--format", "logfmt"], {"body": "string", "attributes": "object"}),
        (b"2026-11-23T10:00:00.000Z it fails\n  at line 1\n", [], {"body": "string"}),
    ],
)  # fmt: skip
def test_other_formats(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], content: bytes, options: list[str], properties: dict[str, str]
) -> None:
    """What `pipeline put` ships as the data of a type is what the schema is of."""
    path = tmp_path / "orders"
    path.write_bytes(content)
    code, out, _ = run(capsys, str(path), *options)
    assert (0, properties) == (code, {name: each["type"] for name, each in orjson.loads(out)["properties"].items()})


def test_records_that_no_schema_fits(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """An event has no place for them, and that is said."""
    path = tmp_path / "a.ndjson"
    path.write_bytes(b'{"a": ' * 100 + b"1" + b"}" * 100)
    ended, out, err = run(capsys, str(path), "--examples")
    assert (1, "", True) == (ended, out, "error: no schema can be made of these records" in err)


@pytest.mark.parametrize(
    ("name", "expected"),
    [("data/Orders 2026.ndjson", "orders-2026.v1"), ("a.csv.gz", "a.v1"), ("a.v2.json.zst", "a.v2"),
     ("orders.v2.json", "orders.v2"), ("<stdin>", "records.v1"),
     ("1.ndjson", "records.v1")],
)  # fmt: skip
def test_the_type_of_a_file(name: str, expected: str) -> None:
    """As near to the file's name as a type's can be."""
    assert expected == type_of_file(name)


class Endless(io.RawIOBase):
    """So many lines, no two alike, that are never all there at once."""

    def __init__(self, lines: int) -> None:
        self.left = lines

    def read(self, size: int = -1, /) -> bytes:
        count = min(self.left, size // 40)
        self.left -= count
        numbers = range(self.left, self.left + count)
        return b"".join(b'{"id": %d, "name": "n%d", "tags": {"t%d": 1}}\n' % (n, n, n) for n in numbers)


def test_memory_is_bounded() -> None:
    """Ten times the records take no more memory, whatever is in them."""

    def peak_bytes(lines: int) -> int:
        tracemalloc.start()
        infer(Records(Endless(lines)))  # type: ignore[arg-type] # what is read of a file is all there is
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return peak

    assert peak_bytes(10_000) < 2 * peak_bytes(1_000)
