from __future__ import annotations

import base64
import tracemalloc
from dataclasses import dataclass, field
from threading import Barrier
from typing import TYPE_CHECKING, Any, cast

import pytest
import zstandard
from botocore.exceptions import ReadTimeoutError
from hypothesis import given
from hypothesis import strategies as st

from pipeline.aws.backoff import Backoff
from pipeline.aws.s3 import (
    DEAD_LETTER_PREFIX,
    DEAD_LETTER_WRITERS,
    ArchiveSink,
    DeadLetterBucket,
    archived,
    dead_letters,
    objects,
    position_key,
)
from pipeline.core.records import read
from pipeline.errors import Misconfiguration
from pipeline.model import DeadLetter, Failure, Position, Reason, Record, Stage
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
NOT_BEGUN = Failure("no time left, or it waits for one before it")
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


def test_lines_in_order() -> None:
    """The lines of an object stand as they were given: 9 before 10."""
    s3 = buckets()
    write(s3, [a_line(number) for number in (9, 10, 11)])
    assert {key(TEN, 9): [9, 10, 11]} == held(s3)


def test_many_partitions() -> None:
    """A batch may spread over more partitions than there are writers."""
    s3 = buckets()
    write(s3, [a_line(number, f"hour={number:02}") for number in range(50)])
    assert {key(f"hour={number:02}", number): [number] for number in range(50)} == held(s3)


POISON = b"\xffnot\x00JSON"


def a_letter(record: Any = None) -> DeadLetter:  # noqa: ANN401 - a Lambda record
    (poison,) = read({"Records": [record or kinesis_event(POISON, first=7)["Records"][0]]})
    return DeadLetter(poison, Reason.NOT_UTF8, "byte 0 of 9 is not UTF-8", Stage.DECODE)


def keep(s3: FakeS3, letters: Sequence[DeadLetter], clock: Countdown | None = None) -> dict[int, Failure]:
    """The failures by sequence number."""
    clock, client = clock or Countdown(), cast("Any", s3)
    sink = DeadLetterBucket(client, "bucket", "process", Backoff(draw=lambda: 1.0, sleep=clock.sleep))
    return by_number(sink.keep(letters, clock))


def kept(s3: FakeS3) -> list[tuple[str, dict[str, Any]]]:
    return list(dead_letters(cast("Any", s3), "bucket"))


def kept_numbers(s3: FakeS3) -> list[int]:
    return [int(content["position"]["sequence_number"]) for _, content in kept(s3)]


def letters(*numbers: int) -> list[DeadLetter]:
    return [a_letter(kinesis_event(POISON, first=number)["Records"][0]) for number in numbers]


def of_one_record(count: int, original: Any, number: int = 7) -> list[DeadLetter]:  # noqa: ANN401 - a Lambda record
    """The dead letters of as many user records of one aggregate."""
    positions = [Position("events", "shard-0", str(number), sub) for sub in range(count)]
    return [DeadLetter(Record(each, original, 0.0), Reason.NOT_JSON, "bad", Stage.DECODE) for each in positions]


def test_dead_letter() -> None:
    """A dead letter says what was wrong, where, and holds the record as Lambda delivered it."""
    s3, letter = buckets(), a_letter()
    assert {} == keep(s3, [letter])
    ((name, content),) = kept(s3)
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
    } == content
    assert (POISON, "application/json") == (
        base64.b64decode(content["record"]["kinesis"]["data"]),
        s3.content_types[name],
    )


@pytest.mark.parametrize("odd", ["\ud800", 2**64, 10**400, 1e300, "é\u2028\x00", None, [[[{}]]]])
def test_any_record_can_be_kept(odd: Any) -> None:  # noqa: ANN401 - whatever Lambda may deliver
    """There is no record that cannot be kept, and none comes out changed."""
    record, s3 = {**dynamodb_record({"id": {"S": "1"}}, after={}), "odd": odd}, buckets()
    assert {} == keep(s3, [a_letter(record)])
    ((_, content),) = kept(s3)
    assert record == content["record"]


def test_no_dead_letters() -> None:
    """Nothing to keep makes no call."""
    s3 = buckets()
    assert ({}, []) == (keep(s3, []), s3.puts)


def test_dead_letter_twice() -> None:
    """Keeping a dead letter twice leaves one; others of the shard stand before and after it."""
    s3 = buckets()
    for number in (10, 9, 7, 9):
        keep(s3, letters(number))
    assert [7, 9, 10] == kept_numbers(s3)


@pytest.mark.parametrize("count", [DEAD_LETTER_WRITERS - 1, DEAD_LETTER_WRITERS, DEAD_LETTER_WRITERS + 1, 100])
def test_many_dead_letters(count: int) -> None:
    """There may be more dead letters than writers: each is kept with its own record."""
    s3 = buckets()
    assert {} == keep(s3, letters(*range(1, count + 1)))
    assert [*range(1, count + 1)] == kept_numbers(s3)
    assert all(
        content["position"]["sequence_number"] == content["record"]["kinesis"]["sequenceNumber"]
        for _, content in kept(s3)
    )


@dataclass
class Meeting(FakeS3):
    """Lets nobody go before as many as are to meet are there."""

    place: Barrier = field(default_factory=lambda: Barrier(DEAD_LETTER_WRITERS))

    def put_object(self, **arguments: Any) -> dict[str, Any]:  # noqa: ANN401 - the API's
        self.place.wait(timeout=30)
        return super().put_object(**arguments)


def test_dead_letters_side_by_side() -> None:
    """As many as there are writers are written at the same time."""
    assert {} == keep(Meeting({"bucket": {}}), letters(*range(1, 2 * DEAD_LETTER_WRITERS + 1)))


@pytest.mark.parametrize("errors", [[SLOW_DOWN], [TIMED_OUT, SLOW_DOWN, aws_error("InternalError", 500)]])
def test_dead_letters_succeed_later(errors: list[Exception | None]) -> None:
    """A dead letter that S3 has no time for is written later, while there is time."""
    s3 = buckets(errors=list(errors))
    assert {} == keep(s3, letters(1, 2, 3))
    assert ([1, 2, 3], 3 + len(errors)) == (kept_numbers(s3), len(s3.puts))


def test_dead_letters_do_not_succeed_in_time() -> None:
    """One that could not be kept is wanted again, and those after it wait, but for the few already on their way."""
    s3 = buckets(failing=lambda name: SLOW_DOWN if f"{20:056}" in name else None)
    failures = keep(s3, letters(*range(1, 101)), Countdown(3))
    assert Failure(str(SLOW_DOWN)) == failures.pop(20)
    begun = [*range(1, 20), *range(21, 2 * DEAD_LETTER_WRITERS + 1)]
    assert dict.fromkeys(range(2 * DEAD_LETTER_WRITERS + 1, 101), NOT_BEGUN) == failures
    assert begun == kept_numbers(s3)


@pytest.mark.parametrize("error", [SLOW_DOWN, TIMED_OUT])
def test_the_first_dead_letter_does_not_succeed(error: Exception) -> None:
    """A dead letter that S3 never has time for is to be delivered again."""
    s3 = buckets(failing=lambda _: error)
    assert {1: Failure(f"{type(error).__name__}: {error}" if error is TIMED_OUT else str(error))} == keep(
        s3, letters(1), Countdown(1)
    )


@pytest.mark.parametrize("left", [0.0, -1.0])
def test_no_time_for_dead_letters(left: float) -> None:
    """Without time, those of the first record are kept, and nothing else is begun."""
    s3, clock = buckets(), Countdown(left)
    failures = keep(s3, [*of_one_record(40, {"n": 1}), *letters(8, 9)], clock)
    assert ({8: NOT_BEGUN, 9: NOT_BEGUN}, [7] * 40) == (failures, kept_numbers(s3))


def test_time_runs_out_for_dead_letters() -> None:
    """When the time is over nothing is begun any more, and it is said from where on."""
    clock = Countdown(1.0)
    s3 = buckets(failing=lambda _: clock.spend(0.02))
    failures = keep(s3, letters(*range(1, 101)), clock)
    first = min(failures)
    assert 1 < first < 100
    assert dict.fromkeys(range(first, 101), NOT_BEGUN) == failures
    assert [*range(1, first)] == kept_numbers(s3)


class Counted(dict[str, Any]):
    """A record that counts how often it is read through."""

    read = 0

    def items(self) -> Any:  # noqa: ANN401 - a view
        self.read += 1
        return super().items()


@dataclass
class Discarding(FakeS3):
    """Takes everything, and keeps only the lengths."""

    lengths: list[int] = field(default_factory=list)

    def put_object(self, *, Body: bytes, **_: object) -> dict[str, Any]:  # noqa: N803 - the API's name
        self.lengths.append(len(Body))
        return {}


def test_an_aggregate_of_bad_user_records() -> None:
    """A record is made JSON once for all its user records, and there are never more bodies than writers."""
    data_bytes, count = 1_400_000, 200
    record, s3 = Counted(data="x" * data_bytes), Discarding({"bucket": {}})
    dead = of_one_record(count, record)
    tracemalloc.start()
    assert {} == keep(s3, dead)
    _, peak_bytes = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert (1, count, True) == (record.read, len(s3.lengths), min(s3.lengths) > data_bytes)
    assert peak_bytes < (DEAD_LETTER_WRITERS + 4) * data_bytes


def test_no_time_is_spent_on_what_is_not_begun() -> None:
    """Without time, hardly any of the records that will not be written is made JSON."""
    records = [Counted(n=number) for number in range(100)]
    letters = [letter for number, each in enumerate(records, start=1) for letter in of_one_record(1, each, number)]
    assert [*range(2, 101)] == [*keep(buckets(), letters, Countdown(0.0))]
    assert sum(each.read for each in records) <= DEAD_LETTER_WRITERS


@pytest.mark.parametrize("s3", [buckets(errors=[DENIED]), buckets(errors=[REFUSED]), FakeS3({"another": {}})])
@pytest.mark.parametrize("is_archive", [True, False])
def test_misconfiguration(s3: FakeS3, *, is_archive: bool) -> None:
    """A bucket that is not there, or refuses our objects, is raised: no record is to blame."""
    again = FakeS3(s3.buckets, errors=list(s3.errors))
    with pytest.raises(Misconfiguration, match=r"AccessDenied|bucket bucket refuses .*InvalidRequest|NoSuchBucket"):
        write(again, [a_line(1)]) if is_archive else keep(again, letters(1, 2))


@given(st.integers(0, 10**56 - 1), st.integers(0, 10**56 - 1))
def test_position_key(one: int, other: int) -> None:
    """The keys of a shard's records are in the order of their sequence numbers."""
    keys = [position_key(Position("events", "shard-0", str(number))) for number in (one, other)]
    assert (one < other) == (keys[0] < keys[1])


def test_position_of_a_change() -> None:
    """A change's dead letter lies under its table and the label of its stream."""
    (record,) = read(dynamodb_event(dynamodb_record({"id": {"S": "1"}}, after={}, sequence_number=7)))
    assert f"orders/2026-11-23T10:00:00.000/{7:056}-00000000" == position_key(record.position)


TOPIC = "arn:aws:sns:us-east-1:000000000000:orders"


@pytest.mark.parametrize(
    ("position", "expected"),
    [
        (Position(TOPIC, "", "95df01b4-ee98"), f"{TOPIC}/95df01b4-ee98-00000000"),
        (
            Position("s3://b/a b/ü.log?versionId=1", "", "7"),
            f"s3:%2F%2Fb%2Fa%20b%2F%C3%BC.log%3FversionId%3D1/{7:056}-00000000",
        ),
        (Position("aws.eventbridge/shop", "", "../../x"), "aws.eventbridge%2Fshop/..%2F..%2Fx-00000000"),
        (Position("q", "", "\ud800"), "q/%ED%A0%80-00000000"),
        (Position("q", "", "²"), "q/%C2%B2-00000000"),
    ],
    ids=["topic", "object", "event", "half a surrogate pair", "a digit that is none"],
)
def test_position_of_another_source(position: Position, expected: str) -> None:
    """What comes from no stream has a key of its own, too, of two parts and of plain characters."""
    assert expected == position_key(position)


def test_position_keys_are_bounded() -> None:
    """Names of any length make keys that S3 takes, and that differ as the names do."""
    names = ["x" * 1024, "x" * 1023 + "y", "\U0001f4a5" * 1024]
    keys = {position_key(Position(stream, shard, id_)) for stream in names for shard in names for id_ in names}
    assert len(names) ** 3 == len(keys)
    assert max(map(len, keys)) <= 1024 - len(f"{DEAD_LETTER_PREFIX}.json")


@pytest.mark.parametrize("page", [1, 2, 1000])
def test_objects(page: int) -> None:
    """Every object below a prefix is found, however many pages there are; there may be none."""
    s3 = FakeS3({"bucket": {"a/1": b"1", "a/2": b"2", "a/3": b"3", "b/1": b"4"}}, page=page)
    client: Any = s3
    assert [("a/1", b"1"), ("a/2", b"2"), ("a/3", b"3")] == list(objects(client, "bucket", "a/"))
    assert [] == list(objects(client, "bucket", "c/"))
