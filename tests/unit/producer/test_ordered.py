"""Putting records: none lost, none invented, in order per key, whatever the stream does."""

from __future__ import annotations

from collections import Counter, defaultdict
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.core.chunk import MAX_RECORD_BYTES
from pipeline.errors import Misconfiguration, Retryable
from pipeline.model import Accepted, Entry, Position
from pipeline.producer import Pace, TooLarge, Unsent, put_in_order
from pipeline.producer.ordered import call
from pipeline.testing.kinesis import Fail, FakeStream, Fault, Refuse

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence


class Clock:
    """A clock that only sleeping moves, and `step` seconds at each look."""

    def __init__(self, step: float = 0.0) -> None:
        self.time = 1000.0
        self.slept: list[float] = []
        self._step = step

    def now(self) -> float:
        self.time += self._step
        return self.time

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.time += seconds

    def pace(self, jitter: Callable[[], float] = lambda: 1.0) -> Pace:
        return Pace(jitter=jitter, sleep=self.sleep)

    def until(self, seconds: float) -> Callable[[], float]:
        deadline = self.time + seconds
        return lambda: deadline - self.time


def entry(number: int, key: str = "k", data: bytes | None = None) -> Entry:
    return Entry(Position("file", "", str(number)), key, str(number).encode() if data is None else data)


def oversize(excess: int = 1, key: str = "é") -> bytes:
    return b"x" * (MAX_RECORD_BYTES - len(key.encode()) + excess)


def by_key(entries: Sequence[Entry]) -> dict[str, list[Position]]:
    keys: dict[str, list[Position]] = defaultdict(list)
    for each in entries:
        if each.position not in keys[each.partition_key]:
            keys[each.partition_key].append(each.position)
    return keys


refusals = st.frozensets(st.integers(0, 7), min_size=1).map(Refuse)
failures = st.booleans().map(lambda is_carried_out: Fail(is_carried_out=is_carried_out))
plans = st.lists(st.one_of(st.none(), refusals, failures), max_size=40)
key_lists = st.lists(st.sampled_from("abcd"), max_size=25)


# a list of entries ----------------------------------------------------------------------------------------------------


@given(key_lists, plans)
def test_all_are_accepted_in_order_per_key(keys: list[str], plan: list[Fault | None]) -> None:
    """Under any mix of refusals, time-outs and time-outs after the work was done, each key arrives in its order."""
    entries = [entry(number, key) for number, key in enumerate(keys)]
    stream, clock = FakeStream(plan), Clock()
    outcomes = put_in_order(stream, entries, clock.until(10_000), clock.pace())

    assert all(isinstance(outcome, Accepted) for outcome in outcomes)
    assert len(entries) == len(outcomes)
    assert by_key(entries) == by_key(stream.records)


@given(key_lists, plans, st.integers(0, 12))
def test_every_entry_has_one_true_outcome(keys: list[str], plan: list[Fault | None], seconds: int) -> None:
    """When the time is up, what is said to be accepted is there, and a key was not continued behind a gap."""
    entries = [entry(number, key) for number, key in enumerate(keys)]
    stream, clock = FakeStream(plan), Clock()
    outcomes = put_in_order(stream, entries, clock.until(seconds), clock.pace())
    arrived, wanted = by_key(stream.records), by_key(entries)

    assert len(entries) == len(outcomes)
    for each, outcome in zip(entries, outcomes, strict=True):
        assert isinstance(outcome, Unsent) or each in stream.records
    for key, positions in arrived.items():
        assert wanted[key][: len(positions)] == positions


@given(key_lists, plans)
def test_only_what_was_not_accepted_is_sent_again(keys: list[str], plan: list[Fault | None]) -> None:
    """An entry whose own answer was good is never in a later call."""
    refusals_only = [fault if isinstance(fault, Refuse) else None for fault in plan]
    stream, clock = FakeStream(refusals_only), Clock()
    put_in_order(stream, [entry(number, key) for number, key in enumerate(keys)], clock.until(10_000), clock.pace())

    assert all(count == 1 for count in Counter(each.position for each in stream.records).values())


def test_answers_say_where_the_record_lies() -> None:
    """An accepted entry carries its shard and sequence number."""
    outcomes = put_in_order(FakeStream(shards=1), [entry(1)], Clock().until(1))

    assert [Accepted("shardId-000000000000", "1")] == outcomes


def test_different_keys_share_a_call() -> None:
    """A thousand entries of a thousand keys are two calls."""
    stream = FakeStream()
    put_in_order(stream, [entry(number, f"key-{number}") for number in range(1000)], Clock().until(1))

    assert [500, 500] == [len(call) for call in stream.calls]


def test_a_refused_entry_holds_back_only_its_key() -> None:
    """While key a is refused, b goes on; then a goes on in its order."""
    stream, clock = FakeStream([Refuse(frozenset({0})), Refuse(frozenset({0}))]), Clock()
    entries = [entry(1, "a"), entry(2, "a"), entry(3, "b"), entry(4, "b")]
    put_in_order(stream, entries, clock.until(60), clock.pace())

    assert [[1, 3], [1, 4], [1], [2]] == [[int(each.data) for each in call] for call in stream.calls]


def test_too_large_is_an_outcome_and_the_rest_goes_on() -> None:
    """The outcome tells size and limit; entries of the same key behind it are sent."""
    stream = FakeStream()
    outcomes = put_in_order(stream, [entry(1, "é", oversize()), entry(2, "é")], Clock().until(1))

    assert TooLarge(MAX_RECORD_BYTES + 1, MAX_RECORD_BYTES) == outcomes[0]
    assert isinstance(outcomes[1], Accepted)
    assert "1,048,577 bytes with its key; a record on the stream is at most 1,048,576" == str(outcomes[0])


@pytest.mark.parametrize(("excess", "is_accepted"), [(-1, True), (0, True), (1, False)])
def test_limit_of_a_record_is_in_utf8_bytes(excess: int, is_accepted: bool) -> None:  # noqa: FBT001 - a table
    """Data plus key may be 1 MiB to the byte; a key of one character can be two bytes."""
    (outcome,) = put_in_order(FakeStream(), [entry(1, "é", oversize(excess))], Clock().until(1))

    assert is_accepted == isinstance(outcome, Accepted)


def test_first_call_is_made_without_any_time_left() -> None:
    """Progress by one call, always; what did not fit into it is unsent."""
    stream = FakeStream()
    outcomes = put_in_order(stream, [entry(1), entry(2)], lambda: -1.0)

    assert isinstance(outcomes[0], Accepted)
    assert Unsent("no time left") == outcomes[1]


def test_unsent_tells_the_last_reason() -> None:
    """Out of time during an outage, the outcome says what the outage was."""
    stream, clock = FakeStream([Fail(Retryable("connection refused"))] * 100), Clock()
    outcomes = put_in_order(stream, [entry(1), entry(2)], clock.until(3), clock.pace())

    assert [Unsent("connection refused")] * 2 == outcomes


def test_unsent_tells_the_error_code_of_a_refusal() -> None:
    """Throttled to the end, the outcome carries Kinesis's own code."""
    stream, clock = FakeStream([Refuse(frozenset({0}))] * 100), Clock()
    outcomes = put_in_order(stream, [entry(1)], clock.until(3), clock.pace())

    assert [Unsent("ProvisionedThroughputExceededException")] == outcomes


def test_waits_double_while_nothing_gets_through_and_stop_at_a_bound() -> None:
    """0.1, 0.2, 0.4 … 5 seconds at most."""
    clock = Clock()
    put_in_order(FakeStream([Fail()] * 9), [entry(1)], clock.until(1000), clock.pace())

    assert [0.1, 0.2, 0.4, 0.8, 1.6, 3.2, 5.0, 5.0, 5.0] == clock.slept


def test_waits_start_over_once_something_gets_through() -> None:
    """A stream that takes some is slowed down for as little as at the first refusal."""
    clock = Clock()
    faults: list[Fault | None] = [Fail(), Fail(), Refuse(frozenset({0})), Refuse(frozenset({0})), None, Fail()]
    entries = [entry(1, "a"), entry(2, "b"), entry(3, "b"), entry(4, "a")]
    put_in_order(FakeStream(faults), entries, clock.until(1000), clock.pace())

    assert [0.1, 0.2, 0.1, 0.1, 0.1] == clock.slept


def test_waits_are_random_between_nothing_and_the_bound() -> None:
    """Full jitter: the random number scales the wait."""
    clock = Clock()
    put_in_order(FakeStream([Fail(), Fail()]), [entry(1)], clock.until(1000), clock.pace(lambda: 0.25))

    assert [0.025, 0.05] == clock.slept


def test_no_wait_is_longer_than_the_time_left() -> None:
    """Two and a half seconds are left at the last wait, so it is no longer than that."""
    clock = Clock()
    put_in_order(FakeStream([Fail()] * 99), [entry(1)], clock.until(4.0), clock.pace())

    assert pytest.approx(4.0) == sum(clock.slept)


def test_misconfiguration_is_raised() -> None:
    """A missing permission is nobody's retry."""
    with pytest.raises(Misconfiguration, match="AccessDenied"):
        put_in_order(FakeStream([Fail(Misconfiguration("AccessDenied"))]), [entry(1)], Clock().until(1))


def test_nothing_to_put_is_no_call() -> None:
    """An empty list costs nothing."""
    stream = FakeStream()

    assert [] == put_in_order(stream, [], Clock().until(1))
    assert [] == stream.calls


# the sink of the relay ------------------------------------------------------------------------------------------------


def test_a_call_of_nothing_is_not_made() -> None:
    """Kinesis would refuse it."""
    stream = FakeStream()

    assert [] == call(stream, [])
    assert [] == stream.calls
