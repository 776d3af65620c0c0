"""Following the stream of a table: nothing skipped, nothing repeated, parents before children."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from itertools import islice
from types import SimpleNamespace
from typing import TYPE_CHECKING, cast

import pytest
from botocore.exceptions import ClientError, EndpointConnectionError
from hypothesis import given
from hypothesis import strategies as st

from pipeline.aws.backoff import Backoff
from pipeline.aws.dynamodbstreams import follow, processed
from pipeline.aws.dynamodbstreams import stream_of as stream_of_table
from pipeline.aws.dynamodbstreams.following import DISCOVER_SECONDS, POLL_SECONDS
from pipeline.errors import Misconfiguration, NotDeployed, Retryable
from pipeline.testing.aws_errors import aws_error
from pipeline.testing.dynamodbstreams import STARTED_AT, STREAM_ARN, FakeDynamoDBStreams, FakeShard

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from datetime import datetime

    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_dynamodbstreams import DynamoDBStreamsClient
    from mypy_boto3_dynamodbstreams.type_defs import RecordTypeDef

    from pipeline.model import Image, Json

LONG_AGO = STARTED_AT - timedelta(days=1)


class Clock:
    """Moves by sleeping only."""

    def __init__(self) -> None:
        self.time = STARTED_AT.timestamp()
        self.slept: list[float] = []

    def now(self) -> float:
        return self.time

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.time += seconds


def following(
    stream: FakeDynamoDBStreams,
    since: datetime | None = LONG_AGO,
    clock: Clock | None = None,
    tell: Callable[[str], None] = print,
) -> Iterator[list[RecordTypeDef]]:
    clock = clock or Clock()
    return follow(
        cast("DynamoDBStreamsClient", stream),
        STREAM_ARN,
        since,
        backoff=Backoff(draw=lambda: 1.0, sleep=clock.sleep),
        now=clock.now,
        tell=tell,
    )


def numbers(batches: Iterator[list[RecordTypeDef]], idle: int = 1) -> list[str]:
    """The sequence numbers up to the given number of empty batches in a row."""
    found: list[str] = []
    empty = 0
    for batch in batches:
        found += [each["dynamodb"]["SequenceNumber"] for each in batch]
        empty = 0 if batch else empty + 1
        if empty == idle:
            break
    return found


def image(number: int = 0) -> Image:
    return {"pk": {"S": f"event#{number}"}, "sk": {"S": "event"}}


def stream_of(*shards: str, page_shards: int = 100, page_records: int = 1000) -> FakeDynamoDBStreams:
    return FakeDynamoDBStreams(page_shards, page_records, {name: FakeShard(None) for name in shards or ("shard-0",)})


def test_from_now_on_skips_what_was_there() -> None:
    """Without `since`, records from the moment of the call on are given, and none before."""
    stream = stream_of()
    stream.write("shard-0", image())
    batches = following(stream, since=None)
    new = stream.write("shard-0", image())

    assert [new] == numbers(batches)


def test_since_gives_what_was_made_from_then_on() -> None:
    """With `since`, the whole stream is read and what is older is passed over."""
    stream = stream_of()
    stream.write("shard-0", image(), at=STARTED_AT)
    wanted = [stream.write("shard-0", image(), at=STARTED_AT + timedelta(seconds=n)) for n in (1, 2)]

    assert wanted == numbers(following(stream, since=STARTED_AT + timedelta(seconds=1)))


def test_records_come_in_order_over_pages() -> None:
    """Page after page of a shard."""
    stream = stream_of(page_records=2)
    written = [stream.write("shard-0", image()) for _ in range(5)]

    assert written == numbers(following(stream))


def test_idle_polls_give_an_empty_batch_and_then_wait() -> None:
    """The caller can stop at every poll; the waits between are bounded."""
    clock = Clock()
    batches = following(stream_of(), clock=clock)

    assert [[], [], []] == list(islice(batches, 3))
    assert [POLL_SECONDS] * 2 == clock.slept


def test_busy_polls_do_not_wait() -> None:
    """While there are records, the next are asked for at once."""
    stream, clock = stream_of(page_records=1), Clock()
    for _ in range(5):
        stream.write("shard-0", image())
    list(islice(following(stream, clock=clock), 5))

    assert [] == clock.slept


def test_parents_are_read_before_their_children() -> None:
    """Whatever order the shards are described in, the changes of an item stay in order."""
    stream = stream_of(page_records=1)
    before = [stream.write("shard-0", image()) for _ in range(3)]
    stream.split("shard-0", "shard-1", "shard-2")
    middle = [stream.write("shard-1", image()) for _ in range(2)]
    stream.split("shard-1", "shard-3")
    after = [stream.write("shard-3", image()) for _ in range(2)]

    assert before + middle + after == numbers(following(stream))


def test_a_child_whose_parent_is_gone_is_read() -> None:
    """A parent that the stream has forgotten holds nothing back."""
    stream = FakeDynamoDBStreams(shards={"shard-1": FakeShard("shard-0")})
    number = stream.write("shard-1", image())

    assert [number] == numbers(following(stream))


def test_pages_of_shards_are_all_read() -> None:
    """A stream of more shards than a page holds."""
    stream = stream_of(*(f"shard-{n}" for n in range(7)), page_shards=3)
    written = [stream.write(f"shard-{n}", image()) for n in range(7)]

    assert sorted(written) == sorted(numbers(following(stream)))


def test_shards_that_come_later_are_read_from_their_beginning() -> None:
    """A shard that opens while following loses nothing, and neither does what its parent still had."""
    stream, clock = stream_of(), Clock()
    batches = following(stream, since=None, clock=clock)
    assert [] == next(batches)
    last = stream.write("shard-0", image())
    stream.split("shard-0", "shard-1")
    first = stream.write("shard-1", image())

    assert [last, first] == numbers(batches)


def test_new_shards_are_looked_for_now_and_then() -> None:
    """Also where no shard has ended."""
    stream, clock = stream_of(), Clock()
    batches = following(stream, clock=clock)
    next(batches)
    stream.shards["shard-9"] = FakeShard(None)
    number = stream.write("shard-9", image())

    assert [number] == numbers(batches, idle=int(DISCOVER_SECONDS / POLL_SECONDS) + 2)


def test_from_now_on_leaves_closed_shards_alone() -> None:
    """What ended before the start is not read, its open child is."""
    stream = stream_of()
    stream.write("shard-0", image())
    stream.split("shard-0", "shard-1")
    batches = following(stream, since=None)
    number = stream.write("shard-1", image())

    assert [number] == numbers(batches)
    assert "shard-0" not in {subject for operation, subject in stream.calls if operation == "get_records"}


def test_shards_that_are_read_and_gone_are_forgotten() -> None:
    """Following for weeks does not collect shards; a stream whose shards have all ended waits for new ones."""
    stream, clock = stream_of(), Clock()
    batches = following(stream, clock=clock)
    stream.split("shard-0")
    numbers(batches)
    del stream.shards["shard-0"]
    stream.shards["shard-1"] = FakeShard("shard-0")
    number = stream.write("shard-1", image())

    assert [number] == numbers(batches, idle=2)


def test_an_expired_iterator_goes_on_after_the_last_record() -> None:
    """Nothing is skipped and nothing repeated when reading pauses for longer than an iterator lives."""
    stream = stream_of()
    batches = following(stream)
    first = stream.write("shard-0", image())
    assert [first] == numbers(batches)
    stream.expire_iterators()
    second = stream.write("shard-0", image())

    assert [second] == numbers(batches, idle=2)


def test_an_expired_iterator_goes_on_at_the_start_when_nothing_was_read_yet() -> None:
    """Following from now on, what came in during the pause is given, and what was there before is not."""
    stream = stream_of()
    stream.write("shard-0", image(), at=STARTED_AT - timedelta(seconds=1))
    batches = following(stream, since=None)
    stream.expire_iterators()
    number = stream.write("shard-0", image(), at=STARTED_AT)

    assert [number] == numbers(batches, idle=2)


def test_trimmed_records_are_told_of() -> None:
    """Where the stream has dropped what was to be read next, the rest is read and it is said so."""
    stream, told = stream_of(), list[str]()
    batches = following(stream, tell=told.append)
    first = stream.write("shard-0", image())
    assert [first] == numbers(batches)
    stream.write("shard-0", image())
    left = stream.write("shard-0", image())
    stream.shards["shard-0"].trimmed = 2

    assert [left] == numbers(batches, idle=2)
    assert ["the stream has dropped records of shard-0 after 24 hours; going on with the oldest it has"] == told


def test_a_shard_that_is_gone_ends() -> None:
    """Its children are read."""
    stream = stream_of()
    batches = following(stream)
    next(batches)
    stream.split("shard-0", "shard-1")
    del stream.shards["shard-0"]
    number = stream.write("shard-1", image())

    assert [number] == numbers(batches, idle=2)


@given(st.lists(st.sampled_from(["write", "split", "expire", "throttle", "read"]), max_size=30), st.integers(1, 3))
def test_every_record_comes_once_and_in_order(steps: list[str], page_records: int) -> None:
    """Under any mix of writes, splits, expiries and throttles."""
    stream = stream_of(page_records=page_records)
    batches = following(stream)
    written, found, shard = list[str](), list[str](), 0
    for step in steps:
        match step:
            case "write":
                written.append(stream.write(f"shard-{shard}", image()))
            case "split":
                stream.split(f"shard-{shard}", f"shard-{shard + 1}")
                shard += 1
            case "expire":
                stream.expire_iterators()
            case "throttle":
                stream.errors["get_records"] = [aws_error("LimitExceededException")]
            case "read":
                found += [each["dynamodb"]["SequenceNumber"] for each in next(batches)]

    assert written == found + numbers(batches, idle=4)


@pytest.mark.parametrize(
    "error",
    [
        aws_error("LimitExceededException"),
        aws_error("InternalServerError", 500),
        EndpointConnectionError(endpoint_url="http://127.0.0.1:4566"),
    ],
    ids=["throttled", "not well", "out of reach"],
)
@pytest.mark.parametrize("operation", ["get_records", "get_shard_iterator", "describe_stream"])
def test_what_may_pass_is_tried_again(operation: str, error: Exception) -> None:
    """With doubling waits, and without losing the place."""
    stream, clock = stream_of(), Clock()
    batches = following(stream, clock=clock)
    stream.errors[operation] = [error, error]
    number = stream.write("shard-0", image())
    stream.split("shard-0")

    assert [number] == numbers(batches, idle=4)
    assert [0.1, 0.2] == clock.slept[:2]


def test_other_shards_are_read_while_one_is_throttled() -> None:
    """A throttled shard does not starve its neighbours."""
    stream = stream_of("shard-a", "shard-b")
    written = {stream.write("shard-a", image()), stream.write("shard-b", image())}
    stream.errors["get_records"] = [aws_error("LimitExceededException")]

    assert written == set(numbers(following(stream)))


def test_what_keeps_failing_is_told_of_once_and_so_is_its_end() -> None:
    """Silence would look like a stream without records; a throttle that passes is not worth a line."""
    stream, told = stream_of("shard-a", "shard-b"), list[str]()
    batches = following(stream, tell=told.append)
    stream.errors["get_records"] = [each for _ in range(5) for each in (aws_error("InternalServerError", 500), None)]
    numbers(batches, idle=2)
    assert [] == told
    numbers(batches, idle=2)
    ((line),) = told
    assert line.startswith("the table's stream cannot be read: ")
    assert "InternalServerError" in line
    assert line.endswith("; trying for 60 seconds")
    numbers(batches, idle=4)

    assert [line, "the table's stream can be read again"] == told


def test_an_outage_ends_the_following_after_a_minute() -> None:
    """The last error is raised."""
    stream, clock = stream_of(), Clock()
    batches = following(stream, clock=clock)
    stream.errors["get_records"] = [aws_error("InternalServerError", 500)] * 200
    with pytest.raises(Retryable, match="InternalServerError"):
        numbers(batches, idle=200)

    assert 60 < sum(clock.slept) < 70


@pytest.mark.parametrize(
    ("operation", "code", "expected"),
    [
        ("describe_stream", "ResourceNotFoundException", NotDeployed),
        ("describe_stream", "AccessDeniedException", Misconfiguration),
        ("get_records", "AccessDeniedException", Misconfiguration),
        ("get_records", "ValidationException", Misconfiguration),
    ],
)
def test_what_will_not_pass_is_raised(operation: str, code: str, expected: type[Exception]) -> None:
    """A missing stream and a missing permission are said at once."""
    stream = stream_of()
    stream.errors[operation] = [aws_error(code)]

    with pytest.raises(expected):
        next(following(stream))


def test_a_start_is_tried_again() -> None:
    """The stream of a new table is not ready at once; what came in meanwhile is given."""
    stream, clock = stream_of(), Clock()
    stream.errors["get_shard_iterator"] = [aws_error("InternalServerError", 500)] * 2
    batches = following(stream, since=None, clock=clock)
    number = stream.write("shard-0", image())

    assert [number] == numbers(batches)
    assert [0.1, 0.2] == clock.slept[:2]


@pytest.mark.parametrize(
    ("code", "expected"), [("LimitExceededException", Retryable), ("AccessDeniedException", Misconfiguration)]
)
def test_a_start_that_fails_is_raised(code: str, expected: type[Exception]) -> None:
    """Whoever follows from now on must know that it has not begun."""
    stream, clock = stream_of(), Clock()
    stream.errors["get_shard_iterator"] = [aws_error(code)] * 99
    with pytest.raises(expected):
        following(stream, since=None, clock=clock)

    assert sum(clock.slept) < 15


def test_a_deleted_stream_is_told_of() -> None:
    """The table is gone while it is followed."""
    stream = stream_of()
    batches = following(stream)
    next(batches)
    stream.shards.clear()
    stream.errors["describe_stream"] = [aws_error("ResourceNotFoundException")]

    with pytest.raises(NotDeployed, match="not there"):
        next(batches)


# what a record tells --------------------------------------------------------------------------------------------------


def record(new_image: Image | None, name: str = "INSERT") -> RecordTypeDef:
    stream = stream_of()
    stream.write("shard-0", new_image, name=name)
    return next(following(stream))[0]


def test_a_new_event_is_shown_with_the_time_it_was_written_at() -> None:
    """As JSON, without what only the table needs."""
    item: Image = {
        "pk": {"S": "event#e-1"},
        "sk": {"S": "event"},
        "id": {"S": "e-1"},
        "data": {"M": {"n": {"N": "12.5"}, "set": {"NS": ["1", "2"]}, "big": {"N": "0.1234567890123456789"}}},
        "expires_at": {"N": "1"},
        "timeline": {"S": "x"},
        "timeline_order": {"S": "y"},
    }
    expected: dict[str, Json] = {
        "id": "e-1",
        "data": {"n": 12.5, "set": [1, 2], "big": "0.1234567890123456789"},
        "processed_at": "2026-11-23T10:00:01Z",
    }

    assert expected == processed(record(item))


@pytest.mark.parametrize(
    ("new_image", "name"),
    [
        ({"pk": {"S": "entity#orders/1"}, "sk": {"S": "state"}}, "INSERT"),
        ({"pk": {"S": "event#e-1"}, "sk": {"S": "event"}}, "MODIFY"),
        (None, "REMOVE"),
    ],
    ids=["state", "written again", "expired"],
)
def test_anything_else_is_no_processed_event(new_image: Image | None, name: str) -> None:
    """The state of entities, repeats and expiries are passed over."""
    assert processed(record(new_image, name)) is None


# the stream of a table ------------------------------------------------------------------------------------------------


@dataclass
class FakeTables:
    """A DynamoDB client that knows one answer."""

    answer: dict[str, str] | Exception
    meta: SimpleNamespace = field(default_factory=lambda: SimpleNamespace(region_name="us-east-1"))

    def describe_table(self, *, TableName: str) -> dict[str, dict[str, str]]:  # noqa: N803 - the client's name
        del TableName
        if isinstance(self.answer, Exception):
            raise self.answer
        return {"Table": self.answer}


def test_a_table_has_a_stream() -> None:
    """Its latest."""
    tables = FakeTables({"LatestStreamArn": STREAM_ARN})

    assert STREAM_ARN == stream_of_table(cast("DynamoDBClient", tables), "results")


@pytest.mark.parametrize(
    ("answer", "error", "expected"),
    [
        ({}, NotDeployed, "table 'results' has no stream to follow"),
        (aws_error("ResourceNotFoundException"), NotDeployed, "there is no table 'results' in us-east-1"),
        (aws_error("AccessDeniedException"), ClientError, "AccessDenied"),
    ],
)
def test_a_table_without_a_stream(answer: dict[str, str] | Exception, error: type[Exception], expected: str) -> None:
    """It is said which, and why."""
    with pytest.raises(error, match=expected):
        stream_of_table(cast("DynamoDBClient", FakeTables(answer)), "results")
