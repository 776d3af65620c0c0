from __future__ import annotations

from collections import defaultdict

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.core import kpl
from pipeline.core.aggregate import AGGREGATE_BYTES
from pipeline.core.chunk import MAX_RECORD_BYTES
from pipeline.errors import Retryable
from pipeline.model import Accepted
from pipeline.producer import Pace, Part, TooLarge, Unsent, put_together
from pipeline.testing.kinesis import Fail, FakeStream, Fault, Refuse

PACE = Pace(sleep=lambda _: None)


def accepted(stream: FakeStream) -> dict[str, list[bytes]]:
    """What is on the stream, unpacked, by partition key and in its order."""
    found: defaultdict[str, list[bytes]] = defaultdict(list)
    for each in stream.records:
        is_shared = kpl.is_aggregate(each.data)
        found[each.partition_key] += [one.data for one in kpl.unpack(each.data)] if is_shared else [each.data]
    return dict(found)


def test_those_of_a_key_share_a_record() -> None:
    """What may be in company is, and what may not goes alone, in its place."""
    stream = FakeStream()
    parts = [Part("b", b"1", b"k"), Part("b", b"2", b"j"), Part("b", b"3"), Part("b", b"4", b"k"), Part("c", b"5")]
    outcomes = put_together(stream, parts, lambda: 9.0, PACE)
    assert {"b": [b"1", b"2", b"3", b"4"], "c": [b"5"]} == accepted(stream)
    assert [2, 1, 1] == [len(call) for call in stream.calls]
    assert outcomes[0] is outcomes[1]
    assert all(isinstance(each, Accepted) for each in outcomes)


def test_what_is_too_large_for_company() -> None:
    """It goes under the same partition key by itself, in order; too large for the stream, it is told alone."""
    stream = FakeStream()
    large, huge = b"l" * AGGREGATE_BYTES, b"h" * MAX_RECORD_BYTES
    parts = [Part("b", b"1", b"k"), Part("b", large, b"k"), Part("b", huge, b"k"), Part("b", b"4", b"k")]
    outcomes = put_together(stream, parts, lambda: 9.0, PACE)
    assert {"b": [b"1", large, b"4"]} == accepted(stream)
    assert TooLarge(MAX_RECORD_BYTES + 1) == outcomes.pop(2)
    assert all(isinstance(each, Accepted) for each in outcomes)


def test_nothing() -> None:
    """Nothing makes no call."""
    stream = FakeStream()
    assert [] == put_together(stream, [], lambda: 9.0, PACE)
    assert [] == stream.calls


FAULTS = st.lists(
    st.none()
    | st.builds(Refuse, st.frozensets(st.integers(0, 3)))
    | st.builds(Fail, st.just(Retryable("away")), is_carried_out=st.booleans()),
    max_size=6,
)


@given(st.lists(st.tuples(st.sampled_from("abc"), st.booleans(), st.sampled_from([1, 30_000]))), FAULTS)
def test_whatever_the_stream_does(parts: list[tuple[str, bool, int]], faults: list[Fault | None]) -> None:
    """What is called accepted is there; nothing of a key is there without all of it that came before."""
    stream, looks = FakeStream(faults), iter([1.0] * 4)
    given_parts = [
        Part(key, b"%d" % place + b"x" * size, key.encode() if is_shared else b"")
        for place, (key, is_shared, size) in enumerate(parts)
    ]
    outcomes = put_together(stream, given_parts, lambda: next(looks, 0.0), PACE)
    there = accepted(stream)
    for key in "abc":
        mine = [each.data for each in given_parts if each.partition_key == key]
        first = list(dict.fromkeys(there.get(key, [])))
        assert mine[: len(first)] == first
    for part, outcome in zip(given_parts, outcomes, strict=True):
        assert isinstance(outcome, Accepted | Unsent)
        assert isinstance(outcome, Unsent) or part.data in there[part.partition_key]


@pytest.mark.parametrize("count", [1, 1000])
def test_a_shared_record_that_is_refused(count: int) -> None:
    """All in it have its outcome."""
    stream = FakeStream([Refuse(frozenset({0}))] * 9)
    outcomes = put_together(stream, [Part("b", b"x", b"k")] * count, lambda: 0.0, PACE)
    assert [Unsent("ProvisionedThroughputExceededException")] * count == outcomes
