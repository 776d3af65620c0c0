"""The producer: none lost, none invented, in order per key, whatever the stream does."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import threading
import time
import tracemalloc
from collections import defaultdict
from math import inf
from typing import TYPE_CHECKING, Any

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.core import kpl
from pipeline.core.chunk import MAX_CALL_BYTES, MAX_RECORD_BYTES
from pipeline.errors import Misconfiguration, Rejection, Retryable
from pipeline.model import Accepted, Event, Position, Refused
from pipeline.producer import Full, Pace, Producer, Report, TooLarge, Unsent, engine
from pipeline.producer.settings import RECORD_BYTES
from pipeline.producer.spill import Kept, Spill
from pipeline.testing.kinesis import Fail, FakeStream, Fault, Refuse

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from pipeline.model import Entry

MIB = 1024 * 1024
THROTTLED = "ProvisionedThroughputExceededException"


class Clock:
    """A clock that only sleeping moves; `sleep` also waits for nothing."""

    def __init__(self) -> None:
        self.time = 1000.0
        self.slept: list[float] = []

    def now(self) -> float:
        return self.time

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.time += seconds


class Held(FakeStream):
    """A stream whose calls wait until they are let go."""

    def __init__(self, faults: Sequence[Fault | None] = ()) -> None:
        super().__init__(faults)
        self.called = threading.Semaphore(0)
        self.gate = threading.Semaphore(0)

    def put(self, entries: Sequence[Entry]) -> Sequence[Accepted | Refused]:
        self.called.release()
        assert self.gate.acquire(timeout=10)
        return super().put(entries)


class Outage(FakeStream):
    """A stream that is away for good."""

    def put(self, entries: Sequence[Entry]) -> Sequence[Accepted | Refused]:
        super().put(entries)
        raise Retryable("outage")


def event(number: int, subject: str | None = None) -> Event:
    return Event(f"e-{number}", "//host/file", "log.v1", "2026-11-23T10:00:00Z", {"body": str(number)}, subject)


def producer(stream: FakeStream, reports: list[Report], clock: Clock | None = None, **options: Any) -> Producer:  # noqa: ANN401 - any option
    clock = clock or Clock()
    pace = Pace(jitter=lambda: 1.0, sleep=clock.sleep)
    return Producer(stream, reports.append, pace=pace, now=clock.now, **options)


def numbers(reports: Sequence[Report]) -> list[int]:
    return [int(each.position.sequence_number) for each in reports]


def user_records(stream: FakeStream) -> list[tuple[str, bytes]]:
    """What lies on the stream: the partition key of each entry, and each record in it."""
    return [
        (entry.partition_key, data)
        for entry in stream.records
        for data in ([each.data for each in kpl.unpack(entry.data)] if kpl.is_aggregate(entry.data) else [entry.data])
    ]


def until(is_so: Callable[[], object]) -> None:
    """Poll a condition of another thread."""
    give_up_at = time.monotonic() + 10
    while not is_so():
        assert time.monotonic() < give_up_at
        threading.Event().wait(0.001)


# the promise ----------------------------------------------------------------------------------------------------------

refusals = st.builds(
    Refuse, st.frozensets(st.integers(0, 5), min_size=1), st.sampled_from([THROTTLED, "InternalFailure"])
)
outages = st.booleans().map(lambda is_carried_out: Fail(is_carried_out=is_carried_out))
plans = st.lists(st.one_of(st.none(), refusals, outages), max_size=30)
records = st.lists(st.tuples(st.sampled_from("abcde"), st.sampled_from([1, 100, 20_000, 60_000])), max_size=30)
ways = st.sampled_from([False, True])


@settings(max_examples=500)
@given(records, plans, ways, st.integers(0, 3), st.sets(st.integers(0, 29), max_size=3))
def test_the_promise(
    put: list[tuple[str, int]],
    plan: list[Fault | None],
    is_aggregated: bool,  # noqa: FBT001 - drawn
    buckets: int,
    flush_after: set[int],
) -> None:
    """Partial failures, throttles, lost answers, outages: all is accepted, none invented, each key in its order.

    The order is that of first acceptance, and on one shard: a key has one partition key. Memory stays below its bound.
    """
    stream, reports, clock, held = FakeStream(plan), list[Report](), Clock(), [0]
    with producer(
        stream, reports, clock, aggregate=is_aggregated, buckets=buckets + 1, deadline_seconds=1e6, buffer_bytes=5 * MIB
    ) as putting:
        for number, (key, size) in enumerate(put):
            putting.put(b"%s %d " % (key.encode(), number) + b"x" * size, key=key)
            held.append(putting.metrics().held_bytes)
            if number in flush_after:
                putting.flush()
                assert number + 1 == len(reports)

    arrived: dict[str, list[int]] = defaultdict(list)
    partition_keys: dict[str, set[str]] = defaultdict(set)
    for partition_key, data in user_records(stream):
        key, digits, _ = data.decode().split(" ")
        partition_keys[key].add(partition_key)
        if int(digits) not in arrived[key]:
            arrived[key].append(int(digits))
    wanted = {key: [n for n, (each, _) in enumerate(put) if each == key] for key, _ in put}
    assert wanted == arrived
    assert all(len(found) == 1 for found in partition_keys.values())
    assert list(range(1, len(put) + 1)) == sorted(numbers(reports))
    assert all(report.is_accepted for report in reports)
    for key, expected in wanted.items():
        assert [n + 1 for n in expected] == [n for n in numbers(reports) if put[n - 1][0] == key]
    assert max(held) <= 5 * MIB
    assert 0 == putting.metrics().held_bytes


@settings(max_examples=100)
@given(records, plans, ways, st.floats(0.01, 3))
def test_with_a_deadline_each_record_has_one_true_outcome(
    put: list[tuple[str, int]],
    plan: list[Fault | None],
    is_aggregated: bool,  # noqa: FBT001 - drawn
    deadline_seconds: float,
) -> None:
    """What is said to be accepted is there; what is given back is the caller's own; keys keep their order."""
    stream, reports = FakeStream(plan), list[Report]()
    given = [b"%s %d " % (key.encode(), number) + b"x" * size for number, (key, size) in enumerate(put)]
    with producer(stream, reports, aggregate=is_aggregated, deadline_seconds=deadline_seconds) as putting:
        for (key, _), data in zip(put, given, strict=True):
            putting.put(data, key=key)

    there = {data for _, data in user_records(stream)}
    assert there <= set(given)
    assert sorted(given) == sorted(each.record for each in reports if isinstance(each.record, bytes))
    assert all(isinstance(each.outcome, Unsent) or each.record in there for each in reports)
    for key in "abcde":
        places = [n for n in numbers(reports) if put[n - 1][0] == key]
        assert sorted(places) == places


@given(st.lists(st.sampled_from([None, *"abc"]), max_size=30), plans)
def test_aggregates_are_found_by_their_sub_sequence_number(keys: list[str | None], plan: list[Fault | None]) -> None:
    """Shard, sequence number and place in the aggregate lead to the very record."""
    stream, reports = FakeStream(plan, shards=1), list[Report]()
    with producer(stream, reports, aggregate={"log.v1"}, deadline_seconds=1e6) as putting:
        for number, key in enumerate(keys):
            putting.put(event(number, key))

    for report in reports:
        assert isinstance(report.outcome, Accepted)
        entry = stream.records[int(report.outcome.sequence_number) - 1]
        found = kpl.unpack(entry.data)[report.sub_sequence_number]
        assert report.record == Event(
            **{name: value for name, value in orjson.loads(found.data).items() if name != "specversion"}
        )


# put ------------------------------------------------------------------------------------------------------------------


def test_events_without_a_subject_share_a_call() -> None:
    """An event without a subject is keyed by its id: in order with nothing, in company with all."""
    stream = FakeStream()
    with producer(stream, []) as putting:
        for number in range(3):
            putting.put(event(number))

    assert [["e-0", "e-1", "e-2"]] == [[each.partition_key for each in call] for call in stream.calls]


def test_the_type_decides_the_way() -> None:
    """Logs in aggregates, changes by themselves: each type keeps its order, under one partition key a key."""
    stream, reports = FakeStream(), list[Report]()
    change = {"specversion": "1.0", "source": "//db", "type": "change.v1", "data": {}, "subject": "k"}
    with producer(stream, reports, aggregate={"log.v1"}) as putting:
        for number in range(3):
            putting.put(event(number, "k"))
            putting.put({**change, "id": f"c-{number}"})
            putting.put(b"bytes", key="k")

    plain = [entry for entry in stream.records if not kpl.is_aggregate(entry.data)]
    (aggregate,) = (entry for entry in stream.records if kpl.is_aggregate(entry.data))
    assert (6, {"k"}) == (len(plain), {entry.partition_key for entry in plain})
    assert [f"e-{n}" for n in range(3)] == [orjson.loads(each.data)["id"] for each in kpl.unpack(aggregate.data)]


def test_key_and_position_of_the_caller_win() -> None:
    """The report carries the caller's own record and where it came from."""
    stream, reports, position = FakeStream(), list[Report](), Position("app.log", "", "12")
    with producer(stream, reports) as putting:
        putting.put(event(1, "subject"), key="key", position=position)

    assert ["key"] == [each.partition_key for each in stream.records]
    assert [(event(1, "subject"), position)] == [each[:2] for each in reports]


@pytest.mark.parametrize("is_aggregated", [False, True])
def test_a_long_key_is_hashed(is_aggregated: bool) -> None:  # noqa: FBT001 - a table
    """A key over 256 characters keeps its order under its hash."""
    stream = FakeStream()
    with producer(stream, [], aggregate=is_aggregated) as putting:
        putting.put(b"1", key="k" * 257)
        putting.put(b"2", key="k" * 257)

    assert [b"1", b"2"] == [data for _, data in user_records(stream)]
    assert 1 == len({each.partition_key for each in stream.records})


@pytest.mark.parametrize("is_aggregated", [False, True])
@pytest.mark.parametrize(("excess", "is_accepted"), [(-1, True), (0, True), (1, False)])
def test_the_limit_of_a_record(is_aggregated: bool, excess: int, is_accepted: bool) -> None:  # noqa: FBT001 - a table
    """Data and partition key may be 1 MiB to the byte, in UTF-8; beyond, the record comes back with size and limit."""
    stream, reports = FakeStream(), list[Report]()
    with producer(stream, reports, aggregate=is_aggregated, buckets=1) as putting:
        key_bytes = len("bucket-0") if is_aggregated else len("é".encode())
        data = b"x" * (MAX_RECORD_BYTES - key_bytes + excess)
        receipt = putting.put(data, key="é")
        putting.put(b"small", key="é")

    assert is_accepted == receipt.result(0).is_accepted
    assert is_accepted or TooLarge(MAX_RECORD_BYTES + excess, MAX_RECORD_BYTES) == receipt.outcome
    assert data == receipt.result(0).record
    assert b"small" == user_records(stream)[-1][1]
    assert int(not is_accepted) == putting.metrics().refused


def test_a_dict_that_is_no_event_is_refused_at_once() -> None:
    """Nothing was taken, and nothing is reported."""
    reports: list[Report] = []
    with producer(FakeStream(), reports) as putting, pytest.raises(Rejection):
        putting.put({"specversion": "1.0"})

    assert [] == reports


def test_bare_data_is_put_into_the_producers_envelope() -> None:
    """The caller gets its data back; the stream gets an event."""
    stream, reports = FakeStream(), list[Report]()
    with producer(stream, reports, type="log.v1", source="//host/app") as putting:
        putting.put({"body": "x"})

    (sent,) = stream.records
    assert ("log.v1", {"body": "x"}) == (orjson.loads(sent.data)["type"], orjson.loads(sent.data)["data"])
    assert [{"body": "x"}] == [each.record for each in reports]


def test_a_report_is_not_needed() -> None:
    """Receipts do as well."""
    with Producer(FakeStream()) as putting:
        receipt = putting.put(event(1))
        assert receipt.result(10).is_accepted

    assert receipt.done()


def test_a_receipt_can_be_waited_for_too_shortly() -> None:
    """Then it says so."""
    stream = Held()
    with Producer(stream) as putting:
        receipt = putting.put(event(1))
        assert stream.called.acquire(timeout=10)
        with pytest.raises(TimeoutError, match="not known yet"):
            receipt.result(0.001)
        stream.gate.release()


# when it is sent ------------------------------------------------------------------------------------------------------


def test_a_record_is_sent_though_no_other_follows() -> None:
    """The linger ends by itself."""
    stream, reports = FakeStream(), list[Report]()
    with Producer(stream, reports.append, linger_seconds=0.01) as putting:
        putting.put(event(1))
        until(lambda: reports)
        putting.put(event(2))
        until(lambda: len(reports) == 2)

    assert [1, 1] == [len(call) for call in stream.calls]


def test_500_keys_are_sent_at_once() -> None:
    """Waiting longer would save nothing."""
    stream, reports = FakeStream(), list[Report]()
    with producer(stream, reports, linger_seconds=1e6) as putting:
        for number in range(500):
            putting.put(event(number))
        until(lambda: len(reports) == 500)

    assert [500] == [len(call) for call in stream.calls]


def test_put_blocks_when_the_buffer_is_full() -> None:
    """Memory is bounded: what does not fit waits in `put` until there is room, and is sent without lingering."""
    stream, reports = FakeStream(), list[Report]()
    with producer(stream, reports, buffer_bytes=MAX_CALL_BYTES, linger_seconds=1e6) as putting:
        for _ in range(8):
            putting.put(b"x" * (MIB - 1), key="k")
            assert putting.metrics().held_bytes <= MAX_CALL_BYTES

    assert 8 == len(reports)


def test_put_raises_when_it_may_not_block() -> None:
    """The record was not taken; the others are."""
    stream, reports = Held(), list[Report]()
    with producer(stream, reports, buffer_bytes=MAX_CALL_BYTES, block_seconds=0) as putting:
        putting.put(b"x" * (MIB - 1), key="k")
        putting.put(b"x" * (MIB - 1), key="k")
        with pytest.raises(Full, match="holds 4,196,352 of at most 5,242,880 bytes"):
            putting.put(b"x" * (MIB - 1), key="k")
        stream.gate.release(2)

    assert [1, 2] == numbers(reports)


def test_one_record_is_always_taken() -> None:
    """Even one that counts for more than the bound, when nothing else is held."""
    assert 2 * MIB + RECORD_BYTES < MAX_CALL_BYTES
    reports: list[Report] = []
    with producer(FakeStream(), reports, buffer_bytes=MAX_CALL_BYTES) as putting:
        putting.put(b"x" * 3 * MIB, key="k")

    assert [TooLarge] == [type(each.outcome) for each in reports]


@pytest.mark.parametrize(
    ("option", "least"), [({"buffer_bytes": MAX_CALL_BYTES - 1}, "5242880"), ({"buckets": 0}, "1")]
)
def test_settings_that_make_no_sense_are_refused(option: dict[str, int], least: str) -> None:
    """With the least that does."""
    with pytest.raises(ValueError, match=f"at least {least}"):
        Producer(FakeStream(), **option)  # type: ignore[arg-type] # both are numbers


def test_many_threads_may_put() -> None:
    """Each thread's records of a key keep their order."""
    stream, reports = FakeStream(), list[Report]()

    def put(name: str) -> None:
        for number in range(300):
            putting.put(b"%d" % number, key=name)

    with Producer(stream, reports.append, linger_seconds=0.001) as putting:
        threads = [threading.Thread(target=put, args=(name,)) for name in "abcd"]
        for each in threads:
            each.start()
        for each in threads:
            each.join()

    for name in "abcd":
        assert [b"%d" % n for n in range(300)] == [each.data for each in stream.records if each.partition_key == name]
    assert 1200 == len(reports)


def test_flush_before_the_first_put() -> None:
    """There is nothing to send yet, and what is put afterwards is sent."""
    reports: list[Report] = []
    with producer(FakeStream(), reports) as putting:
        putting.flush()
        putting.put(event(1))
        putting.flush()
        assert [1] == numbers(reports)


def test_flush_waits_for_what_was_put_before_it() -> None:
    """And is not kept by what others put meanwhile."""
    stream, reports = Held(), list[Report]()
    with producer(stream, reports) as putting:
        putting.put(event(1))
        flushing = threading.Thread(target=putting.flush)
        flushing.start()
        assert stream.called.acquire(timeout=10)
        putting.put(event(2))
        stream.gate.release()
        flushing.join(10)
        assert ([1], False) == (numbers(reports), flushing.is_alive())
        stream.gate.release(2)


def test_a_flush_may_wait_for_a_moment_only() -> None:
    """Then it says that not all is reported; nothing is lost by it, and the next one finds it done."""
    stream, reports = Held(), list[Report]()
    with producer(stream, reports, linger_seconds=1e6) as putting:
        putting.put(event(1))
        assert [False, False] == [putting.flush(0), putting.flush(0.001)]
        stream.gate.release()
        assert [True, True] == [putting.flush(), putting.flush(inf)]
        assert [1] == numbers(reports)


def test_a_flush_that_is_over_is_not_wanted_any_more() -> None:
    """What is put after it lingers as ever."""
    stream, reports = Held(), list[Report]()
    with producer(stream, reports, linger_seconds=1e6) as putting:
        putting.put(event(1))
        until(lambda: putting.flush(0.001) or stream.called.acquire(blocking=False))
        stream.gate.release()
        until(lambda: reports)
        putting.put(event(2))
        until(lambda: putting._engine._is_idle)  # noqa: SLF001 - nothing else tells
        assert [1] == numbers(reports)
        stream.gate.release()

    assert [1, 2] == numbers(reports)


# when it does not go well ---------------------------------------------------------------------------------------------


def test_an_outage_is_given_up_after_the_deadline() -> None:
    """After a minute in which nothing was accepted, all that waits is given back with the reason."""
    stream, reports, clock = FakeStream([Fail(Retryable("outage"))] * 999), list[Report](), Clock()
    with producer(stream, reports, clock) as putting:
        putting.put(event(1, "a"))
        putting.put(event(2, "a"))

    assert [Unsent("outage")] * 2 == [each.outcome for each in reports]
    assert pytest.approx(60) == sum(clock.slept)
    assert 2 == putting.metrics().unsent


def test_without_a_deadline_a_record_is_tried_until_it_is_accepted() -> None:
    """However long the outage is."""
    stream, reports, clock = FakeStream([Fail()] * 999), list[Report](), Clock()
    with producer(stream, reports, clock, deadline_seconds=inf) as putting:
        putting.put(event(1))

    assert (1000, True) == (len(stream.calls), reports[0].is_accepted)
    assert sum(clock.slept) > 4000


def test_without_a_deadline_a_stop_gives_back() -> None:
    """Whoever leaves by Ctrl-C is not kept by an outage."""
    reports: list[Report] = []

    def leave() -> None:
        with Producer(Outage(), reports.append, deadline_seconds=inf, linger_seconds=0) as putting:
            putting.put(event(1))
            until(lambda: putting.metrics().calls)
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        leave()

    assert [Unsent("stopped before it was sent")] == [each.outcome for each in reports]


def test_a_producer_that_is_stopped_gives_back_and_is_done(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody waits for the call that is on its way, and its answer comes too late to be told."""
    monkeypatch.setattr(engine, "STOP_SECONDS", 0.01)
    stream, reports = Held(), list[Report]()
    with Producer(stream, reports.append, deadline_seconds=inf, linger_seconds=0) as putting:
        putting.put(event(1))
        assert stream.called.acquire(timeout=10)
        putting.stop()
    stream.gate.release()

    assert [Unsent("stopped before it was sent")] == [each.outcome for each in reports]
    with pytest.raises(ValueError, match="closed"):
        putting.put(event(2))


def test_a_key_that_moves_on_is_not_given_up() -> None:
    """The minute of a record begins when the one before it was accepted."""
    outage: list[Fault | None] = [Fail()] * 14
    stream, reports, clock = FakeStream([*outage, None] * 4), list[Report](), Clock()
    with producer(stream, reports, clock) as putting:
        for number in range(4):
            putting.put(event(number, "a"))

    assert [Accepted] * 4 == [type(each.outcome) for each in reports]
    assert sum(clock.slept) > 120


def test_one_key_that_is_refused_for_ever_holds_back_no_other() -> None:
    """It alone is given back."""

    class Picky(FakeStream):
        def put(self, entries: Sequence[Entry]) -> Sequence[Accepted | Refused]:
            answers = super().put(entries)
            return [
                Refused("InternalFailure") if entry.partition_key == "bad" else answer
                for entry, answer in zip(entries, answers, strict=True)
            ]

    reports: list[Report] = []
    with producer(Picky(), reports) as putting:
        for number, key in enumerate(["bad", "a", "bad", "a"]):
            putting.put(event(number, key))

    assert [2, 4, 1, 3] == numbers(reports)
    assert [Accepted, Accepted, Unsent, Unsent] == [type(each.outcome) for each in reports]


def test_the_deadline_is_looked_at_while_all_goes_well() -> None:
    """What the rate does not let through in time is given back, though nothing is refused any more."""
    clock, reports, all_put = Clock(), list[Report](), threading.Event()

    class Slow(FakeStream):
        def put(self, entries: Sequence[Entry]) -> Sequence[Accepted | Refused]:
            assert all_put.wait(10)
            clock.time += 2
            return super().put(entries)

    with producer(Slow(), reports, clock, deadline_seconds=5) as putting:
        for number in range(5000):
            putting.put(event(number))
        all_put.set()

    outcomes = [each.outcome for each in reports]
    assert Unsent("not tried in time") in outcomes
    assert any(isinstance(each, Accepted) for each in outcomes)


def test_a_throttled_stream_is_sent_less() -> None:
    """The rate is told in the metrics."""
    stream, clock = FakeStream([Refuse(frozenset({0}))]), Clock()
    with producer(stream, [], clock) as putting:
        for number in range(500):
            putting.put(event(number))
        putting.flush()
        found = putting.metrics()

    assert (1, 1, 500, 500) == (found.throttled, found.retried, found.accepted, found.entries)
    assert found.rate_shards is not None
    assert 1.0 <= found.rate_shards < 1.2


@pytest.mark.parametrize("error", [Misconfiguration("no such stream"), OSError("a bug"), SystemExit("a bug")])
def test_what_cannot_be_mended_gives_everything_back_and_is_raised(error: BaseException) -> None:
    """The caller sees the error, once, and each waiting record's outcome; the next record is tried."""

    class Broken(FakeStream):
        def put(self, entries: Sequence[Entry]) -> Sequence[Accepted | Refused]:
            if not self.calls:
                self.calls.append(list(entries))
                raise error
            return super().put(entries)

    reports: list[Report] = []
    putting = producer(Broken(), reports)
    putting.put(event(1))
    putting.put(event(2))
    with pytest.raises(type(error), match=str(error)):
        putting.flush()
    putting.put(event(3))
    putting.close()

    assert [Unsent(str(error))] * 2 == [each.outcome for each in reports[:2]]
    assert reports[2].is_accepted


def test_the_next_put_raises_what_went_wrong() -> None:
    """And takes nothing."""
    reports: list[Report] = []
    putting = producer(FakeStream([Fail(Misconfiguration("not yours"))]), reports, linger_seconds=0)
    putting.put(event(1))
    until(lambda: reports)
    with pytest.raises(Misconfiguration):
        until(lambda: not putting.put(event(2)))  # type: ignore[truthy-bool] # it is put until it raises
    putting.close()


def test_what_a_report_raises_is_raised_and_loses_nothing() -> None:
    """The other records are reported all the same."""
    reports: list[Report] = []

    def report(each: Report) -> None:
        reports.append(each)
        raise KeyError(str(len(reports)))

    putting = Producer(FakeStream(), report)
    for number in range(3):
        putting.put(event(number))
    with pytest.raises(KeyError, match="1"):
        putting.flush()
    putting.close()

    assert 3 == len(reports)


def test_a_report_may_put_but_neither_wait_flush_nor_close() -> None:
    """The producer's thread would wait for itself."""
    errors: list[str] = []

    def report(each: Report) -> None:
        if each.record == b"first":
            putting.put(b"again", key="k")
            for wait in (putting.flush, putting.close, lambda: putting.put(b"x" * (MIB - 9), key="k")):
                for _ in range(3):
                    try:
                        wait()
                    except (Full, ValueError) as error:
                        errors.append(str(error))

    stream = FakeStream()
    with Producer(stream, report, buffer_bytes=MAX_CALL_BYTES) as putting:
        putting.put(b"first", key="k")
        putting.flush()

    assert ["neither flush nor close" in each for each in errors] == [True] * 6 + [False] * (len(errors) - 6)
    assert "at most 5,242,880 bytes" in errors[-1]
    assert b"again" == stream.records[1].data


# leaving --------------------------------------------------------------------------------------------------------------


def test_leaving_the_block_by_an_error_still_sends() -> None:
    """What was taken is sent, whatever the caller's own trouble is."""
    reports: list[Report] = []

    def leave() -> None:
        with producer(FakeStream(), reports) as putting:
            putting.put(event(1))
            raise KeyError

    with pytest.raises(KeyError):
        leave()

    assert [1] == numbers(reports)


def test_leaving_the_block_by_ctrl_c_sends_nothing_more() -> None:
    """Whoever stops the program is not kept waiting, and what was not sent is reported."""
    stream, reports = FakeStream(), list[Report]()

    def leave() -> None:
        with producer(stream, reports) as putting:
            putting.put(event(1))
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        leave()

    assert [] == stream.calls
    assert [Unsent("stopped before it was sent")] == [each.outcome for each in reports]


def test_ctrl_c_before_the_first_put() -> None:
    """There is nothing to stop."""

    def leave() -> None:
        with producer(FakeStream(), []):
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        leave()


@pytest.mark.parametrize("is_spilled", [False, True])
def test_a_call_that_hangs_is_left_behind(is_spilled: bool, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:  # noqa: FBT001 - a table
    """Its records are given back, for nobody knows; its answer, when it comes, changes nothing."""
    monkeypatch.setattr(engine, "STOP_SECONDS", 0.01)
    stream, reports, others = Held(), list[Report](), set(threading.enumerate())
    if is_spilled:
        with Spill(tmp_path) as spill:
            spill.append([Kept("k", b"spilled", "")])

    def leave() -> None:
        with producer(stream, reports, linger_seconds=0, spill=tmp_path if is_spilled else None) as putting:
            if not is_spilled:
                putting.put(event(1))
            assert stream.called.acquire(timeout=10)
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        leave()
    stream.gate.release()
    until(lambda: others.issuperset(threading.enumerate()))
    with Spill(tmp_path) as spill:
        left = spill.waiting

    assert (1, int(is_spilled)) == (len(stream.calls), left)
    assert ([] if is_spilled else [Unsent("stopped before it was sent")]) == [each.outcome for each in reports]


def test_ctrl_c_while_closing_stops() -> None:
    """`close` waits for the stream; a second Ctrl-C does not."""

    class Stuck(FakeStream):
        def put(self, entries: Sequence[Entry]) -> Sequence[Accepted | Refused]:
            if not self.calls:
                os.kill(os.getpid(), signal.SIGINT)
            return super().put(entries)

    reports: list[Report] = []
    putting = Producer(Stuck([Fail()] * 999), reports.append, linger_seconds=1e6)
    putting.put(b"x", key="k")
    with pytest.raises(KeyboardInterrupt):
        putting.close()

    assert [Unsent("stopped before it was sent")] == [each.outcome for each in reports]


def test_a_failed_call_is_made_again_after_a_moment() -> None:
    """By itself, on the real clock."""
    stream, reports = FakeStream([Fail()]), list[Report]()
    with Producer(stream, reports.append, linger_seconds=0) as putting:
        putting.put(b"x", key="k")
        until(lambda: reports)

    assert (2, True) == (len(stream.calls), reports[0].is_accepted)


def test_one_that_nobody_closes_is_closed_at_exit() -> None:
    """What was taken is sent when the program ends."""
    code = """
from pipeline.producer import Producer
from pipeline.testing.kinesis import FakeStream
Producer(FakeStream(), lambda report: print(report.is_accepted), linger_seconds=1e6).put(b"x", key="k")
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=30, check=True)

    assert ("True\n", "") == (done.stdout, done.stderr)


def test_a_fork_has_to_make_its_own() -> None:
    """The thread that sends is not there any more, so nothing is taken."""
    code = """
import os
from pipeline.producer import Producer
from pipeline.testing.kinesis import FakeStream
putting = Producer(FakeStream())
putting.put(b"x", key="k")
if os.fork() == 0:
    for wrong in (putting.flush, lambda: putting.put(b"y", key="k")):
        try:
            wrong()
        except ValueError as error:
            print(error, flush=True)
    raise SystemExit
os.wait()
"""
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", code], capture_output=True, text=True, timeout=30, check=True
    )

    assert "the producer belongs to another process; make a new one after a fork\n" * 2 == done.stdout


def test_a_forks_copy_neither_takes_nor_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    """As above, seen from within: closing it is nothing."""
    stream, reports = FakeStream(), list[Report]()
    putting = producer(stream, reports, linger_seconds=1e6)
    putting.put(event(1))
    with monkeypatch.context() as fork:
        fork.setattr(engine._forks, "count", 0)  # noqa: SLF001 - it is put back below
        engine._forks._add()  # noqa: SLF001 - what a fork does
        putting.close()
        for wrong in (putting.flush, lambda: putting.put(event(2))):
            with pytest.raises(ValueError, match="another process"):
                wrong()
    putting.close()

    assert [1] == numbers(reports)


def test_closed_means_closed() -> None:
    """After `close` a put is refused; closing again is fine."""
    putting = producer(FakeStream(), [])
    putting.close()
    putting.close()

    with pytest.raises(ValueError, match="closed"):
        putting.put(event(1))


def test_who_waits_for_room_while_it_is_closed_is_told() -> None:
    """Nobody waits for ever."""
    stream, errors = Held(), list[str]()
    putting = producer(stream, [], buffer_bytes=MAX_CALL_BYTES)
    putting.put(b"x" * (MIB - 1), key="k")
    putting.put(b"x" * (MIB - 1), key="k")

    def put() -> None:
        try:
            putting.put(b"x" * (MIB - 1), key="k")
        except ValueError as error:
            errors.append(str(error))

    waiting = threading.Thread(target=put)
    waiting.start()
    assert stream.called.acquire(timeout=10)
    closing = threading.Thread(target=putting.close)
    closing.start()
    until(lambda: putting._engine._is_closed)  # noqa: SLF001 - nothing else tells
    stream.gate.release(2)
    waiting.join(10)
    closing.join(10)

    assert ["the producer is closed"] == errors


@pytest.mark.parametrize("is_aggregated", [False, True])
@pytest.mark.parametrize("kind", ["bytes", "event"])
def test_memory_stays_below_the_bound(kind: str, is_aggregated: bool) -> None:  # noqa: FBT001 - a table
    """What Python really holds is less than what is counted."""
    attributes = {"http.request.method": "GET", "user_agent.original": "x" * 150}

    def record(number: int) -> Event | bytes:
        if kind == "bytes":
            return b"%480d" % number
        data: dict[str, Any] = {"body": f"GET /orders/{number}", "attributes": {**attributes, "n": str(number)}}
        return Event(f"e-{number}", "//host/file", "log.v1", "2026-11-23T10:00:00Z", data)

    putting = Producer(Held(), aggregate=is_aggregated, block_seconds=0, buffer_bytes=8 * MIB, linger_seconds=1e6)
    tracemalloc.start()
    put = 0
    with contextlib.suppress(Full):
        while True:
            putting.put(record(put), key=f"key-{put}")
            put += 1
    held, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    putting._engine._stream.gate.release(999)  # type: ignore[attr-defined] # noqa: SLF001 - it is a Held
    putting.close()

    assert put > 2000
    assert held <= 8 * MIB
