"""`pipeline transform`, as it is called."""

from __future__ import annotations

import gzip
import io
import subprocess
import sys
import tracemalloc
from typing import TYPE_CHECKING, Any

import orjson
import pytest

from pipeline import cli
from pipeline.cli.trial.reading import CHUNK_RECORDS, LIMIT_BYTES
from pipeline.cli.trial.show import Show
from pipeline.core.chunk import MAX_RECORD_BYTES
from pipeline.project import SCHEMAS
from pipeline.testing.lambda_events import aggregate, kinesis_record, log_event

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

LOGS = b"""{"level": "warning", "msg": "mail ada@shop.example"}
{"level": "TRACE", "msg": "x"}
{"specversion": "1.0", "id": "e-9", "source": "//s", "type": "lgo.v1", "data": {}}
"""


@pytest.fixture
def run(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Callable[..., tuple[int, list[Any], str]]:
    """The exit code, what stdout has (one JSON object a line), and stderr, for a file of this content."""

    def call(content: bytes, *options: str) -> tuple[int, list[Any], str]:
        path = tmp_path / "app.log"
        path.write_bytes(content)
        with pytest.raises(SystemExit) as ended:
            cli.main(["transform", *options, str(path)])
        said = capsys.readouterr()
        out = [orjson.loads(line) for line in said.out.splitlines()]
        return int(str(ended.value.code)), out, said.err.replace(f"{tmp_path}/", "")

    return call


def test_before_and_after(run: Callable[..., tuple[int, list[Any], str]]) -> None:
    """Every record has one outcome; the summary is the ledger, and says where to look first."""
    code, out, err = run(LOGS)
    assert (1, ["delivered", "dropped", "dead-lettered"]) == (code, [each["outcome"] for each in out])
    mailed, dropped, dead = out
    assert {"body": {"level": "warning", "msg": "mail ada@shop.example"}, "severity_text": "warning"} == (
        mailed["before"]["data"]
    )
    (after,) = mailed["after"]
    assert ("mail ***@shop.example", 13) == (after["data"]["body"]["msg"], after["data"]["severity_number"])
    assert ("filter.drop_below", []) == (dropped["by"], dropped["after"])
    assert ("unknown_type", "validate", 3) == (
        dead["dead_letter"]["reason"],
        dead["dead_letter"]["stage"],
        dead["line"],
    )
    assert "3 in = 1 delivered + 1 dropped + 1 dead-lettered; " in err
    assert "µs a record\ndropped: 1 by filter.drop_below\ndead-lettered: 1 unknown_type at validate, first " in err
    assert "app.log:3: type 'lgo.v1' has no schema; did you mean log.v1?\n" in err


def test_the_exit_code_is_for_ci(run: Callable[..., tuple[int, list[Any], str]]) -> None:
    """0 while nothing is dead-lettered, whatever is dropped; lines that cannot be run count as well."""
    assert 0 == run(LOGS[: LOGS.index(b'{"spec')])[0]
    code, out, err = run(b'{"x": 1}\n[]\n', "--type", "change.v1", "--format", "ndjson")
    assert (1, ["schema_invalid"]) == (code, [each["dead_letter"]["reason"] for each in out])
    assert "error: app.log:2: not ndjson: a JSON value that is no object\n" in err
    assert err.endswith("error: 1 line could not be run\n")


@pytest.mark.parametrize("name", sorted(path.stem for path in SCHEMAS.glob("*.json")))
def test_the_examples_of_the_schemas(name: str, run: Callable[..., tuple[int, list[Any], str]]) -> None:
    """All are delivered, with a subject for those that need one."""
    examples = orjson.loads((SCHEMAS / f"{name}.json").read_bytes())["examples"]
    code, out, _ = run(b"\n".join(map(orjson.dumps, examples)), "--type", name, "--ordered", "--format", "ndjson")
    assert (0, ["delivered"] * len(examples)) == (code, [each["outcome"] for each in out])


def test_one_record_is_explained(run: Callable[..., tuple[int, list[Any], str]]) -> None:
    """Each stage in order, each transform by its name, and what is written where as plain JSON."""
    code, (one,), err = run(b"INFO one\nERROR ada@shop.example\nthree\n", "--explain", "--line", "2")
    assert (0, 2, True) == (code, one["line"], "1 in = 1 delivered" in err)
    assert [
        ("decode", "decode.decode"),
        ("validate", "log.v1"),
        ("transform", "timestamps.to_utc"),
        ("transform", "lambda_log.read"),
        ("transform", "severity.normalise"),
        ("transform", "filter.drop_below"),
        ("transform", "mask.emails"),
        ("route", "encode.event_item"),
        ("route", "encode.archive_line"),
    ] == [(each["stage"], each["name"]) for each in one["stages"]]
    *_, mask, item, line = one["stages"]
    ((change,),) = [each["changes"] for each in mask["events"]]
    assert {"pointer": "/data/body", "before": "ERROR ada@shop.example", "after": "ERROR ***@shop.example"} == change
    assert ("item", f"event#{one['before']['id']}", 17) == (
        item["to"],
        item["key"],
        item["item"]["data"]["severity_number"],
    )
    assert ("archive", True) == (line["to"], line["partition"].startswith("type=log.v1/date="))
    assert "ERROR ***@shop.example" == line["line"]["data"]["body"]


def test_the_first_record_is_explained_by_default(run: Callable[..., tuple[int, list[Any], str]]) -> None:
    """One that is dead-lettered says at which step."""
    code, (one,), _ = run(b"\n[1]\n{}\n", "--raw", "--explain")
    assert (1, 2, "not_an_event") == (code, one["line"], one["dead_letter"]["reason"])
    assert [{"stage": "decode", "name": "decode.decode", "failed": True}] == one["stages"]


def test_an_aggregate_is_its_user_records(run: Callable[..., tuple[int, list[Any], str]]) -> None:
    """Each with its number, and each explained."""
    record = orjson.dumps(kinesis_record(aggregate(log_event("a"), log_event("b", severity_text="TRACE"))))
    _, out, _ = run(record)
    assert [(0, "delivered"), (1, "dropped")] == [(each["user_record"], each["outcome"]) for each in out]
    _, out, _ = run(record, "--explain")
    assert ["a", "b"] == [each["stages"][0]["event"]["id"] for each in out]


def test_inputs_are_those_of_put(run: Callable[..., tuple[int, list[Any], str]]) -> None:
    """Packed, in any format, with the field that is the subject."""
    rows = gzip.compress(b"user,n\nada,1\nbob,2\n")
    _, out, _ = run(rows, "--key", "user", "--format", "csv")
    assert ["ada", "bob"] == [each["after"][0]["subject"] for each in out]


def test_stdin(capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What comes is shown, and named stdin."""
    (tmp_path / "in").write_bytes(b"one\n")
    with (tmp_path / "in").open() as file:
        monkeypatch.setattr(sys, "stdin", file)
        with pytest.raises(SystemExit):
            cli.main(["transform", "-"])
    assert "stdin" == orjson.loads(capsys.readouterr().out)["file"]


@pytest.mark.parametrize(
    ("content", "options", "code", "said"),
    [
        (b"", [], 0, "note: app.log: empty, there is nothing to ship\n"),
        (b"\0", [], 1, "error: app.log: not text (a NUL byte at byte 0)"),
        (b"x", ["--type", "lgo.v1"], 1, "error: there is no event type 'lgo.v1'; did you mean log.v1?"),
        (b"x", ["--schemas", "/nowhere"], 1, "error: there is no folder /nowhere"),
        (b"x", ["--route", "nowhere.py"], 1, "error: nowhere.py: there is no such file"),
        (b"x", ["--explain", "--line", "7"], 1, "error: there is no record at line 7\n"),
        (b"x" * MAX_RECORD_BYTES, [], 1, "bytes in all; a record on the stream is at most 1,048,576\n"),
        (b"x" * (LIMIT_BYTES + 1), [], 1, "app.log:1: 16,777,217 bytes; at most 16,777,216 are read at once\n"),
        (b"a\n\xff\n" + b"b" * 9000, [], 1, "app.log: not text (not UTF-8 at byte 2"),
        (b"x", ["--line", "7"], 2, "Error: --line is the one to explain: give --explain too\n"),
        (b"x", ["--raw", "--key", "a"], 2, "Error: --raw takes lines as they are, whole\n"),
        (b"x", ["--ordered", "--key", "a"], 2, "Error: --ordered and --key are two subjects: give one\n"),
    ],
)
def test_what_is_wrong_is_one_line(
    content: bytes, options: list[str], code: int, said: str, run: Callable[..., tuple[int, list[Any], str]]
) -> None:
    """Nothing is shown for it on stdout, and nobody sees a traceback."""
    ended, out, err = run(content, *options)
    assert (code, [], True) == (ended, out, said in err)
    assert "Traceback" not in err


def test_bytes_that_are_no_text_amid_lines(run: Callable[..., tuple[int, list[Any], str]]) -> None:
    """Each line stands for itself."""
    code, out, err = run(b"a\n" * 5000 + b"\xff\nb\n")
    assert (1, 5001, True) == (code, len(out), "app.log:5001: not UTF-8 at byte 0" in err)


def test_a_route_that_is_not_registered(run: Callable[..., tuple[int, list[Any], str]], tmp_path: Path) -> None:
    """It is run for the type that it names, with the schema of a folder."""
    (tmp_path / "orders.v1.json").write_text('{"type": "object", "required": ["lines"]}')
    (tmp_path / "tried_orders.py").write_text(
        "from msgspec.structs import replace\n"
        "from pipeline.core.encode import archive_line\n"
        "from pipeline.core.route import Route\n"
        "def split(event):\n"
        "    return [replace(event, id=f'{event.id}-{each}', data={'line': each}) for each in event.data['lines']]\n"
        'TYPE = "orders.v1"\n'
        "ROUTE = Route((split,), (archive_line,))\n"
    )
    code, out, err = run(
        b'{"lines": [1, 2]}\n{"lines": []}\n{"lines": 3}\n',
        *("--route", str(tmp_path / "tried_orders.py"), "--schemas", str(tmp_path)),
    )
    assert (1, [2, 0, 0]) == (code, [len(each["after"]) for each in out])
    assert [{"line": 1}, {"line": 2}] == [each["data"] for each in out[0]["after"]]
    assert ["tried_orders.split", "tried_orders.split"] == [each["by"] for each in out[1:]]
    assert ("bug", True) == (out[2]["dead_letter"]["reason"], "; 2 events delivered; " in err)


def test_a_flood_of_bugs_is_said(run: Callable[..., tuple[int, list[Any], str]], tmp_path: Path) -> None:
    """Deployed, it would fail the batch."""
    (tmp_path / "flooding.py").write_text(
        "from pipeline.core.encode import archive_line\n"
        "from pipeline.core.route import Route\n"
        "ROUTE = Route((lambda event: 1 / 0,), (archive_line,))\n"
    )
    code, _, err = run(b"one\n", "--type", "log.v1", "--route", str(tmp_path / "flooding.py"))
    assert (1, True) == (code, "most records hit a bug: a function would fail the batch" in err)


def test_ctrl_c_ends_with_the_summary(
    run: Callable[..., tuple[int, list[Any], str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    """What has been run until then is summed up."""

    def interrupt(_show: Show) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(Show, "flush", interrupt)
    code, out, err = run(b"one\n")
    assert (130, 1, True) == (code, len(out), "1 in = 1 delivered" in err)


def test_a_reader_that_leaves(tmp_path: Path) -> None:
    """Nobody is left to tell: there is no traceback, and the code says that the output was cut off."""
    path = tmp_path / "app.log"
    path.write_bytes(b"line\n" * 20_000)
    code = f"from pipeline import cli; cli.main(['transform', {str(path)!r}])"
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.readline()
        process.stdout.close()
        err = process.stderr.read()
        assert (141, b"") == (process.wait(60), err)


def test_nothing_of_aws_is_even_imported(tmp_path: Path) -> None:
    """It starts fast, and needs no credentials and no network."""
    path = tmp_path / "app.log"
    path.write_bytes(b"line\n")
    code = (
        "import sys; from pipeline import cli\n"
        f"try: cli.main(['transform', {str(path)!r}])\n"
        "finally: print(sorted({'boto3', 'botocore', 'pipeline.aws', 'pipeline.environment'} & sys.modules.keys()))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True)
    assert "[]" == done.stdout.splitlines()[-1]


def test_memory_is_bounded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Ten times the lines take no more of it."""
    peaks = []
    for count in (2 * CHUNK_RECORDS, 20 * CHUNK_RECORDS):
        path = tmp_path / f"{count}.log"
        path.write_bytes(b"INFO a line of some length, as lines are\n" * count)
        with path.open() as file, monkeypatch.context() as patched:
            patched.setattr(sys, "stdin", file)
            patched.setattr(sys, "stdout", io.TextIOWrapper(io.FileIO("/dev/null", "w")))
            tracemalloc.start()
            with pytest.raises(SystemExit):
                cli.main(["transform", "-"])
            peaks.append(tracemalloc.get_traced_memory()[1])
            tracemalloc.stop()
            sys.stdout.close()
    assert peaks[1] < 1.5 * peaks[0]
