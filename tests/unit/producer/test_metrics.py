"""What a producer tells of itself."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.model import Accepted, Refused
from pipeline.producer.metrics import Counts, Latencies


@given(st.lists(st.floats(0.001, 100), min_size=1), st.floats(0.01, 1))
def test_a_percentile_is_at_most_a_tenth_too_high(seconds: list[float], share: float) -> None:
    """That share of all took as long, or up to 10 % less."""
    latencies = Latencies()
    for each in seconds:
        latencies.add(each)
    place = sum(n < share * len(seconds) for n in range(1, len(seconds)))
    exact = sorted(seconds)[place]

    assert exact * 0.999 <= latencies.percentile(share) <= exact * 1.101


def test_no_latency_is_zero() -> None:
    """Before the first record is accepted."""
    assert 0.0 == Latencies().percentile(0.5)


def test_beyond_the_bins_is_the_last_one() -> None:
    """Nothing takes longer than eleven days."""
    latencies = Latencies()
    latencies.add(1e9)

    assert 1e6 < latencies.percentile(1.0) < 1.2e6


def test_calls_are_counted_by_each_entrys_own_answer() -> None:
    """Accepted, refused for the rate, refused for another reason."""
    counts = Counts()
    counts.called(
        [Accepted("s", "1"), Refused("ProvisionedThroughputExceededException"), Refused("InternalFailure")], 9
    )
    counts.called([Refused("read timeout")], 0)
    counts.accepted = 5
    found = counts.picture(waiting=2, held_bytes=3, rate_shards=None)

    assert (2, 1, 3, 1, 9) == (found.calls, found.entries, found.retried, found.throttled, found.accepted_bytes)
    assert (5.0, 2, 3) == (found.aggregation_ratio, found.waiting, found.held_bytes)


@pytest.mark.parametrize(("entries", "resent", "expected"), [(0, 0, 0.0), (3, 3, 0.0), (4, 2, 5.0)])
def test_the_ratio_is_of_what_was_sent_from_memory(entries: int, resent: int, expected: float) -> None:
    """What comes out of the spill is counted in entries, not in records."""
    counts = Counts(accepted=10, entries=entries, resent=resent)

    assert expected == counts.picture(0, 0, None).aggregation_ratio
