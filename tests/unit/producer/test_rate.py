"""How fast a stream that throttles is sent to."""

from __future__ import annotations

import pytest

from pipeline.core.chunk import MAX_CALL_BYTES, MAX_ENTRIES, Slot
from pipeline.model import Entry, Position
from pipeline.producer.rate import SHARD_BYTES, Rate, cost


def slot(size_bytes: int) -> Slot[None]:
    return Slot(Entry(Position("", "", ""), "k", b""), None, size_bytes, 0.0, 0.0)


def test_cost_is_the_dearer_of_count_and_weight() -> None:
    """A thousand small records, or 1 MiB of large ones, are a second of a shard."""
    assert (1.0, 0.5, 0.0) == (cost([slot(1)] * 1000), cost([slot(SHARD_BYTES // 2)]), cost([]))


def test_nothing_is_limited_before_the_stream_throttles() -> None:
    """Call follows call, as large as they may be."""
    rate = Rate()
    rate.answered(5.0, 5.0, 0.0, throttled=False)

    assert ((MAX_ENTRIES, MAX_CALL_BYTES), 0.0) == (rate.room(), rate.wait_seconds(0.0))


def test_the_first_throttle_sets_the_rate_to_a_share_of_what_was_taken() -> None:
    """Ten shards' worth in the last moment leave eight; the next call waits for what was sent."""
    rate = Rate()
    rate.answered(10.0, 10.0, 1.0, throttled=True)

    assert (8.0, 1.25) == (rate.shards, rate.wait_seconds(1.0))
    assert (500, 838861) == rate.room()


def test_a_rate_that_is_still_too_high_falls_by_a_share_and_not_below_a_floor() -> None:
    """Once in a slice of time, however many calls are refused within it."""
    rate = Rate()
    for now in (0.0, 0.05, 0.2):
        rate.answered(0.1, 0.0, now, throttled=True)
    assert pytest.approx(0.8) == rate.shards
    for number in range(100):
        rate.answered(0.1, 0.0, 1.0 + number, throttled=True)

    assert 0.05 == rate.shards
    assert (5, 5243) == rate.room()


@pytest.mark.parametrize(("shards", "records", "data_bytes"), [(1, 1000, 100), (4, 1000, 100), (1, 40, 50_000)])
def test_it_settles_near_what_the_stream_takes(shards: int, records: int, data_bytes: int) -> None:
    """Over minutes, most of the capacity is used, and little is sent in vain."""
    rate, now, tokens, filled_at = Rate(), 0.0, 1.0 * shards, 0.0
    sent = accepted = 0
    while now < 120:
        most, room_bytes = rate.room()
        entries = max(1, min(most, room_bytes // data_bytes, records))
        tokens, filled_at = min(shards, tokens + (now - filled_at) * shards), now
        each = cost([slot(data_bytes)])
        taken = min(entries, int(tokens / each))
        tokens -= taken * each
        sent, accepted = sent + entries, accepted + taken
        now += 0.01
        rate.answered(entries * each, taken * each, now, throttled=taken < entries)
        now += rate.wait_seconds(now)

    capacity = 120 * shards / cost([slot(data_bytes)])
    assert accepted > 0.8 * capacity
    assert sent < 1.15 * accepted
