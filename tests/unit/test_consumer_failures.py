from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.consumer import RESERVE_SECONDS, Written
from pipeline.model import Failure, Ledger, Position, Reason, Stage
from pipeline.testing.bench import ACKNOWLEDGED, Bench, change_event, logs, named, numbers
from pipeline.testing.lambda_events import kinesis_event, log_event
from pipeline.testing.ports import FakeSink

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from pipeline.ports import Remaining

LATER = Failure("throttled")
NEVER = Failure("refused", permanent=True)


@given(st.sets(st.integers(1, 6)), st.sets(st.integers(1, 6)), st.sets(st.integers(1, 6)), st.sets(st.integers(1, 6)))
def test_lowest_failure_is_named(items: set[int], unkept: set[int], poison: set[int], archive: set[int]) -> None:
    """One failure is named, the lowest; below it all is kept, from it on nothing is acknowledged, and it adds up."""
    bench = Bench(items=dict.fromkeys(items, LATER), unkept=frozenset(unkept), archive=dict.fromkeys(archive, LATER))
    batch = kinesis_event(*(b"{" if n in poison else log_event(f"e-{n}") for n in range(1, 7)), first=1)
    answer = bench.consume(batch)
    lowest = min({*(items - poison), *(unkept & poison), 7})
    archived = numbers(1, lowest - 1, but=[*poison])
    if archive.intersection(map(int, archived)):
        lowest = int(archived[0])
    assert (named(lowest) if lowest < 7 else ACKNOWLEDGED) == answer
    assert set(numbers(1, lowest - 1)) & set(map(str, poison)) <= {number for number, _ in bench.kept()}
    ledger = bench.ledger()
    dead = sum(n < lowest for n in poison)
    expected = Ledger(6, lowest - 1 - dead, 0, dead, 7 - lowest, Counter({Reason.NOT_JSON: dead} if dead else {}))
    assert expected == ledger


def test_archive_holds_only_the_acknowledged() -> None:
    """Records from the first failure on are not archived, though the tables have them."""
    bench = Bench(items={3: LATER})
    assert named(3) == bench.consume(logs(5))
    assert [["1", "2", "4", "5"], ["1", "2"]] == bench.actions.named("items") + bench.actions.named("archive")


def test_dead_letters_above_the_failure() -> None:
    """Dead letters below the first failure are kept; those above come again and are not needed yet."""
    bench = Bench(items={3: LATER})
    batch = kinesis_event(b"{", log_event("2"), log_event("3"), b"{", first=1)
    assert named(3) == bench.consume(batch)
    assert [("1", Reason.NOT_JSON)] == bench.kept()


def test_dead_letters_in_order() -> None:
    """Dead letters are kept in the order of their positions, whatever made them, and 9 comes before 10."""
    bench = Bench(items={8: NEVER, 10: NEVER})
    assert ACKNOWLEDGED == bench.consume(kinesis_event(log_event("8"), b"{", log_event("10"), b"{", first=8))
    assert ["8", "9", "10", "11"] == [number for number, _ in bench.kept()]


def test_unkept_dead_letter() -> None:
    """A dead letter that could not be written is delivered again, never acknowledged; what comes after waits."""
    bench = Bench(unkept=frozenset({2}))
    batch = kinesis_event(log_event("1"), b"{", log_event("3"), b"{", first=1)
    assert named(2) == bench.consume(batch)
    assert ([], [["1"]]) == (bench.kept(), bench.actions.named("archive"))
    assert Ledger(4, delivered=1, retried=3) == bench.ledger()


@pytest.mark.parametrize("batch", [[b"{"], [log_event("1")]])
def test_a_batch_of_one_fails(batch: list[bytes | dict[str, Any]]) -> None:
    """The only record of a batch is named when it fails."""
    bench = Bench(items={1: LATER}, unkept=frozenset({1}))
    assert named(1) == bench.consume(kinesis_event(*batch, first=1))


def test_archive_failure() -> None:
    """An archive object that could not be written brings back all that was to be archived, under the same names."""
    bench = Bench(archive={4: LATER})
    batch = kinesis_event(b"{", log_event("2"), log_event("3"), log_event("4"), first=1)
    assert named(2) == bench.consume(batch)
    assert Ledger(4, dead_lettered=1, retried=3, reasons=Counter({Reason.NOT_JSON: 1})) == bench.ledger()


def test_refused_by_a_sink() -> None:
    """What a sink refuses for ever is a dead letter: no other sink gets it, and the batch goes on."""
    bench = Bench(items={2: NEVER})
    assert ACKNOWLEDGED == bench.consume(logs(3))
    assert ([("2", Reason.REFUSED_BY_SINK)], [["1", "3"]]) == (bench.kept(), bench.actions.named("archive"))
    (letter,) = bench.dead_letters.kept
    assert ("refused", Stage.WRITE) == (letter.detail, letter.stage)


@pytest.mark.parametrize(
    ("items", "states", "answer", "kept", "states_written"),
    [
        ({1: NEVER}, {}, ACKNOWLEDGED, [("1", Reason.REFUSED_BY_SINK)], ["1", "2"]),
        ({}, {1: NEVER}, ACKNOWLEDGED, [("1", Reason.REFUSED_BY_SINK)], ["2"]),
        ({1: NEVER}, {1: NEVER}, ACKNOWLEDGED, [("1", Reason.REFUSED_BY_SINK)], ["2"]),
        ({1: NEVER}, {2: LATER}, named(2), [("1", Reason.REFUSED_BY_SINK)], ["1"]),
        ({1: LATER}, {1: NEVER}, named(1), [], ["2"]),
        ({2: LATER}, {1: LATER}, named(1), [], ["2"]),
    ],
)
def test_two_sinks(
    items: dict[int, Failure],
    states: dict[int, Failure],
    answer: dict[str, Any],
    kept: list[tuple[str, Reason]],
    states_written: list[str],
) -> None:
    """A record that one sink refuses is no dead letter as long as another sink wants it again."""
    bench = Bench(items=items, states=states)
    assert answer == bench.consume(kinesis_event(change_event("1"), change_event("2"), first=1))
    assert (kept, [states_written]) == (bench.kept(), bench.actions.named("states"))


def test_time_for_the_end_is_kept_back() -> None:
    """Sinks see less time than there is, so that there is enough for the dead letters, the report and the answer."""
    seen: list[float] = []

    class Clocked(FakeSink[Any]):
        def write(self, deliveries: Sequence[Any], remaining: Remaining) -> Mapping[Position, Failure]:
            seen.append(remaining())
            return super().write(deliveries, remaining)

    bench = Bench()
    bench.sinks = {kind: Clocked(sink.name, bench.actions) for kind, sink in bench.sinks.items()}
    bench.consume(logs(1), seconds=60)
    assert [60 - RESERVE_SECONDS] * 3 == seen


def test_no_time_for_dead_letters() -> None:
    """However little time is left, one dead letter is kept; the rest comes again."""
    bench = Bench()
    assert named(2) == bench.consume(kinesis_event(b"{", b"{", b"{", first=1), seconds=RESERVE_SECONDS)
    assert [("1", Reason.NOT_JSON)] == bench.kept()


def test_user_records_stand_or_fall_together() -> None:
    """When one user record of an aggregate fails, none of the aggregate is acknowledged."""
    written = Written({})
    written.fail(Position("s", "0", "100", 3))
    aggregate = [Position("s", "0", "100", sub) for sub in (0, 3, 9)]
    assert [False] * 3 == [written.is_acknowledged(each) for each in aggregate]
    assert (True, False) == (
        written.is_acknowledged(Position("s", "0", "99", 9)),
        written.is_acknowledged(Position("s", "0", "101")),
    )


@pytest.mark.parametrize(
    ("failures", "first"),
    [(["9", "10"], "9"), (["10", "9"], "9"), (["100", "99", "101"], "99")],
)
def test_numbers_are_no_text(failures: list[str], first: str) -> None:
    """The lowest failure is the lowest number: 9 comes before 10."""
    written = Written({})
    for each in failures:
        written.fail(Position("s", "0", each))
    assert written.first_failure == Position("s", "0", first)
