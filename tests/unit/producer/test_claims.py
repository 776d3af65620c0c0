"""The claim check: what is too large for the stream is left elsewhere first, and comes back as it was."""

from __future__ import annotations

import threading
from collections import defaultdict
from math import inf
from typing import TYPE_CHECKING, Any

import orjson
import pytest
from hypothesis import given as drawn
from hypothesis import settings
from hypothesis import strategies as st
from msgspec import structs

from pipeline.core import kpl
from pipeline.core.chunk import MAX_CALL_BYTES, MAX_RECORD_BYTES
from pipeline.core.claim import MAX_CLAIM_BYTES
from pipeline.core.decode import decode
from pipeline.core.encode import cloudevent
from pipeline.core.process import prepare
from pipeline.core.records import read
from pipeline.errors import Misconfiguration, Retryable
from pipeline.model import Accepted, Claim, Event
from pipeline.producer import Pace, Producer, Report, Spilled, TooLarge, Unsent, engine
from pipeline.producer.spill import Spill
from pipeline.testing.bench import STAGES
from pipeline.testing.kinesis import Fail, FakeStream, Fault, Refuse
from pipeline.testing.lambda_events import kinesis_event
from pipeline.testing.ports import FakeClaimStore

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from pipeline.model import Entry, Refused

MIB = 1024 * 1024
DOWN = Retryable("SlowDown")


class Down(FakeClaimStore):
    """One that is away for good."""

    def leave(self, claim: Claim, body: bytes) -> None:
        del claim, body
        self.tried += 1
        raise DOWN


class Behind(FakeStream):
    """A stream that sees whether what an entry refers to is there before it."""

    def __init__(self, store: FakeClaimStore, faults: Sequence[Fault | None] = ()) -> None:
        super().__init__(faults)
        self.store = store

    def put(self, entries: Sequence[Entry]) -> Sequence[Accepted | Refused]:
        names = [claim.key.encode() for claim in self.store.left]
        for entry in entries:
            if b'"dataref"' in entry.data:
                assert any(name in entry.data for name in names)
        return super().put(entries)


def event(number: int, size: int, key: str | None = "é", letter: str = "x") -> Event:
    """An event that is so many bytes as it travels."""
    made = Event(f"e-{number:04}", "//host/file", "log.v1", "2026-11-23T10:00:00Z", {"body": ""}, key)
    made.data["body"] = letter * (size - len(orjson.dumps(cloudevent(made))))
    return made


def producer(stream: FakeStream, store: FakeClaimStore | None, reports: list[Report], **options: Any) -> Producer:  # noqa: ANN401 - any option
    given: dict[str, Any] = {"pace": Pace(sleep=lambda _: None), "oversize": "claim-check", "claims": store} | options
    return Producer(stream, reports.append, **given)


def events_on(stream: FakeStream, store: FakeClaimStore) -> list[Event]:
    """What a function makes of the stream, in order: decoded, the claims redeemed."""
    datas = [
        data
        for entry in stream.records
        for data in ([each.data for each in kpl.unpack(entry.data)] if kpl.is_aggregate(entry.data) else [entry.data])
    ]
    found = []
    for data in datas:
        (record,) = read(kinesis_event(data, first=1))
        read_event = decode(record)
        if read_event.dataref is not None:
            claim = next(claim for claim in store.left if claim.key in read_event.dataref)
            read_event = structs.replace(read_event, data=orjson.loads(store.left[claim]), dataref=None)
        found.append(read_event)
    return found


# the limit ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("is_aggregated", [False, True])
@pytest.mark.parametrize(("excess", "is_claimed"), [(-1, False), (0, False), (1, True)])
def test_the_limit(excess: int, is_claimed: bool, is_aggregated: bool) -> None:  # noqa: FBT001 - a table
    """Data and partition key of 1 MiB in UTF-8 travel; a byte more is claimed, or refused where that is chosen."""
    key_bytes = len("bucket-0") if is_aggregated else len("é".encode())
    large = event(1, MAX_RECORD_BYTES - key_bytes + excess)
    for oversize in ("refuse", "claim-check"):
        store, reports = FakeClaimStore(), list[Report]()
        stream = Behind(store)
        with producer(stream, store, reports, oversize=oversize, aggregate=is_aggregated, buckets=1) as putting:
            putting.put(large)
        (report,) = reports
        if oversize == "refuse" and is_claimed:
            assert TooLarge(MAX_RECORD_BYTES + excess) == report.outcome
            assert [] == stream.records
        else:
            assert report.is_accepted
            assert int(is_claimed) == len(store.left) == putting.metrics().claimed
            assert [large] == events_on(stream, store)


@pytest.mark.parametrize(("excess", "is_accepted"), [(-1, True), (0, True), (1, False)])
def test_the_limit_of_a_claim(excess: int, is_accepted: bool) -> None:  # noqa: FBT001 - a table
    """Data of 8 MiB are claimed, more are refused, and nothing is left anywhere."""
    large = event(1, MAX_CLAIM_BYTES)
    large.data["body"] = "x" * (MAX_CLAIM_BYTES + excess - len(b'{"body":""}'))
    store, reports = FakeClaimStore(), list[Report]()
    with producer(Behind(store), store, reports) as putting:
        putting.put(large)

    assert is_accepted == reports[0].is_accepted
    assert int(is_accepted) == store.tried
    if not is_accepted:
        assert TooLarge(len(orjson.dumps(cloudevent(large))), MAX_CLAIM_BYTES) == reports[0].outcome
        assert "what is left in S3 is at most 8,388,608" in str(reports[0].outcome)


def test_far_beyond_the_limit() -> None:
    """It is not even looked at."""
    store, reports = FakeClaimStore(), list[Report]()
    with producer(FakeStream(), store, reports) as putting:
        putting.put(event(1, MAX_CLAIM_BYTES + MAX_RECORD_BYTES + 1))

    assert [TooLarge(MAX_CLAIM_BYTES + MAX_RECORD_BYTES + 1, MAX_CLAIM_BYTES)] == [each.outcome for each in reports]


def test_an_envelope_that_is_too_large_without_its_data() -> None:
    """There is nothing that could be left elsewhere."""
    store, reports = FakeClaimStore(), list[Report]()
    with producer(FakeStream(), store, reports) as putting:
        putting.put({**cloudevent(event(1, 200)), "tenant": "x" * MIB})

    assert [TooLarge] == [type(each.outcome) for each in reports]
    assert "a record on the stream is at most 1,048,576" in str(reports[0].outcome)
    assert 0 == store.tried


def test_bytes_are_refused() -> None:
    """Nobody knows what their data are."""
    reports: list[Report] = []
    with producer(FakeStream(), FakeClaimStore(), reports) as putting:
        putting.put(b"x" * MIB, key="k")

    assert [TooLarge(MIB + 1)] == [each.outcome for each in reports]


@pytest.mark.parametrize(
    ("options", "why"), [({"oversize": "claim-check"}, "needs claims"), ({"oversize": "split"}, "refuse, claim-check")]
)
def test_settings_that_make_no_sense(options: dict[str, Any], why: str) -> None:
    """Are refused."""
    with pytest.raises(ValueError, match=why):
        Producer(FakeStream(), **options)


# the promise ----------------------------------------------------------------------------------------------------------


def test_a_round_trip() -> None:
    """The consumer makes of it what it makes of the same event sent whole."""
    store, reports = FakeClaimStore(), list[Report]()
    large = event(1, 2 * MIB, letter="ü")
    stream = Behind(store)
    with producer(stream, store, reports) as putting:
        putting.put(large)
    whole = prepare(read(kinesis_event(orjson.dumps(cloudevent(large)), first=1)), STAGES)
    batch = read(kinesis_event(stream.records[0].data, first=1))
    wanting = prepare(batch, STAGES)
    claimed = prepare(batch, STAGES, {claim: store.left.get(claim) for claim in wanting.claims})

    assert [*store.left] == list(wanting.claims)
    ((_, expected),), ((_, actual),) = whole.events, claimed.events
    assert expected == structs.replace(actual, dataref=None)


faults = st.lists(
    st.one_of(
        st.none(),
        st.frozensets(st.integers(0, 5), min_size=1).map(Refuse),
        st.booleans().map(lambda is_carried_out: Fail(is_carried_out=is_carried_out)),
    ),
    max_size=10,
)
LARGE = 2000
put_as = st.lists(st.tuples(st.sampled_from(["a", "b", None]), st.sampled_from([300, LARGE])), max_size=15)


@settings(max_examples=200)
@drawn(put_as, faults, st.lists(st.sampled_from([None, DOWN]), max_size=10), st.booleans())
def test_with_claims_too_all_arrives_in_order(
    put: list[tuple[str | None, int]],
    plan: list[Fault | None],
    errors: list[Exception | None],
    is_aggregated: bool,  # noqa: FBT001 - drawn
) -> None:
    """Whatever stream and store do: none lost, none invented, each key in its order, and the data there before."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(engine, "MAX_RECORD_BYTES", 1000)
        store, reports = FakeClaimStore(list(errors)), list[Report]()
        stream = Behind(store, plan)
        with producer(stream, store, reports, aggregate=is_aggregated, buckets=2, deadline_seconds=inf) as putting:
            events = [event(number, size, key, letter=str(number % 10)) for number, (key, size) in enumerate(put)]
            for each in events:
                putting.put(each)

    arrived: dict[str | None, list[Event]] = defaultdict(list)
    for each in events_on(stream, store):
        if each not in arrived[each.subject]:
            arrived[each.subject].append(each)
    for key in ("a", "b"):
        assert [each for each in events if each.subject == key] == arrived[key]
    assert len(events) == sum(map(len, arrived.values())) == len(reports)
    assert all(each.is_accepted for each in reports)
    assert sum(size == LARGE for _, size in put) == putting.metrics().claimed


@pytest.mark.parametrize("is_aggregated", [False, True])
def test_later_records_of_the_key_wait_and_others_do_not(is_aggregated: bool) -> None:  # noqa: FBT001 - a table
    """While the store is away."""
    store = FakeClaimStore([DOWN, DOWN])
    stream, reports = Behind(store), list[Report]()
    keys = ["a", "b"] if is_aggregated else ["a", "c"]
    with producer(stream, store, reports, aggregate=is_aggregated) as putting:
        for number, (key, size) in enumerate([(keys[0], 2 * MIB), (keys[0], 200), (keys[1], 200)]):
            putting.put(event(number, size, key))

    assert ["e-0002", "e-0000", "e-0001"] == [each.id for each in events_on(stream, store)]
    assert [3, 1, 2] == [int(each.position.sequence_number) for each in reports]
    assert 3 == store.tried


def test_what_is_owed_goes_behind_what_its_bucket_holds() -> None:
    """Also for records that are in order with nothing."""
    store, reports = FakeClaimStore(), list[Report]()
    stream = Behind(store)
    with producer(stream, store, reports, aggregate=True, linger_seconds=1e6) as putting:
        for number, size in enumerate([200, 2 * MIB, 200]):
            putting.put(event(number, size, None))

    assert ["e-0000", "e-0001", "e-0002"] == [each.id for each in events_on(stream, store)]


# when it does not go well ---------------------------------------------------------------------------------------------


def test_a_store_that_is_away_until_the_deadline() -> None:
    """What owes is given back with the store's reason; what does not is on the stream."""
    reports: list[Report] = []
    with producer(FakeStream(), Down(), reports, deadline_seconds=0.01, pace=None) as putting:
        putting.put(event(1, 2 * MIB, "a"))
        putting.put(event(2, 200, "b"))

    outcomes = {each.position.sequence_number: each.outcome for each in reports}
    assert Unsent("SlowDown") == outcomes["1"]
    assert isinstance(outcomes["2"], Accepted)


def test_a_store_that_may_not_be_used() -> None:
    """Somebody has to act: all is given back, and it is raised."""
    reports: list[Report] = []
    putting = producer(FakeStream(), FakeClaimStore([Misconfiguration("AccessDenied")]), reports)
    putting.put(event(1, 2 * MIB))
    with pytest.raises(Misconfiguration, match="AccessDenied"):
        putting.flush()
    putting.close()

    assert [Unsent("AccessDenied")] == [each.outcome for each in reports]


def test_what_is_spilled_owes_nothing(tmp_path: Path) -> None:
    """In an outage of the stream, also what waits behind others is left in the store before it is kept."""
    store, reports = FakeClaimStore(), list[Report]()
    large = [event(number, 2 * MIB, letter=str(number)) for number in range(2)]
    with producer(FakeStream([Fail()] * 99), store, reports, spill=tmp_path, deadline_seconds=0) as putting:
        for each in large:
            putting.put(each)
    stream = Behind(store)
    with producer(stream, store, reports, spill=tmp_path):
        pass

    assert [Spilled, Spilled] == [type(each.outcome) for each in reports]
    assert large == events_on(stream, store)


@pytest.mark.parametrize("error", [DOWN, Misconfiguration("AccessDenied")])
def test_what_owes_is_never_spilled(error: Exception, tmp_path: Path) -> None:
    """With stream and store away, what owes is given back, and the rest is kept; both in their order."""
    store, reports = FakeClaimStore([None, error, error, error]), list[Report]()
    stream = FakeStream([Fail()] * 99)
    with Spill(tmp_path) as spill:
        with producer(stream, store, reports, spill=spill, deadline_seconds=0, linger_seconds=1e6) as putting:
            for number, size in enumerate([2 * MIB, 2 * MIB, 200]):
                putting.put(event(number, size, letter=str(number)))
        spill.rewind()
        kept = [each.kept.id for each in spill.take(MIB)]

    assert ["1", "2", "3"] == [each.position.sequence_number for each in reports]
    assert [Spilled, Unsent, Spilled] == [type(each.outcome) for each in reports]
    assert Unsent(str(error)) == reports[1].outcome
    assert ["e-0000", "e-0002"] == kept
    assert (2, 1) == (putting.metrics().spilled, putting.metrics().unsent)


def test_nothing_is_kept_where_all_owes(tmp_path: Path) -> None:
    """The spill stays as it was."""
    reports: list[Report] = []
    with producer(FakeStream(), Down(), reports, spill=tmp_path, deadline_seconds=0) as putting:
        putting.put(event(1, 2 * MIB))

    assert [Unsent("SlowDown")] == [each.outcome for each in reports]
    assert ["done"] == [each.name for each in tmp_path.iterdir()]


def test_a_store_that_hangs_is_left_behind(monkeypatch: pytest.MonkeyPatch) -> None:
    """Who stops is not kept waiting, and what was given back is not sent afterwards."""
    monkeypatch.setattr(engine, "STOP_SECONDS", 0.01)
    called, gate = threading.Semaphore(0), threading.Semaphore(0)

    class Hanging(FakeClaimStore):
        def leave(self, claim: Claim, body: bytes) -> None:
            called.release()
            assert gate.acquire(timeout=10)
            super().leave(claim, body)

    stream, reports = FakeStream(), list[Report]()
    putting = producer(stream, Hanging(), reports, linger_seconds=0)

    def leave() -> None:
        with putting:
            putting.put(event(1, 2 * MIB))
            assert called.acquire(timeout=10)
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        leave()
    gate.release()
    thread = putting._engine._thread  # noqa: SLF001 - nothing else tells
    assert thread is not None
    thread.join(10)

    assert [Unsent("stopped before it was sent")] == [each.outcome for each in reports]
    assert [] == stream.calls


def test_what_is_owed_counts_as_held() -> None:
    """Twice what it weighs; what has been left is still the caller's."""
    reports: list[Report] = []
    with producer(FakeStream(), FakeClaimStore(), reports, linger_seconds=1e6, buffer_bytes=MAX_CALL_BYTES) as putting:
        putting.put(event(1, 2 * MIB))
        assert 4 * MIB <= putting.metrics().held_bytes <= MAX_CALL_BYTES
        putting.put(event(2, 2 * MIB))

    assert [True, True] == [each.is_accepted for each in reports]
