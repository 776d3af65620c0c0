from __future__ import annotations

import base64
import dataclasses
import re
import threading
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pytest

from pipeline.core.route import Route
from pipeline.errors import BugFlood, LedgerMismatch, Misconfiguration
from pipeline.model import Entry, Failure, Item, Ledger, Line, Position, Reason, State
from pipeline.routes import relay_changes_stages
from pipeline.testing.bench import ACKNOWLEDGED, SCHEMA, STAGES, Bench, change_event, logs, named
from pipeline.testing.lambda_events import (
    ARRIVED_AT,
    SHARD,
    aggregate,
    dynamodb_event,
    dynamodb_record,
    kinesis_event,
    log_event,
)
from pipeline.testing.ports import FakeSink

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from pipeline.core.process import Stages
    from pipeline.model import Delivery, Event
    from pipeline.ports import Remaining


def test_delivered() -> None:
    """A batch of good records goes to the tables first, to the archive next, and then it is acknowledged."""
    bench = Bench()
    assert ACKNOWLEDGED == bench.consume(logs(3))
    assert [
        ("items", ["1", "2", "3"]),
        ("states", []),
        ("archive", ["1", "2", "3"]),
        ("ledger", Ledger(3, delivered=3)),
    ] == bench.actions.taken


def test_dropped() -> None:
    """A filtered record is dropped, and counted as that."""
    bench = Bench()
    batch = kinesis_event(log_event("a"), log_event("b", severity_number=1), first=1)
    assert ACKNOWLEDGED == bench.consume(batch)
    assert Ledger(2, delivered=1, dropped=1) == bench.ledger()


def test_dropped_and_retried() -> None:
    """A filtered record after a failure comes again, and is counted as that."""
    bench = Bench(items={1: Failure("throttled")})
    assert named(1) == bench.consume(kinesis_event(log_event("a"), log_event("b", severity_number=1), first=1))
    assert Ledger(2, retried=2) == bench.ledger()


def test_empty_batch() -> None:
    """A batch of nothing is acknowledged."""
    bench = Bench()
    assert ACKNOWLEDGED == bench.consume({"Records": []})
    assert [("items", []), ("states", []), ("ledger", Ledger(0))] == bench.actions.taken


def crashing_on(*ids: str) -> Stages:
    def crash(event: Event) -> Sequence[Event]:
        if event.id in ids:
            raise ZeroDivisionError
        return (event,)

    route = STAGES.routes["log.v1"]
    return dataclasses.replace(STAGES, routes={"log.v1": Route((crash, *route.transforms), route.destinations)})


def batch_of(size: int, *, is_packed: bool) -> dict[str, Any]:
    """Good events with the ids e-1, e-2 and so on, as plain records or as the user records of one aggregate."""
    events = [log_event(f"e-{number}") for number in range(1, size + 1)]
    return kinesis_event(aggregate(*events) if is_packed else events[0], *([] if is_packed else events[1:]), first=1)


@pytest.mark.parametrize("is_packed", [False, True])
@pytest.mark.parametrize(("bugs", "size"), [(1, 2), (2, 4), (2, 5), (5, 10), (50, 100)])
def test_bugs_below_the_flood(bugs: int, size: int, *, is_packed: bool) -> None:
    """A bug on half of a batch makes dead letters, and the others are delivered."""
    bench = Bench(crashing_on(*(f"e-{number}" for number in range(1, bugs + 1))))
    assert ACKNOWLEDGED == bench.consume(batch_of(size, is_packed=is_packed))
    assert Ledger(size, delivered=size - bugs, dead_lettered=bugs, reasons={Reason.BUG: bugs}) == bench.ledger()
    assert [Reason.BUG] * bugs == [reason for _, reason in bench.kept()]


@pytest.mark.parametrize("is_packed", [False, True])
@pytest.mark.parametrize(("bugs", "size"), [(1, 1), (2, 2), (2, 3), (3, 4), (3, 5), (6, 10), (51, 100)])
def test_bug_flood(bugs: int, size: int, *, is_packed: bool) -> None:
    """A bug on one more than half of a batch fails the invocation before anything is written."""
    bench = Bench(crashing_on(*(f"e-{number}" for number in range(1, bugs + 1))))
    text = rf"most of {size} records hit a bug, .* {bugs} times ZeroDivisionError at tests\.unit\.test_consumer\w*:"
    with pytest.raises(BugFlood, match=text):
        bench.consume(batch_of(size, is_packed=is_packed))
    assert [] == bench.actions.taken


def test_bugs_and_bad_records() -> None:
    """Bad records are no bugs: a batch of them with a bug among them is no flood."""
    bench = Bench(crashing_on("e-1"))
    assert ACKNOWLEDGED == bench.consume(kinesis_event(log_event("e-1"), b"{", b"{", first=1))
    assert [("1", Reason.BUG), ("2", Reason.NOT_JSON), ("3", Reason.NOT_JSON)] == bench.kept()


def test_a_flood_of_several_bugs() -> None:
    """The flood names its three most frequent bugs, the most frequent first."""
    errors = [KeyError] * 1 + [OSError] * 4 + [TypeError] * 2 + [LookupError] * 3

    def crash(event: Event) -> Sequence[Event]:
        raise errors[int(event.id.removeprefix("e-")) - 1]

    route = STAGES.routes["log.v1"]
    stages = dataclasses.replace(STAGES, routes={"log.v1": Route((crash,), route.destinations)})
    with pytest.raises(BugFlood) as raised:
        Bench(stages).consume(logs(len(errors)))
    named_bugs = re.findall(r"(\d+) times (\w+)", str(raised.value))
    assert [("4", "OSError"), ("3", "LookupError"), ("2", "TypeError")] == named_bugs


@pytest.mark.parametrize("kind", [Item, State, Line])
def test_misconfiguration(kind: type[Delivery]) -> None:
    """A sink that is not there, or may not be used, fails the invocation loudly; nothing is acknowledged."""
    bench = Bench()
    bench.sinks[kind].error = Misconfiguration("AccessDenied")
    with pytest.raises(Misconfiguration, match="AccessDenied"):
        bench.consume(logs(2))
    assert [] == bench.actions.named("ledger")


def test_not_a_batch() -> None:
    """An event that is no batch of a stream fails the invocation loudly."""
    with pytest.raises(Misconfiguration, match="not a batch"):
        Bench().consume({"Records": [{"eventSource": "aws:sqs"}]})


def test_lost_record() -> None:
    """A route that loses a record does not add up, and fails the invocation."""
    stages = dataclasses.replace(STAGES, routes={"log.v1": Route((), ())})
    with pytest.raises(LedgerMismatch, match="received 2 records, but 0 are accounted for"):
        Bench(stages).consume(logs(2))


def test_no_sink() -> None:
    """A delivery for which there is no sink fails the invocation before anything is written."""
    bench = Bench()
    del bench.sinks[Line]
    with pytest.raises(Misconfiguration, match="no sink for Line"):
        bench.consume(logs(2))
    assert [] == bench.actions.taken


@pytest.mark.parametrize(("now", "lag_seconds"), [(ARRIVED_AT + 2.5, 2.5), (ARRIVED_AT - 1, 0.0)])
def test_report(now: float, lag_seconds: float) -> None:
    """The report tells first and last position and how far behind the last record is, never below zero."""
    bench = Bench()
    dataclasses.replace(bench.consumer(), now=lambda: now).consume(logs(3), lambda: 60)
    (told,) = bench.report.rest
    first, last = Position("events", SHARD, "1"), Position("events", SHARD, "3")
    assert (first, last, lag_seconds) == (told["first"], told["last"], told["lag_seconds"])


def test_lag_of_the_last_record() -> None:
    """The lag is that of the record that arrived last, not of the first."""
    bench, batch = Bench(), logs(2)
    batch["Records"][0]["kinesis"]["approximateArrivalTimestamp"] -= 100
    bench.consume(batch)
    assert [1.0] == [told["lag_seconds"] for told in bench.report.rest]


def test_report_of_nothing() -> None:
    """An empty batch has no positions, no lag and no size."""
    bench = Bench()
    bench.consume({"Records": []})
    assert [{"first": None, "last": None, "lag_seconds": 0.0, "size": 0, "size_bytes": 0}] == bench.report.rest


def size_of(batch: dict[str, Any], stages: Stages = STAGES) -> tuple[object, object]:
    bench = Bench(stages)
    bench.sinks[Entry] = FakeSink("entries", bench.actions)
    bench.consume(batch)
    (told,) = bench.report.rest
    return told["size"], told["size_bytes"]


def test_size() -> None:
    """A batch is as large as it was delivered: an aggregate is one record, and its bytes are those of its base64."""
    assert (2, 8 + 4) == size_of(kinesis_event(b"{" * 6, b"{" * 3))
    packed = aggregate(log_event("a"), log_event("b"))
    assert (1, len(base64.b64encode(packed))) == size_of(kinesis_event(packed))


def test_size_of_changes() -> None:
    """A change is as large as DynamoDB Streams says."""
    changes = [dynamodb_record({"id": {"S": str(n)}}, after={}, sequence_number=n) for n in (1, 2)]
    assert (2, 2 * 26) == size_of(dynamodb_event(*changes), relay_changes_stages(SCHEMA))


@pytest.mark.parametrize("data", [None, 7, [], {}])
def test_size_of_what_has_none(data: object) -> None:
    """Data that is no text, and a size that is no number, count for nothing and fail nothing."""
    record: Any = kinesis_event(b"")["Records"][0]
    change: Any = dynamodb_record({"order_id": {"S": "1"}}, after={})
    odd = {**record, "kinesis": {**record["kinesis"], "data": data}}
    without = {**change, "dynamodb": {**change["dynamodb"], "SizeBytes": str(data)}}
    assert (1, 0) == size_of({"Records": [odd]})
    assert (1, 0) == size_of({"Records": [without]}, relay_changes_stages(SCHEMA))


@dataclass
class Meeting(FakeSink[Any]):
    """Sink: does not end before both who are to meet have begun."""

    place: threading.Barrier = field(default_factory=lambda: threading.Barrier(2))

    def write(self, deliveries: Sequence[Any], remaining: Remaining) -> Mapping[Position, Failure]:
        self.place.wait(timeout=30)
        return super().write(deliveries, remaining)


def test_side_by_side() -> None:
    """Items and states are written at the same time, and the archive when both are done."""
    bench, place = Bench(), threading.Barrier(2)
    for kind in (Item, State):
        bench.sinks[kind] = Meeting(bench.sinks[kind].name, bench.actions, place=place)
    assert ACKNOWLEDGED == bench.consume(kinesis_event(change_event("1"), change_event("2"), first=1))
    *first, archive, _ = bench.actions.taken
    assert [("items", ["1", "2"]), ("states", ["1", "2"])] == sorted(first, key=str)
    assert ("archive", ["1", "2"]) == archive


@pytest.mark.parametrize(("bad", "good"), [(Item, "states"), (State, "items")])
def test_a_sink_that_raises_waits_for_the_other(bad: type[Delivery], good: str) -> None:
    """When one sink is refused, the other has ended before the invocation fails: nothing is written behind its back."""
    bench, place = Bench(), threading.Barrier(2)
    for kind in (Item, State):
        error = Misconfiguration("AccessDenied") if kind is bad else None
        bench.sinks[kind] = Meeting(bench.sinks[kind].name, bench.actions, error=error, place=place)
    with pytest.raises(Misconfiguration, match="AccessDenied"):
        bench.consume(kinesis_event(change_event("1"), first=1))
    assert [(good, ["1"])] == bench.actions.taken
