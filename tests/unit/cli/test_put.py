"""The command: which stream, which options, and what is said when they are wrong."""

from __future__ import annotations

import signal
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import orjson
import pytest

from pipeline import cli
from pipeline.cli import put
from pipeline.cli.shipping.follow import run as run_module
from pipeline.cli.shipping.follow.store import Store
from pipeline.core import kpl
from pipeline.core.claim import MAX_CLAIM_BYTES
from pipeline.errors import NotDeployed
from pipeline.testing.kinesis import FakeStream

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from pipeline.model import Accepted, Claim, Entry, Refused


class CheckedStream(FakeStream):
    """A stream with a name, that is checked before anything is read."""

    name = ""
    when_put: Callable[[], None] | None = None

    def put(self, entries: Sequence[Entry]) -> Sequence[Accepted | Refused]:
        answers = super().put(entries)
        if self.when_put is not None:
            self.when_put()
        return answers

    def check(self) -> None:
        if self.name == "missing":
            raise NotDeployed("there is no Kinesis stream 'missing'")


@dataclass
class Claims:
    """A ClaimStore."""

    bucket: str = ""
    left: dict[str, bytes] = field(default_factory=dict)

    def leave(self, claim: Claim, body: bytes) -> None:
        self.left[claim.key] = body


@pytest.fixture
def stream(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> CheckedStream:
    """The stream that the command makes, in an empty folder, with credentials that nobody asks for."""
    fake = CheckedStream()

    def make(_client: object, name: str) -> CheckedStream:
        fake.name = name
        return fake

    monkeypatch.setattr(put, "KinesisStream", make)
    monkeypatch.setattr(put, "_target", lambda _clients, name: f"target of {name}")
    monkeypatch.setattr(put, "stack_output", lambda _clients, stack, name: f"{stack}-{name}")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")
    monkeypatch.chdir(tmp_path)
    return fake


@pytest.fixture
def claims(stream: CheckedStream, monkeypatch: pytest.MonkeyPatch) -> Claims:
    """What is left in the bucket that the command opens."""
    del stream
    fake = Claims()

    def open_claims(bucket: str, _clients: object) -> Claims:
        fake.bucket = bucket
        return fake

    monkeypatch.setattr(put, "open_claims", open_claims)
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


def bodies(stream: FakeStream) -> list[Any]:
    return [event["data"]["body"] for event in events(stream)]


def events(stream: FakeStream) -> list[dict[str, Any]]:
    """Of all records, alone or in aggregates."""
    packed = (kpl.unpack(each.data) if kpl.is_aggregate(each.data) else [each] for each in stream.records)
    return [orjson.loads(each.data) for records in packed for each in records]


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
    """Lines that travel alone are sent one by one, those of a value in their order."""
    content = '{"user":"a","n":1}\n{"user":"a","n":2}\n{"user":"b","n":3}\n'
    assert 0 == run("--no-aggregate", "--key", "user", log(content))
    assert ["a", "b", "a"] == [each.partition_key for call in stream.calls for each in call]


def test_lines_share_records(stream: CheckedStream, log: Callable[[str], str]) -> None:
    """Those of a value are in one record, in their order, by default."""
    assert 0 == run("--key", "user", log("".join(f'{{"user":"a","n":{n}}}\n' for n in range(100))))
    assert (1, [{"user": "a", "n": n} for n in range(100)]) == (len(stream.records), bodies(stream))
    assert {"a"} == {event["subject"] for event in events(stream)}


@pytest.mark.parametrize(("options", "calls"), [([], 1), (["--no-aggregate"], 3)])
def test_command_keeps_the_order_of_a_file(
    options: list[str], calls: int, stream: CheckedStream, log: Callable[[str], str]
) -> None:
    """In one record, or one call a line."""
    assert 0 == run("--ordered", *options, log("one\ntwo\nthree\n"))
    assert (["one", "two", "three"], calls) == (bodies(stream), len(stream.calls))


def test_command_ships_raw_lines(stream: CheckedStream, log: Callable[[str], str]) -> None:
    """As the demo does with its record that is not JSON."""
    assert 0 == run("--raw", log("not JSON"))
    assert [b"not JSON"] == [each.data for each in stream.records]


def test_command_ships_another_type(stream: CheckedStream, log: Callable[[str], str]) -> None:
    """A line is its data."""
    assert 0 == run("--type", "change.v1", log('{"op":"c"}'))
    (event,) = (orjson.loads(each.data) for each in stream.records)
    assert ("change.v1", {"op": "c"}) == (event["type"], event["data"])


def test_command_ships_logs_of_another_type(
    stream: CheckedStream, log: Callable[[str], str], capsys: pytest.CaptureFixture[str]
) -> None:
    """They share records as logs do; a line of a log that can be no data of the type is refused with the reason."""
    line = '10.0.0.1 - - [23/Nov/2026:10:00:00 +0000] "GET / HTTP/1.1" 200 5\n'
    assert 0 == run("--type", "access_log.v1", log(2 * line))
    assert (["access_log.v1"] * 2, 1) == ([each["type"] for each in events(stream)], len(stream.records))

    assert 1 == run("--type", "change.v1", log(line))
    assert 'app.log:1: a line of a log is no data of change.v1: "op" is a required' in capsys.readouterr().err
    assert 1 == len(stream.records)


@pytest.mark.parametrize(
    ("arguments", "code", "expected"),
    [
        (["--type", "log.v99", "x.log"], 1, "error: there is no event type 'log.v99'; did you mean log.v"),
        (["--stream", "missing", "x.log"], 1, "error: there is no Kinesis stream 'missing'"),
        (["x.log"], 1, "error: x.log: there is no such file"),
        (["--raw", "--key", "user", "x.log"], 2, "Error: --raw ships lines as they are"),
        (["--raw", "--type", "change.v1", "x.log"], 2, "Error: --raw ships lines as they are"),
        (["--raw", "--format", "ndjson", "x.log"], 2, "Error: --raw ships lines as they are"),
        (["--ordered", "--key", "user", "x.log"], 2, "Error: --ordered and --key are two orders"),
        (["--follow", "--dry-run", "x.log"], 2, "Error: --dry-run looks at what is there: leave --follow out"),
        (["--raw", "--oversize", "claim-check", "x.log"], 2, "--oversize claim-check cannot take them apart"),
        (["--claims-bucket", "b", "x.log"], 2, "--claims-bucket is for --oversize claim-check"),
        (["--oversize", "claim-check", "--stream", "events", "x.log"], 2, "name that of its consumer"),
        (["--state", ".", "x.log"], 2, "Error: --state is where --follow remembers: give both, or neither"),
        (["--follow", "-"], 1, "error: stdin is read to its end anyway: leave --follow out"),
        (["--follow", "/dev/null"], 1, "error: /dev/null: neither a file nor a folder: leave --follow out"),
        (["--follow", "--state", "/dev/null/x", "x.log"], 1, "name a folder of yours with --state"),
        (["--rejects", "/dev/null/x", "x.log"], 1, "error: /dev/null/x: rejected lines cannot be written there"),
        (["--format", "xml", "x.log"], 2, "Error: Invalid value for '--format': 'xml' is not one of"),
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


def test_command_follows_until_it_is_asked_to_end(
    stream: CheckedStream, log: Callable[[str], str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """SIGTERM ends it with 0; started again, it goes on where it was."""
    monkeypatch.setattr(run_module, "POLL_SECONDS", 0.0)
    names = ["--follow", "--state", str(tmp_path / "state"), "--stream", "events", log("one\n")]
    stream.when_put = lambda: signal.raise_signal(signal.SIGTERM)

    assert 0 == run(*names)
    with (tmp_path / "app.log").open("a") as file:
        file.write("two\n")
    assert 0 == run(*names)
    assert ["one", "two"] == bodies(stream)
    assert 2 == len(list((tmp_path / "state").glob("events-*")))


def test_two_commands_do_not_share_a_state(
    stream: CheckedStream, log: Callable[[str], str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The second one is told what to do instead."""
    names = ["--follow", "--state", str(tmp_path / "state"), "--stream", "events", log("one\n")]
    stream.when_put = lambda: signal.raise_signal(signal.SIGTERM)
    assert 0 == run(*names)
    (state,) = (tmp_path / "state").glob("*.json")
    with Store(state):
        assert 1 == run(*names)

    assert "another `pipeline put --follow` to this stream keeps its places there" in capsys.readouterr().err


def test_the_default_folder_for_state_is_the_users(
    stream: CheckedStream, log: Callable[[str], str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As the XDG base directory specification names it."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "home"))
    stream.when_put = lambda: signal.raise_signal(signal.SIGTERM)

    assert 0 == run("--follow", "--stream", "events", log("one\n"))
    assert 1 == len(list((tmp_path / "home" / "kinesis-pipeline").glob("events-*.json")))


@pytest.mark.parametrize(
    ("names", "bucket"),
    [(["--stack", "mine"], "mine-ClaimsBucketName"), (["--stream", "events", "--claims-bucket", "b"], "b")],
)
@pytest.mark.parametrize("excess", [-1, 0, 1])
def test_command_leaves_large_lines_in_s3(
    names: list[str], bucket: str, excess: int, stream: CheckedStream, claims: Claims, log: Callable[[str], str]
) -> None:
    """Up to the limit of what is left there, in the bucket of the stack or the named one; a reference travels."""
    body = "x" * (MAX_CLAIM_BYTES - len('{"body":""}') + excess)
    assert int(excess > 0) == run(*names, "--oversize", "claim-check", "--format", "plain", log(f"{body}\nsmall\n"))

    assert ["small"] == [event["data"]["body"] for event in events(stream) if "data" in event]
    assert [f"s3://{bucket}/{key}" for key in claims.left] == [
        event["dataref"] for event in events(stream) if "dataref" in event
    ]
    assert [body] * int(excess <= 0) == [orjson.loads(each)["body"] for each in claims.left.values()]


def test_a_dry_run_counts_what_would_be_left_in_s3(
    log: Callable[[str], str], claims: Claims, capsys: pytest.CaptureFixture[str]
) -> None:
    """Nothing is left, and nothing is asked."""
    assert 0 == run("--dry-run", "--oversize", "claim-check", log("x" * 2_000_000))

    assert "in S3: the data of 1 line, 2,000,011 bytes, at S3's price" in capsys.readouterr().err
    assert {} == claims.left


def test_command_keeps_rejects(
    stream: CheckedStream, log: Callable[[str], str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """They are counted, told and kept as they are; the exit code is 1, for not all was accepted."""
    rejects = tmp_path / "rejects.txt"
    assert 1 == run("--format", "ndjson", "--rejects", str(rejects), log('{"n":1}\nno JSON\n'))
    err = capsys.readouterr().err

    assert (1, "no JSON\n") == (len(events(stream)), rejects.read_text())
    assert "app.log:2: not ndjson: invalid literal, expected 'null' at character 1 (of 7 bytes)" in err
    assert f"rejected and kept in {rejects}: 1 line" in err


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="Linux has it")
def test_rejects_that_a_full_disk_did_not_take_are_not_said_to_be_kept(
    stream: CheckedStream, log: Callable[[str], str], capsys: pytest.CaptureFixture[str]
) -> None:
    """The good lines are shipped, and one line says what became of the others."""
    assert 1 == run("--format", "ndjson", "--rejects", "/dev/full", log('{"n":1}\nno JSON\n'))
    err = capsys.readouterr().err

    assert 1 == len(events(stream))
    assert err.endswith("error: /dev/full: No space left on device; rejected lines were not kept\n")
    assert "rejected and kept" not in err


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        ('{"user":"a"}\n{"user":7}\n', ""),
        (
            '{"user":"a"}\n{"n":1}\n{"user":null}\n',
            "warning: 2 of 3 lines have no text or number in the field 'user': they were kept in order with nothing\n",
        ),
        (
            '{"n":1}\nplain\n',
            "warning: no line has text or a number in the field 'user': nothing was kept in order\n",
        ),
    ],
    ids=["all have it", "some have it", "none has it"],
)
@pytest.mark.parametrize("options", [(), ("--dry-run",)])
def test_lines_without_the_field_that_orders_them_are_told(
    options: tuple[str, ...], content: str, expected: str, log: Callable[[str], str], capsys: pytest.CaptureFixture[str]
) -> None:
    """They are shipped, and nobody is left to think that they are in order."""
    assert 0 == run(*options, "--key", "user", log(content))
    told = [line for line in capsys.readouterr().err.splitlines(keepends=True) if line.startswith("warning:")]

    assert expected == "".join(told)


def test_a_dry_run_sends_nothing(
    stream: CheckedStream, log: Callable[[str], str], capsys: pytest.CaptureFixture[str]
) -> None:
    """The first events as JSON on stdout, the counts and the cost on stderr."""
    content = "".join(f"2026-11-23T10:00:{number:02}Z line {number}\n" for number in range(60))
    assert 0 == run("--dry-run", "--stream", "missing", log(content))
    out, err = capsys.readouterr()

    assert [f"2026-11-23T10:00:{number:02}Z line {number}" for number in range(10)] == [
        orjson.loads(line)["data"]["body"] for line in out.splitlines()
    ]
    assert "dry run: 60 lines would be sent, 0 refused; nothing was sent" in err
    assert "rate: 1 lines/s, by the time of the lines themselves, which span 0:00:59" in err
    assert "on the stream: 1 record of" in err
    assert 2 == err.count("on-demand $")
    assert "prices: us-east-1, list prices of September 2023; check aws.amazon.com/kinesis/data-streams/pricing" in err
    assert [] == stream.records


def test_a_dry_run_counts_what_does_not_share_records(
    log: Callable[[str], str], capsys: pytest.CaptureFixture[str]
) -> None:
    """Each line is a record, and there is one price."""
    assert 0 == run("--dry-run", "--no-aggregate", log("one\ntwo\n"))
    err = capsys.readouterr().err

    assert "on the stream: 2 records of" in err
    assert 1 == err.count("on-demand $")


def test_a_dry_run_without_times_takes_a_file_for_a_day(
    log: Callable[[str], str], capsys: pytest.CaptureFixture[str]
) -> None:
    """It says so."""
    assert 0 == run("--dry-run", "--raw", log("one\ntwo\n"))
    out, err = capsys.readouterr()

    assert ["one", "two"] == [orjson.loads(line)["data"] for line in out.splitlines()]
    assert "rate: 2.3e-05 lines/s, taking the whole input for that of one day" in err
