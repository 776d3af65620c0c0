from __future__ import annotations

import base64
from typing import TYPE_CHECKING, Any, cast

import pytest
import zstandard
from botocore.exceptions import ReadTimeoutError
from hypothesis import given
from hypothesis import strategies as st

from pipeline.aws.backoff import Backoff
from pipeline.aws.s3 import ArchiveSink, DeadLetterBucket, archived, dead_letters, objects, position_key
from pipeline.core.records import read
from pipeline.errors import Misconfiguration, Retryable
from pipeline.model import DeadLetter, Failure, Position, Reason, Stage
from pipeline.testing.aws_errors import aws_error
from pipeline.testing.countdown import Countdown
from pipeline.testing.deliveries import a_line, by_number
from pipeline.testing.lambda_events import dynamodb_event, dynamodb_record, kinesis_event
from pipeline.testing.s3 import FakeS3

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from pipeline.model import Line

SLOW_DOWN = aws_error("SlowDown", 503)
TIMED_OUT = ReadTimeoutError(endpoint_url="https://s3")
DENIED = aws_error("AccessDenied", 403)
REFUSED = aws_error("InvalidRequest", 400)
TEN, ELEVEN = "type=log.v1/date=2026-11-23/hour=10", "type=log.v1/date=2026-11-23/hour=11"


def buckets(**options: Any) -> FakeS3:  # noqa: ANN401 - those of the fake
    return FakeS3({"bucket": {}}, **options)


def write(s3: FakeS3, lines: Sequence[Line], clock: Countdown | None = None) -> Mapping[int, Failure]:
    """The failures by sequence number."""
    clock, client = clock or Countdown(), cast("Any", s3)
    sink = ArchiveSink(client, "bucket", Backoff(draw=lambda: 1.0, sleep=clock.sleep))
    return by_number(sink.write(lines, clock))


def held(s3: FakeS3) -> dict[str, list[int]]:
    """What the archive holds: the numbers of the lines, by key."""
    return {key: [line["n"] for line in lines] for key, _, lines in archived(cast("Any", s3), "bucket")}


def key(partition: str, number: int) -> str:
    return f"archive/{partition}/events/shard-0/{number:056}-00000000.ndjson.zst"


def test_archive() -> None:
    """Each partition is one object, named after its first record; its lines are in order, and compressed."""
    s3 = buckets()
    assert {} == write(s3, [a_line(1, TEN), a_line(2, ELEVEN), a_line(3, TEN), a_line(4, TEN)])
    assert {key(TEN, 1): [1, 3, 4], key(ELEVEN, 2): [2]} == held(s3)
    assert b'{"n":2}\n' == zstandard.decompress(s3.buckets["bucket"][key(ELEVEN, 2)])
    assert {"application/zstd"} == set(s3.content_types.values())


@pytest.mark.parametrize("last", [1, 2, 3, 4, 9])
def test_redelivery_overwrites(last: int) -> None:
    """A batch that begins at the same record, shorter or longer, overwrites its object."""
    s3 = buckets()
    for end in (4, last):
        write(s3, [a_line(number) for number in range(1, end + 1)])
    assert {key(TEN, 1): [*range(1, last + 1)]} == held(s3)


def test_same_lines_same_bytes() -> None:
    """The same lines make the same object, byte for byte."""
    first, second = buckets(), buckets()
    for s3 in (first, second):
        write(s3, [a_line(number) for number in range(100)])
    assert first.buckets == second.buckets


@pytest.mark.parametrize("errors", [[SLOW_DOWN], [TIMED_OUT, SLOW_DOWN, aws_error("InternalError", 500)]])
def test_archive_succeeds_later(errors: list[Exception | None]) -> None:
    """What S3 has no time for is written later, while there is time."""
    s3, tries = buckets(errors=list(errors)), len(errors) + 1
    assert {} == write(s3, [a_line(1)])
    assert ([key(TEN, 1)] * tries, {key(TEN, 1): [1]}) == (s3.puts, held(s3))


def test_archive_does_not_succeed_in_time() -> None:
    """Of an object that could not be written, every line is wanted again; the other objects are there."""
    s3 = buckets(failing=lambda name: SLOW_DOWN if ELEVEN in name else None)
    failures = write(s3, [a_line(1, TEN), a_line(2, ELEVEN), a_line(3, TEN), a_line(4, ELEVEN)], Countdown(3))
    assert dict.fromkeys([2, 4], Failure("the archive object could not be written")) == failures
    assert {key(TEN, 1): [1, 3]} == held(s3)


def test_many_partitions() -> None:
    """A batch may spread over more partitions than there are writers."""
    s3 = buckets()
    write(s3, [a_line(number, f"hour={number:02}") for number in range(50)])
    assert {key(f"hour={number:02}", number): [number] for number in range(50)} == held(s3)


POISON = b"\xffnot\x00JSON"


def a_letter(record: Any = None) -> DeadLetter:  # noqa: ANN401 - a Lambda record
    (poison,) = read({"Records": [record or kinesis_event(POISON, first=7)["Records"][0]]})
    return DeadLetter(poison, Reason.NOT_UTF8, "byte 0 of 9 is not UTF-8", Stage.DECODE)


def keep(s3: FakeS3, letter: DeadLetter) -> list[tuple[str, dict[str, Any]]]:
    client: Any = s3
    DeadLetterBucket(client, "bucket", "process").keep(letter)
    return list(dead_letters(client, "bucket"))


def test_dead_letter() -> None:
    """A dead letter says what was wrong, where, and holds the record as Lambda delivered it."""
    s3, letter = buckets(), a_letter()
    ((name, kept),) = keep(s3, letter)
    assert f"dead-letters/events/shardId-000000000000/{7:056}-00000000.json" == name
    assert {
        "reason": "not_utf8",
        "detail": "byte 0 of 9 is not UTF-8",
        "stage": "decode",
        "function": "process",
        "position": {
            "stream": "events",
            "shard": "shardId-000000000000",
            "sequence_number": "7",
            "sub_sequence_number": 0,
        },
        "record": letter.record.original,
    } == kept
    assert (POISON, "application/json") == (base64.b64decode(kept["record"]["kinesis"]["data"]), s3.content_types[name])


@pytest.mark.parametrize("odd", ["\ud800", 2**64, 10**400, 1e300, "é\u2028\x00", None, [[[{}]]]])
def test_any_record_can_be_kept(odd: Any) -> None:  # noqa: ANN401 - whatever Lambda may deliver
    """There is no record that cannot be kept, and none comes out changed."""
    record = {**dynamodb_record({"id": {"S": "1"}}, after={}), "odd": odd}
    ((_, kept),) = keep(buckets(), a_letter(record))
    assert record == kept["record"]


def test_dead_letter_twice() -> None:
    """Keeping a dead letter twice leaves one; others of the shard stand before and after it."""
    s3 = buckets()
    for number in (10, 9, 7, 9):
        letters = keep(s3, a_letter(kinesis_event(POISON, first=number)["Records"][0]))
    assert ["7", "9", "10"] == [kept["position"]["sequence_number"] for _, kept in letters]


@pytest.mark.parametrize("error", [SLOW_DOWN, TIMED_OUT])
def test_dead_letter_later(error: Exception) -> None:
    """A dead letter that S3 has no time for is to be delivered again."""
    with pytest.raises(Retryable):
        keep(buckets(errors=[error]), a_letter())


@pytest.mark.parametrize("s3", [buckets(errors=[DENIED]), buckets(errors=[REFUSED]), FakeS3({"another": {}})])
@pytest.mark.parametrize("is_archive", [True, False])
def test_misconfiguration(s3: FakeS3, *, is_archive: bool) -> None:
    """A bucket that is not there, or refuses our objects, is raised: no record is to blame."""
    again = FakeS3(s3.buckets, errors=list(s3.errors))
    with pytest.raises(Misconfiguration, match=r"AccessDenied|bucket bucket refuses .*InvalidRequest|NoSuchBucket"):
        write(again, [a_line(1)]) if is_archive else keep(again, a_letter())


@given(st.integers(0, 10**56 - 1), st.integers(0, 10**56 - 1))
def test_position_key(one: int, other: int) -> None:
    """The keys of a shard's records are in the order of their sequence numbers."""
    keys = [position_key(Position("events", "shard-0", str(number))) for number in (one, other)]
    assert (one < other) == (keys[0] < keys[1])


def test_position_of_a_change() -> None:
    """A change's dead letter lies under its table and the label of its stream."""
    (record,) = read(dynamodb_event(dynamodb_record({"id": {"S": "1"}}, after={}, sequence_number=7)))
    assert f"orders/2026-11-23T10:00:00.000/{7:056}-00000000" == position_key(record.position)


@pytest.mark.parametrize("page", [1, 2, 1000])
def test_objects(page: int) -> None:
    """Every object below a prefix is found, however many pages there are; there may be none."""
    s3 = FakeS3({"bucket": {"a/1": b"1", "a/2": b"2", "a/3": b"3", "b/1": b"4"}}, page=page)
    client: Any = s3
    assert [("a/1", b"1"), ("a/2", b"2"), ("a/3", b"3")] == list(objects(client, "bucket", "a/"))
    assert [] == list(objects(client, "bucket", "c/"))
