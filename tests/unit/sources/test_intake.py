from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from pipeline.core.arrival import read
from pipeline.errors import BugFlood, LedgerMismatch, Misconfiguration
from pipeline.model import Failure, Ledger, Position, Reason, Stage
from pipeline.sources.intake import Settled
from pipeline.testing.arrivals import QUEUE_ARN, bus_event, fifo_event, message_id, sqs_event, sqs_record
from tests.unit.sources.door import BAD, KEPT, LATER, NEVER, PUT, Door, bug

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

NUMBERS = range(5)


def undone(settled: Settled) -> list[int]:
    return [int(number) for number in NUMBERS if message_id(number) in [each.position[2] for each in settled.undone]]


@pytest.mark.parametrize(
    ("failing", "unkept", "put", "kept", "again"),
    [
        ({}, (), [0, 2, 4], [1, 3], []),
        ({2: LATER}, (), [0, 4], [1, 3], [2]),
        ({0: LATER, 2: LATER, 4: LATER}, (), [], [1, 3], [0, 2, 4]),
        ({2: NEVER}, (), [0, 4], [1, 3, 2], []),
        ({2: NEVER, 4: LATER}, (), [0], [1, 3, 2], [4]),
        ({}, [3], [0, 2, 4], [1], [3]),
        ({}, [1], [0, 2, 4], [], [1, 3]),
        ({2: NEVER}, [2], [0, 4], [1, 3], [2]),
    ],
)
def test_settle(
    failing: Mapping[int, Failure], unkept: Collection[int], put: list[int], kept: list[int], again: list[int]
) -> None:
    """Each by itself: put, kept as a dead letter, or to come again; the ledger says the same."""
    door = Door(failing, unkept)
    settled = door.intake().settle(read(sqs_event("a", BAD, "c", BAD, "e")), lambda: 60.0)

    steps: list[tuple[str, list[int]]] = [(PUT, put)] if put else []
    assert [*steps, *((KEPT, [number]) for number in kept)] == door.done()
    assert again == undone(settled)
    assert (5, len(put), len(kept), len(again)) == (
        door.ledger().received,
        door.ledger().delivered,
        door.ledger().dead_lettered,
        door.ledger().retried,
    )


def test_what_a_dead_letter_says() -> None:
    """What the stream refuses for good says so, and what Lambda delivered is kept with it."""
    door, batch = Door({0: NEVER}), sqs_event("a", BAD)
    door.intake().settle(read(batch), lambda: 60.0)

    bad, refused = door.dead_letters.kept
    assert (Reason.REFUSED_BY_SINK, "too large", Stage.WRITE) == (refused.reason, refused.detail, refused.stage)
    assert (Reason.NOT_AN_EVENT, Stage.VALIDATE) == (bad.reason, bad.stage)
    assert [*batch["Records"]] == [refused.record.original, bad.record.original]
    assert {Reason.REFUSED_BY_SINK: 1, Reason.NOT_AN_EVENT: 1} == door.ledger().reasons


def test_what_is_told() -> None:
    """Counts, positions, the lag and the size; nothing of what the messages say."""
    door = Door()
    door.intake().settle(read(sqs_event("é", "b")), lambda: 60.0)
    first, last = (Position(QUEUE_ARN, "", message_id(number)) for number in (0, 1))
    assert Ledger(received=2, delivered=2) == door.ledger()
    assert [{"first": first, "last": last, "lag_seconds": 2.0, "size": 2, "size_bytes": 3}] == door.report.rest


def test_nothing() -> None:
    """No records are told as such."""
    door = Door()
    for settle in (door.intake().settle, door.intake().settle_in_order):
        assert [] == settle([], lambda: 60.0).undone
    assert [] == door.done()
    told = {"first": None, "last": None, "lag_seconds": 0.0, "size": 0, "size_bytes": 0}
    assert [told, told] == door.report.rest


def test_without_a_body() -> None:
    """An event of a bus has no bytes of its own, and a clock that is behind makes no lag."""
    door = Door()
    door.intake().settle(read(bus_event({}, time="2035-01-01T00:00:00Z")), lambda: 60.0)
    assert [(0, 0.0)] == [(each["size_bytes"], each["lag_seconds"]) for each in door.report.rest]


def test_one_message_twice() -> None:
    """Two copies in a batch have one outcome, and both count."""
    door = Door()
    twice = read({"Records": [sqs_record("a"), sqs_record("a"), sqs_record(BAD, 1), sqs_record(BAD, 1)]})
    settled = door.intake().settle(twice, lambda: 60.0)
    assert ([], [(PUT, [0, 0]), (KEPT, [1])]) == (settled.undone, door.done())
    assert Ledger(received=4, delivered=2, dead_lettered=2, reasons={Reason.NOT_AN_EVENT: 2}) == door.ledger()


# one after the other --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("place", NUMBERS)
@pytest.mark.parametrize("how", ["stream", "dead letter", "refused dead letter"])
def test_in_order_up_to_the_first_failure(place: int, how: str) -> None:
    """Wherever it fails, what is before it is done, in order, and nothing of it or after it is put or kept."""
    texts = ["good" if number % 2 else BAD for number in NUMBERS]
    texts[place] = BAD if how == "dead letter" else "good"
    failing = {"stream": {place: LATER}, "refused dead letter": {place: NEVER}}.get(how, {})
    door = Door(failing, () if how == "stream" else [place])

    settled = door.intake().settle_in_order(read(fifo_event(*texts, groups=2)), lambda: 60.0)

    assert [(PUT if number % 2 else KEPT, [number]) for number in range(place)] == door.done()
    assert [*range(place, 5)] == undone(settled)
    assert 5 - place == door.ledger().retried


def test_in_order_over_dead_letters() -> None:
    """A dead letter is an outcome: what is after it goes on."""
    door = Door({1: NEVER})
    settled = door.intake().settle_in_order(read(fifo_event("a", "b", BAD, "d")), lambda: 60.0)
    assert ([], [(PUT, [0]), (KEPT, [1]), (KEPT, [2]), (PUT, [3])]) == (settled.undone, door.done())


@pytest.mark.parametrize(("before_the_end", "expected"), [(-1.0, [0]), (0.0, [0]), (0.5, [0, 1, 2])])
def test_in_order_when_late(before_the_end: float, expected: list[int]) -> None:
    """The first is tried whatever the time left, and no other is begun in the reserve."""
    door = Door()
    intake = door.intake()
    left = intake.reserve_seconds + before_the_end
    settled = intake.settle_in_order(read(fifo_event("a", "b", "c")), lambda: left)
    assert [(PUT, [number]) for number in expected] == door.done()
    assert [number for number in range(3) if number not in expected] == undone(settled)


# what is raised -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("is_in_order", [False, True])
@pytest.mark.parametrize(("bugs", "is_flood"), [([1], False), ([0, 2], False), ([0, 2, 3], True)])
def test_a_flood_of_bugs(bugs: list[int], *, is_flood: bool, is_in_order: bool) -> None:
    """Up to half of a batch they are dead letters; more of them are raised, and nothing is put or kept."""
    door = Door()
    records = read({"Records": [bug(n) if n in bugs else sqs_record(BAD if n == 1 else "x", n) for n in range(4)]})
    settle = door.intake().settle_in_order if is_in_order else door.intake().settle
    if not is_flood:
        assert [] == settle(records, lambda: 60.0).undone
        assert len(bugs) == door.ledger().reasons[Reason.BUG]
        return
    with pytest.raises(BugFlood, match="most of 4 records hit a bug, so none was put: AttributeError at pipeline"):
        settle(records, lambda: 60.0)
    assert [] == door.actions.taken


@pytest.mark.parametrize("is_in_order", [False, True])
def test_a_bug_alone(*, is_in_order: bool) -> None:
    """As with a stream, one bug in a batch of one is most of it: it is raised."""
    door = Door()
    settle = door.intake().settle_in_order if is_in_order else door.intake().settle
    with pytest.raises(BugFlood):
        settle(read({"Records": [bug(0)]}), lambda: 60.0)
    assert [] == door.actions.taken


@pytest.mark.parametrize("is_in_order", [False, True])
def test_a_misconfiguration(*, is_in_order: bool) -> None:
    """It fails the invocation, and no dead letter is kept for it."""
    door = Door()
    door.stream.error = Misconfiguration("AccessDenied")
    settle = door.intake().settle_in_order if is_in_order else door.intake().settle
    with pytest.raises(Misconfiguration, match="AccessDenied"):
        settle(read(sqs_event("a", BAD)), lambda: 60.0)
    assert [] == door.actions.taken


def test_the_ledger_is_checked(monkeypatch: pytest.MonkeyPatch) -> None:
    """Counts that do not add up are raised, and not told."""
    monkeypatch.setattr(Settled, "undone", [])
    door = Door({0: LATER})
    with pytest.raises(LedgerMismatch, match="received 1 records, but 0 are accounted for"):
        door.intake().settle(read(sqs_event("a")), lambda: 60.0)
    assert [] == door.report.rest
