"""Redelivery, as the event source mapping does it: from the record that was named, or from where it began.

How many records come along is anybody's guess: fewer after a bisect, more after a wait. An answer may be lost after
everything was written (a time-out). After some rounds nothing fails any more, so that every run ends.
"""

from __future__ import annotations

import random
from collections import deque
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, cast

from hypothesis import given
from hypothesis import strategies as st

from pipeline.aws.backoff import Backoff
from pipeline.aws.dynamodb import ItemSink, StateSink
from pipeline.aws.s3 import ArchiveSink, DeadLetterBucket, archived, dead_letters, position_key
from pipeline.consumer import Consumer
from pipeline.model import Failure, Item, Line, State
from pipeline.testing.aws_errors import aws_error
from pipeline.testing.bench import STAGES, change_event
from pipeline.testing.countdown import Countdown
from pipeline.testing.dynamodb import FakeDynamoDB
from pipeline.testing.lambda_events import ARRIVED_AT, aggregate, kinesis_event, log_event
from pipeline.testing.ports import Actions, FakeDeadLetters, FakeReport, FakeSink
from pipeline.testing.s3 import FakeS3

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from pipeline.model import LambdaRecord, Position
    from pipeline.ports import Remaining

TROUBLED_ROUNDS = 6
LATER = Failure("throttled")
NEVER = Failure("refused", permanent=True)


def deliver(
    records: Sequence[LambdaRecord],
    consume: Callable[[Mapping[str, Any], int], Mapping[str, Any]],
    size: Callable[[int], int],
    is_lost: Callable[[int], bool],
) -> None:
    """The event source mapping of one shard: deliver, and begin again where the answer says, until all is done."""
    checkpoint, rounds = 0, 0
    while checkpoint < len(records):
        batch = records[checkpoint : checkpoint + size(len(records) - checkpoint)]
        answer = consume({"Records": batch}, rounds)
        rounds += 1
        if rounds < TROUBLED_ROUNDS and is_lost(rounds):
            continue
        named = [each["itemIdentifier"] for each in answer["batchItemFailures"]]
        places = [place for place, record in enumerate(batch) if record["kinesis"]["sequenceNumber"] in named]
        assert len(named) == len(places) <= 1
        checkpoint += places[0] if places else len(batch)


# the rule: in-memory sinks, every failure drawn -----------------------------------------------------------------------


@dataclass
class MemoryArchive:
    """Sink[Line]: objects named by the rule; those of the failing partitions cannot be written."""

    failing: set[str] = field(default_factory=set)
    objects: dict[str, list[str]] = field(default_factory=dict)

    def write(self, deliveries: Sequence[Line], remaining: Remaining) -> dict[Position, Failure]:
        del remaining
        partitions: dict[str, list[Line]] = {}
        for line in deliveries:
            partitions.setdefault(line.partition, []).append(line)
        for name, lines in partitions.items():
            if name not in self.failing:
                key = f"{name}/{position_key(lines[0].position)}"
                self.objects[key] = [line.position.sequence_number for line in lines]
        return {line.position: LATER for line in deliveries if line.partition in self.failing}


@given(st.lists(st.sampled_from(["10", "11", "12", "dropped", "poison", "refused"]), max_size=14), st.data())
def test_neither_gap_nor_duplicate(kinds: list[str], data: st.DataObject) -> None:
    """Over all redeliveries every record is archived once, or dead-lettered, or dropped: none twice, none missing."""
    records = kinesis_event(*map(record_of, kinds), first=1)["Records"]
    numbers = {str(number): kind for number, kind in enumerate(kinds, start=1)}
    refused = {number: NEVER for number, kind in numbers.items() if kind == "refused"}
    some = st.sets(st.sampled_from(sorted(numbers))) if numbers else st.just(set[str]())
    actions, archive = Actions(), MemoryArchive()
    items, letters = FakeSink[Item]("items", actions), FakeDeadLetters(actions)
    sinks: dict[Any, Any] = {Item: items, State: FakeSink("states", actions), Line: archive}
    consumer = Consumer(STAGES, sinks, letters, FakeReport(actions), lambda: ARRIVED_AT)

    def consume(batch: Mapping[str, Any], rounds: int) -> Mapping[str, Any]:
        troubled = rounds < TROUBLED_ROUNDS
        items.failing = {**(dict.fromkeys(data.draw(some), LATER) if troubled else {}), **refused}
        letters.failing = frozenset(data.draw(some)) if troubled else frozenset()
        hours = data.draw(st.sets(st.sampled_from(["10", "11", "12"]))) if troubled else set()
        archive.failing = {f"type=log.v1/date=2026-11-23/hour={hour}" for hour in hours}
        return consumer.consume(batch, lambda: 60)

    deliver(records, consume, lambda left: data.draw(st.integers(1, left)), lambda _: data.draw(st.booleans()))
    lines = sorted((number for each in archive.objects.values() for number in each), key=int)
    assert [number for number, kind in numbers.items() if kind.isdigit()] == lines
    assert all(each == sorted(each, key=int) for each in archive.objects.values())
    kept = {letter.record.position.sequence_number for letter in letters.kept}
    assert {number for number, kind in numbers.items() if kind in {"poison", "refused"}} == kept


def record_of(kind: str) -> bytes | dict[str, Any]:
    match kind:
        case "poison":
            return b"{"
        case "dropped":
            return log_event(severity_number=1)
    return {**log_event(), "time": f"2026-11-23T{kind if kind.isdigit() else '10'}:00:00Z"}


# the whole: the sinks of AWS on fakes that fail at random -------------------------------------------------------------


@dataclass
class Cloud:
    """Fake table and buckets with `process` on them."""

    table: FakeDynamoDB = field(default_factory=FakeDynamoDB)
    s3: FakeS3 = field(default_factory=lambda: FakeS3({"archive": {}, "dead": {}}))

    def consume(self, batch: Mapping[str, Any], *, seconds: float = 60) -> Mapping[str, Any]:
        clock = Countdown(seconds)
        backoff = Backoff(draw=lambda: 1.0, sleep=clock.sleep)
        table, s3 = cast("Any", self.table), cast("Any", self.s3)
        sinks: dict[Any, Any] = {
            Item: ItemSink(table, "results", backoff),
            State: StateSink(table, "results", backoff),
            Line: ArchiveSink(s3, "archive", backoff),
        }
        letters = DeadLetterBucket(s3, "dead", "process")
        return Consumer(STAGES, sinks, letters, FakeReport(Actions()), lambda: ARRIVED_AT).consume(batch, clock)

    def results(self) -> tuple[Any, list[dict[str, Any]], dict[str, Any]]:
        """The table, the archived lines in the order of their positions, and the dead letters."""
        s3 = cast("Any", self.s3)
        lines = [line for _, _, each in archived(s3, "archive") for line in each]
        return (
            self.table.items,
            sorted(lines, key=lambda line: [int(number) for number in line["position"].split("/")[2:]]),
            dict(dead_letters(s3, "dead")),
        )


def packed(content: Sequence[bytes | dict[str, Any]], chance: random.Random) -> Iterator[bytes | dict[str, Any]]:
    """The same records in the same order, some of them as aggregates."""
    left = deque(content)
    while left:
        take = [left.popleft() for _ in range(min(len(left), chance.choice([1, 1, 2, 5])))]
        yield take[0] if len(take) == 1 and chance.random() < 0.5 else aggregate(*take)


def records(chance: random.Random) -> Iterator[bytes | dict[str, Any]]:
    """Logs of three hours, changes of three entities in any order, and some that can never succeed."""
    for number in range(chance.randint(1, 40)):
        kind = chance.choice(["log", "log", "change", "change", "poison", "dropped"])
        if kind == "change":
            entity = f"orders/{chance.choice('abc')}"
            event = change_event(f"c-{number}", entity)
            source = {**event["data"]["source"], "sequence_number": str(chance.randint(1, 10**20))}
            yield {**event, "data": {**event["data"], "source": source}}
        elif kind == "log":
            hour = chance.choice([10, 11, 12])
            yield {**log_event(f"l-{number}", body=f"line {number}"), "time": f"2026-11-23T{hour}:00:00Z"}
        else:
            yield record_of(kind)


@given(st.integers(0, 2**32))
def test_in_effect_exactly_once(seed: int) -> None:
    """Whatever fails, and however often records come again, the results are those of one delivery without failures."""
    chance = random.Random(seed)  # noqa: S311 - the same seed, the same failures
    batch = kinesis_event(*packed(list(records(chance)), chance), first=1)
    perfect, cloud = Cloud(), Cloud()
    assert {"batchItemFailures": []} == perfect.consume(batch)

    def consume(batch: Mapping[str, Any], rounds: int) -> Mapping[str, Any]:
        troubled = rounds < TROUBLED_ROUNDS
        throttled, slow = aws_error("ThrottlingException"), aws_error("SlowDown", 503)
        cloud.table.errors = chance.choices([None, None, throttled], k=20) if troubled else []
        cloud.table.unprocessed = [chance.randint(0, 5) for _ in range(5)] if troubled else []
        bad = f"hour={chance.choice([10, 11, 12])}" if troubled else "none"
        cloud.s3.errors = chance.choices([None, None, slow], k=5) if troubled else []
        cloud.s3.failing = lambda key: slow if bad in key else None
        return cloud.consume(batch, seconds=chance.choice([0, 5.3, 8, 60]) if troubled else 60)

    deliver(batch["Records"], consume, lambda left: chance.randint(1, left), lambda _: chance.random() < 0.3)
    assert perfect.results() == cloud.results()
