from __future__ import annotations

import dataclasses
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.core import process
from pipeline.model import Failure, Item, Ledger, Line, Position, Reason, Stage
from pipeline.testing.bench import ACKNOWLEDGED, Bench, logs, named
from pipeline.testing.lambda_events import SHARD, aggregate, kinesis_event, log_event, log_subscription

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from pipeline.ports import Remaining

LATER = Failure("throttled")
NEVER = Failure("refused", permanent=True)


def place(sequence_number: int, sub_sequence_number: int = 0) -> Position:
    return Position("events", SHARD, str(sequence_number), sub_sequence_number)


@dataclass
class SinkOfPositions:
    """Sink: fails on single user records, and keeps the positions it was given."""

    failing: Mapping[Position, Failure] = dataclasses.field(default_factory=dict)
    given: list[Position] = dataclasses.field(default_factory=list)

    def write(self, deliveries: Sequence[Item], remaining: Remaining) -> Mapping[Position, Failure]:
        del remaining
        self.given += [each.position for each in deliveries]
        return {each.position: self.failing[each.position] for each in deliveries if each.position in self.failing}


def bench(failing: Mapping[Position, Failure], archive: SinkOfPositions | None = None) -> Bench:
    made = Bench()
    sinks: dict[Any, Any] = {**made.sinks, Item: SinkOfPositions(failing), Line: archive or SinkOfPositions()}
    made.sinks = sinks
    return made


def three(*ids: str) -> bytes:
    return aggregate(*(log_event(each) for each in ids or ("a", "b", "c")))


def test_delivered() -> None:
    """Every user record is delivered under its own position, and counted."""
    archive = SinkOfPositions()
    made = bench({}, archive)
    assert ACKNOWLEDGED == made.consume(kinesis_event(log_event("x"), three(), log_event("y"), first=1))
    assert [place(1), place(2, 0), place(2, 1), place(2, 2), place(3)] == archive.given
    assert Ledger(5, delivered=5) == made.ledger()


@given(st.integers(0, 2))
def test_a_failed_user_record_retries_the_aggregate(failed: int) -> None:
    """Of an aggregate with a failed user record nothing is archived or acknowledged; it comes again as a whole."""
    archive = SinkOfPositions()
    made = bench({place(2, failed): LATER}, archive)
    assert named(2) == made.consume(kinesis_event(log_event("x"), three(), log_event("y"), first=1))
    assert [place(1)] == archive.given
    assert Ledger(5, delivered=1, retried=4) == made.ledger()


def test_the_lowest_aggregate_is_named() -> None:
    """Sub-sequence numbers order within a record only."""
    made = bench({place(2, 2): LATER, place(3, 0): LATER})
    assert named(2) == made.consume(kinesis_event(three(), three("d", "e", "f"), three("g", "h", "i"), first=1))


def test_refused() -> None:
    """A user record that a sink refuses for good is a dead letter, and the others of its aggregate are delivered."""
    archive = SinkOfPositions()
    made = bench({place(1, 1): NEVER}, archive)
    assert ACKNOWLEDGED == made.consume(kinesis_event(three(), first=1))
    assert [place(1, 0), place(1, 2)] == archive.given
    assert [place(1, 1)] == [letter.record.position for letter in made.dead_letters.kept]


@given(st.integers(0, 4), st.binary(max_size=20))
def test_a_bad_user_record(bad: int, poison: bytes) -> None:
    """A bad user record in a good aggregate is one dead letter, with what Lambda delivered and its place in it."""
    content: list[bytes | dict[str, Any]] = [log_event(f"e-{n}") for n in range(5)]
    content[bad] = poison
    batch = kinesis_event(log_event("x"), aggregate(*content), first=1)
    made = bench({})
    assert ACKNOWLEDGED == made.consume(batch)
    (letter,) = made.dead_letters.kept
    assert (place(2, bad), batch["Records"][1]) == (letter.record.position, letter.record.original)
    assert Ledger(6, delivered=5, dead_lettered=1, reasons=Counter({letter.reason: 1})) == made.ledger()


def test_a_corrupt_aggregate() -> None:
    """A corrupt aggregate is one dead letter and nothing else, and its neighbours are delivered."""
    corrupt = bytearray(three())
    corrupt[30] ^= 1
    made = bench({})
    assert ACKNOWLEDGED == made.consume(kinesis_event(log_event("x"), bytes(corrupt), log_event("y"), first=1))
    (letter,) = made.dead_letters.kept
    assert (place(2), Reason.AGGREGATE_CORRUPT, Stage.UNPACK) == (letter.record.position, letter.reason, letter.stage)
    assert Ledger(3, delivered=2, dead_lettered=1, reasons=Counter({letter.reason: 1})) == made.ledger()


def test_control() -> None:
    """A control message of a subscription is dropped, and counted as that."""
    made = bench({})
    batch = kinesis_event(log_subscription(messageType="CONTROL_MESSAGE"), log_subscription("a", "b"), first=1)
    assert ACKNOWLEDGED == made.consume(batch)
    assert Ledger(3, delivered=2, dropped=1) == made.ledger()


def test_progress() -> None:
    """However little time is left, all dead letters of the first aggregate are kept: there is progress by one."""
    batch = kinesis_event(aggregate(b"1", b"2", b"3"), aggregate(b"4", b"5"), log_event("x"), first=1)
    made = bench({})
    assert named(2) == made.consume(batch, seconds=0)
    assert [place(1, 0), place(1, 1), place(1, 2)] == [letter.record.position for letter in made.dead_letters.kept]


def test_no_room(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where a batch unfolds to too much, the rest of it is delivered again; one record is done at the least."""
    monkeypatch.setattr(process, "MAX_BATCH_BYTES", 1)
    archive = SinkOfPositions()
    batch = kinesis_event(aggregate(log_event("a"), b"{"), log_event("x"), b"{", first=1)
    made = bench({}, archive)
    assert named(2) == made.consume(batch)
    assert ([place(1, 0)], [place(1, 1)]) == (archive.given, [each.record.position for each in made.dead_letters.kept])
    assert Ledger(4, 1, 0, 1, 2, Counter({Reason.NOT_JSON: 1})) == made.ledger()


def test_unkept() -> None:
    """A dead letter of a user record that cannot be kept brings its aggregate back."""
    made = Bench(unkept={2})
    batch = kinesis_event(log_event("x"), aggregate(log_event("a"), b"{"), log_event("y"), first=1)
    assert named(2) == made.consume(batch)
    assert Ledger(4, delivered=1, retried=3) == made.ledger()


@pytest.mark.parametrize("count", [1, 75, 500])
def test_full_aggregates(count: int) -> None:
    """An aggregate is worth as many records as it holds."""
    made = Bench()
    packed = aggregate(*(log_event(f"e-{n}") for n in range(count)))
    assert ACKNOWLEDGED == made.consume(kinesis_event(packed, first=1))
    assert Ledger(count, delivered=count) == made.ledger()


def test_plain_and_packed_are_the_same() -> None:
    """The same events are the same items, plain or packed; but for their positions."""
    plain, packed = Bench(), Bench()
    plain.consume(logs(3))
    packed.consume(kinesis_event(aggregate(*(log_event(f"e-{n}") for n in (1, 2, 3))), first=1))
    assert plain.ledger() == packed.ledger()
