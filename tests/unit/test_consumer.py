from __future__ import annotations

import dataclasses
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import pytest

from pipeline.consumer import NoLookup
from pipeline.core.route import Route
from pipeline.errors import BugFlood, LedgerMismatch, Misconfiguration
from pipeline.model import Item, Ledger, Line, Position, Reason, State
from pipeline.testing.bench import ACKNOWLEDGED, STAGES, Bench, logs
from pipeline.testing.lambda_events import ARRIVED_AT, SHARD, kinesis_event, log_event

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pipeline.core.process import Stages
    from pipeline.model import Delivery, Event


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


def test_bugs_below_the_flood() -> None:
    """A bug on half of a batch makes dead letters, and the others are delivered."""
    bench = Bench(crashing_on("e-1", "e-3"))
    assert ACKNOWLEDGED == bench.consume(logs(4))
    assert [("1", Reason.BUG), ("3", Reason.BUG)] == bench.kept()


def test_bug_flood() -> None:
    """A bug on most of a batch fails the invocation before anything is written."""
    bench = Bench(crashing_on("e-1", "e-2", "e-3"))
    with pytest.raises(
        BugFlood, match=r"most of 5 records hit a bug, .* 3 times ZeroDivisionError at tests\.unit\.test_consumer\w*:"
    ):
        bench.consume(logs(5))
    assert [] == bench.actions.taken


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


@dataclass
class Told:
    """Report: keeps all it is told."""

    told: list[tuple[Ledger, Position | None, Position | None, float]] = field(default_factory=list)

    def batch(self, ledger: Ledger, *, first: Position | None, last: Position | None, lag_seconds: float) -> None:
        self.told.append((ledger, first, last, lag_seconds))


@pytest.mark.parametrize(("now", "lag_seconds"), [(ARRIVED_AT + 2.5, 2.5), (ARRIVED_AT - 1, 0.0)])
def test_report(now: float, lag_seconds: float) -> None:
    """The report tells first and last position and how far behind the last record is, never below zero."""
    report = Told()
    consumer = dataclasses.replace(Bench().consumer(), report=report, now=lambda: now)
    consumer.consume(logs(3), lambda: 60)
    first, last = Position("events", SHARD, "1"), Position("events", SHARD, "3")
    assert [(Ledger(3, delivered=3), first, last, lag_seconds)] == report.told


def test_report_of_nothing() -> None:
    """An empty batch has no positions and no lag."""
    report = Told()
    dataclasses.replace(Bench().consumer(), report=report).consume({"Records": []}, lambda: 60)
    assert [(Ledger(0), None, None, 0.0)] == report.told


def test_no_lookup() -> None:
    """Where nothing can be looked up, wanting nothing is fine, and wanting something is a bug that is said aloud."""
    assert {} == NoLookup().fetch(frozenset())
    with pytest.raises(ValueError, match="nothing can be looked up here, but"):
        NoLookup().fetch(frozenset({"user/1"}))
