"""The stream as a function's sink: what each entry owes is left first, and what was not written is told by position."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from pipeline.core.chunk import MAX_RECORD_BYTES, partition_key
from pipeline.errors import Misconfiguration, Retryable
from pipeline.model import Claim, Entry, Failure, Owed, Position
from pipeline.producer import KinesisSink, StreamOutlet, TooLarge
from pipeline.testing.deliveries import a_notice
from pipeline.testing.kinesis import Fail, FakeStream, Fault, Refuse
from pipeline.testing.ports import FakeClaimStore
from tests.unit.producer.test_claims import DOWN
from tests.unit.producer.test_ordered import Clock, by_key, entry, oversize

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pipeline.model import Accepted, Refused


def test_sink_returns_only_failures() -> None:
    """By position: too large for good, the rest of an outage for now."""
    faults: list[Fault | None] = [Refuse(frozenset({0})), *[Fail(Retryable("outage"))] * 99]
    clock = Clock()
    sink = KinesisSink(FakeStream(faults), clock.pace())
    large, refused, good = entry(1, "a", oversize(key="a")), entry(2, "a"), entry(3, "b")

    assert {
        large.position: Failure(str(TooLarge(MAX_RECORD_BYTES + 1)), permanent=True),
        refused.position: Failure("outage"),
    } == sink.write([large, refused, good], clock.until(5))


@pytest.mark.parametrize("is_large_first", [True, False])
def test_sink_lets_the_retry_decide_where_a_position_has_both(is_large_first: bool) -> None:  # noqa: FBT001 - a table
    """A record of which one entry can still succeed is tried again, not given up."""
    clock = Clock()
    sink = KinesisSink(FakeStream([Fail(Retryable("outage"))] * 99), clock.pace())
    pair = [entry(1, "a", oversize(key="a")), entry(1, "b")]

    assert {pair[0].position: Failure("outage")} == sink.write(pair if is_large_first else pair[::-1], clock.until(1))


def test_a_stream_is_told() -> None:
    """Notices are records under their keys, in order; what was not accepted is told by position."""
    clock, stream = Clock(), FakeStream([Refuse(frozenset({0})), None, None])
    notices = [a_notice(1, "a"), a_notice(2, "a"), a_notice(3, "é" * 300)]
    assert {} == StreamOutlet(stream, clock.pace()).write(notices, clock.until(5))
    keys = {each.partition_key for each in stream.records}
    assert [notices[0].body, notices[1].body] == [each.data for each in stream.records if each.partition_key == "a"]
    assert ({"a", partition_key("é" * 300)}, 3) == (keys, len(stream.records))

    failing = FakeStream([Fail(Retryable("outage"))] * 99)
    failed = StreamOutlet(failing, clock.pace()).write(notices[:1], clock.until(1))
    assert {notices[0].position: Failure("outage")} == failed


# what an entry owes ---------------------------------------------------------------------------------------------------


def owing(number: int, key: str = "k") -> Entry:
    body = b"%d" % number
    return Entry(Position("file", "", str(number)), key, body, Owed(Claim("ab" * 32, number), body))


def _number(entry: Entry) -> int:
    return int(entry.position.sequence_number)


def written(
    entries: Sequence[Entry], store: FakeClaimStore, faults: Sequence[Fault | None] = (), seconds: float = 5
) -> tuple[list[int], list[int], dict[Position, Failure]]:
    """What a sink left, what it put, and what it answered."""
    stream, clock = FakeStream(list(faults)), Clock()
    failures = KinesisSink(stream, clock.pace(), store).write(entries, clock.until(seconds))
    return [claim.size_bytes for claim in store.left], sorted(map(_number, stream.records)), dict(failures)


def test_what_is_owed_is_left_first() -> None:
    """All that the entries owe is in the store before the first call, and then they are put as any others."""

    class Watched(FakeStream):
        def put(self, entries: Sequence[Entry]) -> Sequence[Accepted | Refused]:
            assert {each.owed.claim for each in entries if each.owed} <= store.left.keys()
            return super().put(entries)

    store, stream, clock = FakeClaimStore(), Watched(), Clock()
    entries = [owing(1, "a"), entry(2, "a"), owing(3, "b"), entry(4, "c")]

    assert {} == KinesisSink(stream, clock.pace(), store).write(entries, clock.until(5))
    assert by_key(entries) == by_key(stream.records)
    assert {Claim("ab" * 32, number): b"%d" % number for number in (1, 3)} == store.left


def test_a_store_that_is_away_for_a_moment() -> None:
    """It is tried again while there is time."""
    assert ([1], [1, 2], {}) == written([owing(1), entry(2)], FakeClaimStore([DOWN, DOWN, None]))


def test_a_store_that_stays_away() -> None:
    """What owes, and all after it, of whatever key, is not put; what came before is."""
    store = FakeClaimStore([None, *[DOWN] * 999])
    entries = [owing(1, "a"), entry(2, "b"), owing(3, "b"), entry(4, "b"), entry(5, "c")]

    left, put, failures = written(entries, store)

    assert ([1], [1, 2]) == (left, put)
    assert dict.fromkeys((each.position for each in entries[2:]), Failure("SlowDown")) == failures


@pytest.mark.parametrize(("seconds", "left"), [(0.0, [1]), (-5.0, [1]), (5.0, [1, 2, 3])])
def test_no_time(seconds: float, left: list[int]) -> None:
    """Without time, the first claim is left and put all the same, so that there is progress; the others wait."""
    entries = [owing(number) for number in (1, 2, 3)]

    got, put, failures = written(entries, FakeClaimStore(), seconds=seconds)

    assert (left, left) == (got, put)
    assert {each.position: Failure("no time left") for each in entries[len(left) :]} == failures


def test_the_stream_is_throttled_after_the_claims() -> None:
    """What was left but not put is told as any other."""
    entries = [owing(1), owing(2)]
    left, put, failures = written(entries, FakeClaimStore(), [Fail(Retryable("outage"))] * 9999)
    assert ([1, 2], []) == (left, put)
    assert {each.position: Failure("outage") for each in entries} == failures


def test_a_store_that_may_not_be_used() -> None:
    """A misconfiguration is raised, and nothing is put; so it is without a store."""
    stream = FakeStream()
    for store in (FakeClaimStore([Misconfiguration("AccessDenied")]), None):
        with pytest.raises(Misconfiguration, match=r"AccessDenied|the sink has none; give it one"):
            KinesisSink(stream, claims=store).write([entry(1), owing(2)], lambda: 5.0)
    assert [] == stream.records
