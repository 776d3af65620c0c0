"""The command: which stream, which options, and what is said when they are wrong."""

from __future__ import annotations

from typing import TYPE_CHECKING

import orjson
import pytest

from pipeline import cli
from pipeline.cli import put
from pipeline.errors import NotDeployed
from pipeline.testing.kinesis import FakeStream

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


class CheckedStream(FakeStream):
    """A stream with a name, that is checked before anything is read."""

    name = ""

    def check(self) -> None:
        if self.name == "missing":
            raise NotDeployed("there is no Kinesis stream 'missing'")


@pytest.fixture
def stream(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> CheckedStream:
    """The stream that the command makes, in an empty folder, with credentials that nobody asks for."""
    fake = CheckedStream()

    def make(_client: object, name: str) -> CheckedStream:
        fake.name = name
        return fake

    monkeypatch.setattr(put, "KinesisStream", make)
    monkeypatch.setattr(put, "stack_output", lambda _clients, stack, name: f"{stack}-{name}")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")
    monkeypatch.chdir(tmp_path)
    return fake


@pytest.fixture
def log(stream: CheckedStream, tmp_path: Path) -> Callable[[str], str]:
    """A file to put."""
    del stream

    def write(content: str) -> str:
        path = tmp_path / "app.log"
        path.write_text(content)
        return str(path)

    return write


def bodies(stream: FakeStream) -> list[str]:
    return [orjson.loads(each.data)["data"]["body"] for each in stream.records]


def run(*arguments: str) -> int:
    """The exit code of the command."""
    with pytest.raises(SystemExit) as caught:
        cli.main(["put", "--endpoint-url", "http://127.0.0.1:1", "--region", "us-east-1", *arguments])
    return int(str(caught.value.code))


def test_command_ships_to_the_stream_of_the_stack(stream: CheckedStream, log: Callable[[str], str]) -> None:
    """The stack's output names it."""
    assert 0 == run("--stack", "mine", log("one"))
    assert ("mine-StreamName", ["one"]) == (stream.name, bodies(stream))


def test_command_ships_to_a_stream_by_name(stream: CheckedStream, log: Callable[[str], str]) -> None:
    """Without any stack."""
    assert 0 == run("--stream", "events", log("one"))
    assert "events" == stream.name


def test_command_keeps_order_by_field(stream: CheckedStream, log: Callable[[str], str]) -> None:
    """Lines of one value travel one by one, in their order."""
    assert 0 == run("--key", "user", log('{"user":"a","n":1}\n{"user":"a","n":2}\n{"user":"b","n":3}\n'))
    assert ["a", "b", "a"] == [each.partition_key for call in stream.calls for each in call]


def test_command_keeps_the_order_of_a_file(stream: CheckedStream, log: Callable[[str], str]) -> None:
    """On request, one call a line."""
    assert 0 == run("--ordered", log("one\ntwo\nthree\n"))
    assert (["one", "two", "three"], 3) == (bodies(stream), len(stream.calls))


def test_command_ships_raw_lines(stream: CheckedStream, log: Callable[[str], str]) -> None:
    """As the demo does with its record that is not JSON."""
    assert 0 == run("--raw", log("not JSON"))
    assert [b"not JSON"] == [each.data for each in stream.records]


def test_command_ships_another_type(stream: CheckedStream, log: Callable[[str], str]) -> None:
    """A line is its data."""
    assert 0 == run("--type", "change.v1", log('{"op":"c"}'))
    (event,) = (orjson.loads(each.data) for each in stream.records)
    assert ("change.v1", {"op": "c"}) == (event["type"], event["data"])


@pytest.mark.parametrize(
    ("arguments", "code", "expected"),
    [
        (["--type", "log.v2", "x.log"], 1, "error: there is no event type 'log.v2'; did you mean log.v1?"),
        (["--stream", "missing", "x.log"], 1, "error: there is no Kinesis stream 'missing'"),
        (["x.log"], 1, "error: x.log: there is no such file"),
        (["--raw", "--key", "user", "x.log"], 2, "Error: --raw ships lines as they are"),
        (["--raw", "--type", "change.v1", "x.log"], 2, "Error: --raw ships lines as they are"),
        (["--raw", "--format", "ndjson", "x.log"], 2, "Error: --raw ships lines as they are"),
        (["--ordered", "--key", "user", "x.log"], 2, "Error: --ordered and --key are two orders"),
        ([], 2, "Error: Missing argument"),
    ],
)
def test_command_says_what_is_wrong(
    arguments: list[str], code: int, expected: str, stream: CheckedStream, capsys: pytest.CaptureFixture[str]
) -> None:
    """One clear line on stderr, no traceback, nothing shipped."""
    assert code == run(*arguments)
    out, err = capsys.readouterr()
    assert expected in err
    assert ("", []) == (out, stream.records)
    assert "Traceback" not in err
