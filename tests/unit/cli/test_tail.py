"""Following processed records on the command line."""

from __future__ import annotations

import json
import os
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, cast

import click
import pytest

from pipeline import cli
from pipeline.cli import tail
from pipeline.cli.tail import events, parse_since
from pipeline.errors import NotDeployed, Retryable
from pipeline.testing.dynamodbstreams import STREAM_ARN, FakeDynamoDBStreams

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from mypy_boto3_dynamodbstreams.type_defs import RecordTypeDef

    from pipeline.model import Image

    type Asked = list[tuple[str, datetime | None]]
    type Following = Callable[..., Asked]

NOW = datetime(2026, 11, 23, 18, 0, tzinfo=UTC)


def item(number: int, type_name: str = "log.v1") -> Image:
    return {
        "pk": {"S": f"event#{number}"},
        "sk": {"S": "event"},
        "id": {"S": f"e-{number}"},
        "type": {"S": type_name},
        "data": {"M": {"body": {"S": f"line {number}"}}},
    }


STATE: Image = {"pk": {"S": "entity#orders/1"}, "sk": {"S": "state"}, "type": {"S": "change.v1"}}


def records(*images: Image) -> list[RecordTypeDef]:
    stream = FakeDynamoDBStreams()
    for image in images:
        stream.write("shard-0", image)
    return cast("list[RecordTypeDef]", stream.shards["shard-0"].records)


# when ----------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("30s", NOW - timedelta(seconds=30)),
        ("10m", NOW - timedelta(minutes=10)),
        ("2h", NOW - timedelta(hours=2)),
        ("1d", NOW - timedelta(days=1)),
        ("2026-11-23T17:00:00Z", NOW - timedelta(hours=1)),
        ("2026-11-23T17:00:00.5+01:00", NOW - timedelta(hours=2) + timedelta(seconds=0.5)),
    ],
)
def test_since(text: str, expected: datetime) -> None:
    """A span back from now, or a time."""
    assert expected == parse_since(text, NOW)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("yesterday", "neither a span"),
        ("10", "neither a span"),
        ("-5m", "neither a span"),
        ("10 m", "neither a span"),
        ("2026-11-23", "neither a span"),
        ("2026-11-23T10:00:00", "neither a span"),
        ("9999999d", "neither a span"),
        ("999999d", "too far back"),
        ("2026-11-23T18:00:01Z", "still to come"),
        ("", "neither a span"),
    ],
)
def test_since_that_is_none(text: str, expected: str) -> None:
    """It is said what it must look like."""
    with pytest.raises(click.BadParameter, match=expected):
        parse_since(text, NOW)


# what ----------------------------------------------------------------------------------------------------------------


def test_events_are_picked_by_type() -> None:
    """Of the types asked for, or of all; what is no event is passed over."""
    batches = [records(item(1), STATE, item(2, "change.v1")), [], records(item(3, "other.v1"))]

    assert ["e-1", "e-2", "e-3"] == [each["id"] for each in events(batches, frozenset())]
    assert ["e-1", "e-2"] == [each["id"] for each in events(batches, frozenset({"log.v1", "change.v1"}))]


def test_following_ends_when_the_reader_of_the_output_has_gone(monkeypatch: pytest.MonkeyPatch) -> None:
    """`pipeline tail | head -1` ends at the next poll, not at the next record."""
    reading, writing = os.pipe()
    polls = 0

    def batches() -> Iterator[list[RecordTypeDef]]:
        nonlocal polls
        for polls in range(1, 10):
            if polls == 3:
                os.close(reading)
            yield []

    with os.fdopen(writing, "w") as stdout:
        monkeypatch.setattr("sys.stdout", stdout)
        assert [] == list(events(batches(), frozenset()))
    assert 3 == polls


def test_following_goes_on_where_the_output_is_no_file(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is known of its reader."""

    class NoFile:
        def fileno(self) -> int:
            raise OSError

    monkeypatch.setattr("sys.stdout", NoFile())

    assert ["e-1"] == [each["id"] for each in events([[], records(item(1))], frozenset())]


# the command ----------------------------------------------------------------------------------------------------------


@pytest.fixture
def following(monkeypatch: pytest.MonkeyPatch) -> Following:
    """Make the command follow these batches; gives what it was asked to follow."""
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")

    def stream_of(_client: object, table: str) -> str:
        if table == "missing":
            raise NotDeployed("there is no table 'missing'")
        return f"{STREAM_ARN}/{table}"

    def prepare(*batches: list[RecordTypeDef] | BaseException) -> Asked:
        asked: Asked = []

        def follow(
            _client: object, arn: str, since: datetime | None, *, tell: Callable[[str], None]
        ) -> Iterator[list[RecordTypeDef]]:
            del tell
            asked.append((arn, since))
            for batch in batches:
                if isinstance(batch, BaseException):
                    raise batch
                yield batch

        monkeypatch.setattr(tail, "follow", follow)
        monkeypatch.setattr(tail, "stream_of", stream_of)
        monkeypatch.setattr(tail, "stack_output", lambda _clients, stack, name: f"{stack}/{name}")
        return asked

    return prepare


def run(*arguments: str) -> int:
    """The exit code of the command."""
    with pytest.raises(SystemExit) as caught:
        cli.main(["tail", "--endpoint-url", "http://127.0.0.1:1", "--region", "us-east-1", *arguments])
    return int(str(caught.value.code))


def test_command_shows_one_json_object_a_line(following: Following, capsys: pytest.CaptureFixture[str]) -> None:
    """When stdout is no terminal; the story is on stderr."""
    asked = following(records(item(1)), [], records(STATE, item(2)))

    assert 0 == run("--stack", "mine")
    out, err = capsys.readouterr()
    assert ["e-1", "e-2"] == [json.loads(line)["id"] for line in out.splitlines()]
    assert [("mine/ResultsTableStreamArn", None)] == asked
    assert "following all records of stack mine, from now on (Ctrl-C ends it)\n" == err


def test_command_ends_at_the_limit(following: Following, capsys: pytest.CaptureFixture[str]) -> None:
    """Exit code 0, and no poll more than needed."""
    following(records(item(1), item(2), item(3)), AssertionError("one poll too many"))

    assert 0 == run("--limit", "2", "--json")
    assert 2 == len(capsys.readouterr().out.splitlines())


def test_command_picks_types(following: Following, capsys: pytest.CaptureFixture[str]) -> None:
    """--type can be given several times."""
    following(records(item(1), item(2, "change.v1"), item(3, "other.v1")))

    assert 0 == run("--type", "log.v1", "--type", "change.v1")
    out, err = capsys.readouterr()
    assert ["log.v1", "change.v1"] == [json.loads(line)["type"] for line in out.splitlines()]
    assert "following change.v1 and log.v1 records" in err


@pytest.mark.parametrize(
    ("since", "expected"),
    [("2h", " UTC (Ctrl-C"), ("2d", "from the beginning of its stream: it holds 24 hours (Ctrl-C")],
)
def test_command_begins_earlier(
    since: str,
    expected: str,
    following: Following,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """With --since; what the stream does not hold any more is said."""
    asked = following()

    assert 0 == run("--since", since, "--table", "results")
    ((arn, begins_at),) = asked
    assert f"{STREAM_ARN}/results" == arn
    assert begins_at is not None
    assert expected in capsys.readouterr().err


def test_command_ends_by_ctrl_c(following: Following, capsys: pytest.CaptureFixture[str]) -> None:
    """Exit code 130, and how to go on, without a word of complaint: it is how following ends."""
    following(records(item(1)), KeyboardInterrupt())

    assert 130 == run("--since", "2026-11-23T10:00:00Z")
    out, err = capsys.readouterr()
    assert 1 == len(out.splitlines())
    assert "error" not in err
    assert err.endswith("\n--since 2026-11-23T10:00:00Z goes on here\n")


def test_command_ends_by_a_silent_stream(following: Following, capsys: pytest.CaptureFixture[str]) -> None:
    """One line says why, and how to go on."""
    following(records(item(1)), Retryable("the table's stream cannot be read: ReadTimeoutError"))

    assert 1 == run("--since", "2026-11-23T10:00:00Z")
    said = "error: the table's stream cannot be read: ReadTimeoutError; --since 2026-11-23T10:00:00Z goes on here\n"
    assert capsys.readouterr().err.endswith(said)


@pytest.mark.parametrize(
    ("arguments", "code", "expected"),
    [
        (["--type", "log.v99"], 1, "error: there is no event type 'log.v99'; did you mean log.v"),
        (["--table", "missing"], 1, "error: there is no table 'missing'"),
        (["--since", "soon"], 2, "Error: Invalid value for '--since': 'soon' is neither a span"),
        (["--limit", "0"], 2, "Error: Invalid value for '--limit'"),
    ],
)
def test_command_says_what_is_wrong(
    arguments: list[str],
    code: int,
    expected: str,
    following: Following,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """One clear line on stderr."""
    following()

    assert code == run(*arguments)
    assert expected in capsys.readouterr().err
