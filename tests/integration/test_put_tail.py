"""`pipeline put` onto a real stream and `pipeline tail` from a real table's stream, on LocalStack."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import threading
import time
import uuid
from pathlib import Path
from typing import TYPE_CHECKING, Any

import orjson
import pytest

from pipeline import cli
from pipeline.aws.dynamodbstreams import follow, processed, stream_of
from pipeline.aws.kinesis import KinesisStream
from pipeline.core import kpl
from pipeline.errors import NotDeployed
from pipeline.model import Accepted, Entry, Position
from pipeline.producer import KinesisSink, TooLarge, put_in_order
from pipeline.testing.record_stream import check_record_stream
from tests.integration.shards import Tail
from tests.integration.waiting import eventually

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from mypy_boto3_dynamodbstreams.type_defs import RecordTypeDef
    from mypy_boto3_kinesis.type_defs import DescribeStreamSummaryOutputTypeDef

    from pipeline.aws.clients import Clients

pytestmark = pytest.mark.integration

DEADLINE_SECONDS = 60.0
COMMAND = Path(sys.executable).with_name("pipeline")


def is_active(answer: DescribeStreamSummaryOutputTypeDef) -> bool:
    """Whether the stream can be used."""
    return answer["StreamDescriptionSummary"]["StreamStatus"] == "ACTIVE"


@pytest.fixture
def stream(localstack: Clients) -> Iterator[KinesisStream]:
    """A new stream of two shards."""
    name = f"put-{uuid.uuid4().hex[:8]}"
    localstack.kinesis.create_stream(StreamName=name, ShardCount=2)
    # The client's own waiter counts in whole seconds.
    eventually(lambda: localstack.kinesis.describe_stream_summary(StreamName=name), is_active)
    yield KinesisStream(localstack.kinesis, name)
    localstack.kinesis.delete_stream(StreamName=name)


@pytest.fixture
def table(localstack: Clients) -> Iterator[str]:
    """A new table with a stream, keyed as the results table is."""
    name = f"tail-{uuid.uuid4().hex[:8]}"
    localstack.dynamodb.create_table(
        TableName=name,
        KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}, {"AttributeName": "sk", "KeyType": "RANGE"}],
        AttributeDefinitions=[
            {"AttributeName": "pk", "AttributeType": "S"},
            {"AttributeName": "sk", "AttributeType": "S"},
        ],
        BillingMode="PAY_PER_REQUEST",
        StreamSpecification={"StreamEnabled": True, "StreamViewType": "NEW_IMAGE"},
    )
    # LocalStack forgets what is written before the stream behind the table's stream is there.
    eventually(lambda: next(follow(localstack.dynamodbstreams, stream_of(localstack.dynamodb, name))), lambda _: True)
    yield name
    localstack.dynamodb.delete_table(TableName=name)


def on_stream(stream: KinesisStream) -> list[list[tuple[str, bytes]]]:
    """Key and data of all that lies on each shard, in order."""
    tail = Tail(stream.client, stream.stream_name)
    shards: dict[str, list[tuple[str, bytes]]] = {shard: [] for shard in tail.iterators}
    for entry in tail.read():
        shards[entry.position.shard].append((entry.partition_key, entry.data))
    return list(shards.values())


def unpacked(records: Iterable[tuple[str, bytes]]) -> list[bytes]:
    """The user records of some records, in order; what travels alone is its own."""
    found: list[bytes] = []
    for _, data in records:
        found += [each.data for each in kpl.unpack(data)] if kpl.is_aggregate(data) else [data]
    return found


def user_records(stream: KinesisStream) -> list[bytes]:
    """Of all shards."""
    return [data for shard in on_stream(stream) for data in unpacked(shard)]


def run(*arguments: str) -> int:
    """The exit code of a command."""
    with pytest.raises(SystemExit) as caught:
        cli.main(list(arguments))
    return int(str(caught.value.code))


def write(localstack: Clients, table: str, number: int, *, sk: str = "event") -> None:
    """An item as `process` writes it."""
    localstack.dynamodb.put_item(
        TableName=table,
        Item={
            "pk": {"S": f"{sk}#{number}"},
            "sk": {"S": sk},
            "id": {"S": f"e-{number}"},
            "type": {"S": "log.v1"},
            "data": {"M": {"body": {"S": f"line {number}"}, "exact": {"N": "0.12345678901234567890123456789"}}},
        },
    )


# put -----------------------------------------------------------------------------------------------------------------


def test_kinesis_keeps_the_contract_of_a_record_stream(stream: KinesisStream) -> None:
    """The fake of the unit tests is held against the same lines."""
    check_record_stream(stream)


def test_a_file_is_shipped_and_again_without_effect(
    stream: KinesisStream, aws: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Every line once, and the second time the same events byte for byte."""
    path = tmp_path / "app.log"
    path.write_text("".join(f"2026-11-23 10:00:00 INFO line {number}\n" for number in range(600)))

    assert 0 == run("put", *aws, "--stream", stream.stream_name, str(path))
    once = set(user_records(stream))
    assert 0 == run("put", *aws, "--stream", stream.stream_name, str(path))
    twice = user_records(stream)

    assert {f"2026-11-23 10:00:00 INFO line {n}" for n in range(600)} == {
        orjson.loads(each)["data"]["body"] for each in once
    }
    assert (1200, once) == (len(twice), set(twice))
    assert 2 == capsys.readouterr().err.count("600 lines read: 600 accepted, 0 refused")


@pytest.mark.parametrize("how", ["--aggregate", "--no-aggregate"])
def test_lines_of_a_key_lie_in_order_on_one_shard(
    how: str, stream: KinesisStream, aws: list[str], tmp_path: Path
) -> None:
    """With --key, and whatever else shares the records or the calls."""
    path = tmp_path / "app.ndjson"
    path.write_text("".join(f'{{"user": "u-{number % 7}", "n": {number}}}\n' for number in range(140)))

    assert 0 == run("put", *aws, "--stream", stream.stream_name, how, "--key", "user", str(path))
    found = [[orjson.loads(data) for data in unpacked(shard)] for shard in on_stream(stream)]
    assert 140 == sum(map(len, found))
    for events in found:
        for key in {event["subject"] for event in events}:
            numbers = [event["data"]["body"]["n"] for event in events if event["subject"] == key]
            assert list(range(int(key.removeprefix("u-")), 140, 7)) == numbers


def test_too_large_is_refused_and_the_limit_is_not(stream: KinesisStream) -> None:
    """Data and key of 1 MiB to the byte are accepted by the stream; one byte more never gets there."""
    limit, key = 1024 * 1024, "é"
    entries = [
        Entry(Position("file", "", str(number)), key, b"x" * (limit - 2 + excess))
        for number, excess in enumerate((0, 1, -1))
    ]
    fits, too_large, fits_too = put_in_order(stream, entries, lambda: DEADLINE_SECONDS)

    assert (Accepted, TooLarge(limit + 1), Accepted) == (type(fits), too_large, type(fits_too))


def test_the_relays_sink_writes_all(stream: KinesisStream) -> None:
    """More than a call holds, in order per key."""
    entries = [
        Entry(Position("t", "s", str(number)), f"k-{number % 300}", str(number).encode()) for number in range(900)
    ]

    assert {} == KinesisSink(stream).write(entries, lambda: DEADLINE_SECONDS)
    found = [(key, int(data)) for shard in on_stream(stream) for key, data in shard]
    assert list(range(900)) == sorted(number for _, number in found)
    for key in {key for key, _ in found}:
        numbers = [number for each, number in found if each == key]
        assert sorted(numbers) == numbers


def test_a_stream_that_is_not_there(localstack: Clients, aws: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    """One clear line; the same for a stack."""
    with pytest.raises(NotDeployed, match="there is no Kinesis stream 'missing'"):
        KinesisStream(localstack.kinesis, "missing").check()
    assert 1 == run("put", *aws, "--stack", "missing", __file__)
    assert "error: there is no stack 'missing'" in capsys.readouterr().err


def test_stdin_is_shipped_while_it_is_open(stream: KinesisStream, aws: list[str]) -> None:
    """A line arrives although more may come; Ctrl-C then ends it with 130, and with a summary."""
    put = subprocess.Popen(
        [COMMAND, "put", *aws, "--stream", stream.stream_name, "-"], stdin=subprocess.PIPE, stderr=subprocess.PIPE
    )
    try:
        assert put.stdin is not None
        put.stdin.write(b"slow\n")
        put.stdin.flush()
        arrived = eventually(lambda: user_records(stream))
        put.send_signal(signal.SIGINT)
        _, err = put.communicate(timeout=DEADLINE_SECONDS)
    finally:
        put.kill()

    assert ["slow"] == [orjson.loads(each)["data"]["body"] for each in arrived]
    assert 130 == put.returncode
    assert b"1 line read: 1 accepted" in err


def test_a_followed_file_is_there_once_after_a_kill_and_a_rotation(
    stream: KinesisStream, aws: list[str], tmp_path: Path
) -> None:
    """Killed while it ships, rotated while it is down, started again: every line once by its id; SIGTERM gives 0."""
    log, state = tmp_path / "app.log", tmp_path / "state"
    arguments = ["put", *aws, "--stream", stream.stream_name, "--follow", "--state", str(state), str(log)]

    def write(first: int, last: int) -> None:
        with log.open("a") as file:
            file.writelines(f"2026-11-23 10:00:00 INFO line {number}\n" for number in range(first, last))

    def arrived() -> dict[str, str]:
        events = list(map(orjson.loads, user_records(stream)))
        return {event["id"]: event["data"]["body"] for event in events}

    write(0, 1500)
    with subprocess.Popen([COMMAND, *arguments], stderr=subprocess.PIPE) as killed:
        assert eventually(arrived)
        killed.kill()
    write(1500, 2000)
    log.rename(tmp_path / "app.log.1")
    write(2000, 2500)
    with subprocess.Popen([COMMAND, *arguments], stderr=subprocess.PIPE) as put:
        try:
            found = eventually(arrived, lambda found: len(found) >= 2500)
            put.terminate()
            _, err = put.communicate(timeout=DEADLINE_SECONDS)
        finally:
            put.kill()

    assert {f"2026-11-23 10:00:00 INFO line {number}" for number in range(2500)} == set(found.values())
    assert (2500, 0) == (len(found), put.returncode), err.decode()


def test_a_dry_run_asks_nothing_of_aws(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """No region, no credentials, no stream."""
    path = tmp_path / "app.log"
    path.write_text("one\n")
    assert 0 == run("put", "--dry-run", "--stream", "missing", str(path))
    assert "1 line would be sent" in capsys.readouterr().err


# tail ----------------------------------------------------------------------------------------------------------------


def take(batches: Iterator[list[RecordTypeDef]], count: int) -> list[dict[str, Any]]:
    """The next events, within the deadline."""
    give_up_at = time.monotonic() + DEADLINE_SECONDS
    found: list[dict[str, Any]] = []
    for batch in batches:
        found += filter(None, map(processed, batch))
        if len(found) >= count or time.monotonic() > give_up_at:
            break
    return found


def test_from_now_on_and_from_before(localstack: Clients, table: str) -> None:
    """Events in order, each once; state items and what is written again are passed over."""
    arn = stream_of(localstack.dynamodb, table)
    write(localstack, table, 1)
    batches = follow(localstack.dynamodbstreams, arn)
    write(localstack, table, 2)
    write(localstack, table, 2)
    write(localstack, table, 3, sk="state")
    write(localstack, table, 4)
    found = take(batches, 2)

    assert ["e-2", "e-4"] == [each["id"] for each in found]
    assert {"body": "line 2", "exact": "0.12345678901234567890123456789"} == found[0]["data"]


@pytest.fixture
def tail(table: str, aws: list[str]) -> Iterator[subprocess.Popen[str]]:
    """`pipeline tail` of the last ten minutes, as a process that ends with the test."""
    arguments = ["tail", *aws, "--table", table, "--since", "10m", "--limit", "3"]
    with subprocess.Popen([COMMAND, *arguments], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        end = threading.Timer(DEADLINE_SECONDS, process.kill)
        end.start()
        yield process
        end.cancel()
        process.kill()


def test_tail_shows_json_up_to_the_limit(localstack: Clients, table: str, tail: subprocess.Popen[str]) -> None:
    """One object a line; then it ends with 0."""
    for number in range(4):
        write(localstack, table, number)
    out, err = tail.communicate(timeout=DEADLINE_SECONDS)

    assert ["e-0", "e-1", "e-2"] == [json.loads(line)["id"] for line in out.splitlines()]
    assert (0, 1) == (tail.returncode, len(err.splitlines()))


def test_tail_ends_with_its_reader(localstack: Clients, table: str, tail: subprocess.Popen[str]) -> None:
    """`pipeline tail | head -1`: exit code 0, no traceback."""
    assert tail.stdout is not None
    assert tail.stderr is not None
    write(localstack, table, 1)
    assert "e-1" == json.loads(tail.stdout.readline())["id"]
    tail.stdout.close()

    assert 0 == tail.wait(DEADLINE_SECONDS)
    assert 1 == len(tail.stderr.read().splitlines())


def test_tail_ends_by_ctrl_c(localstack: Clients, table: str, tail: subprocess.Popen[str]) -> None:
    """Exit code 130, what was shown stays shown."""
    assert tail.stdout is not None
    write(localstack, table, 1)
    assert tail.stdout.readline()
    tail.send_signal(signal.SIGINT)
    _, err = tail.communicate(timeout=DEADLINE_SECONDS)

    assert (130, 2) == (tail.returncode, len(err.splitlines()))


def test_tables_that_cannot_be_followed(localstack: Clients) -> None:
    """One clear line."""
    with pytest.raises(NotDeployed, match="there is no table 'missing'"):
        stream_of(localstack.dynamodb, "missing")
