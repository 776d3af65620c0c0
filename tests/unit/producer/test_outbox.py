"""What is sent next, and when: in virtual time, without a thread."""

from __future__ import annotations

from math import inf
from typing import TYPE_CHECKING

import pytest

from pipeline.core import kpl
from pipeline.core.aggregate import AGGREGATE_BYTES, bucket_names, bucket_of
from pipeline.model import Accepted, Refused
from pipeline.producer.outbox import OPEN_SECONDS, Outbox

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pipeline.core.chunk import Slot


def outbox(buckets: int = 4) -> Outbox[str]:
    return Outbox(buckets, 0.2)


def bucket(box: Outbox[str], key: bytes) -> str:
    return bucket_of(key, box.names) if key else box.any_name


def aggregate(box: Outbox[str], tag: str, key: bytes, data: bytes, now: float) -> None:
    box.put_aggregated(tag, key, bucket(box, key), data, now)


def bodies(slots: Sequence[Slot[list[str]]]) -> list[list[bytes]]:
    """The data of each entry, user records where it is an aggregate."""
    datas = [slot.entry.data for slot in slots]
    return [[each.data for each in kpl.unpack(data)] if kpl.is_aggregate(data) else [data] for data in datas]


def test_an_empty_one_has_nothing_to_do() -> None:
    """It is false, never due, and has nothing to give back."""
    box = outbox()

    assert (False, inf, [], []) == (bool(box), box.due_at(), box.lapsed(1e9), box.drain())


@pytest.mark.parametrize("is_aggregated", [False, True])
def test_the_oldest_record_says_when_a_call_is_due(is_aggregated: bool) -> None:  # noqa: FBT001 - a table
    """It may linger for others, and no longer."""
    box = outbox()
    for name, now in (("a", 10.0), ("b", 10.1)):
        if is_aggregated:
            aggregate(box, name, name.encode(), b"x", now)
        else:
            box.put(name, name, b"x", now)

    assert (True, 10.2) == (bool(box), box.due_at())


@pytest.mark.parametrize(("count", "size", "expected"), [(499, 1, False), (500, 1, True), (2, 2**19, True)])
def test_500_keys_or_a_mebibyte_are_worth_a_call(count: int, size: int, expected: bool) -> None:  # noqa: FBT001 - a table
    """Then nothing lingers."""
    box = outbox()
    for number in range(count):
        box.put("t", f"key-{number}", b"x" * size, 10.0)

    assert expected == (box.due_at() == -inf)


def test_records_of_a_bucket_share_an_entry_in_their_order() -> None:
    """Under the bucket's name, each with its own key inside."""
    box = outbox(buckets=1)
    for number in range(5):
        aggregate(box, f"t{number}", b"ab"[number % 2 : number % 2 + 1], b"%d" % number, 10.0)
    (slot,) = box.chunk(10.2)

    assert bucket_names(1)[0] == slot.entry.partition_key
    assert [("a", b"0"), ("b", b"1"), ("a", b"2"), ("b", b"3"), ("a", b"4")] == [
        (each.partition_key, each.data) for each in kpl.unpack(slot.entry.data)
    ]
    assert ["t0", "t1", "t2", "t3", "t4"] == slot.tag


def test_only_what_has_lingered_is_closed_unless_it_is_urgent() -> None:
    """A young aggregate goes on filling while an older one is sent."""
    box = outbox()
    aggregate(box, "old", b"a", b"1", 10.0)
    aggregate(box, "young", b"b", b"2", 10.1)

    assert bucket(box, b"a") != bucket(box, b"b")
    assert [["old"]] == [slot.tag for slot in box.chunk(10.2)]
    assert [["old"], ["young"]] == [slot.tag for slot in box.chunk(10.2, urgent=True)]


def test_a_full_aggregate_is_followed_by_another() -> None:
    """No record is cut or moved: the next one begins a new aggregate of the bucket."""
    box = outbox()
    for number in range(5):
        aggregate(box, f"t{number}", b"k", b"x" * (AGGREGATE_BYTES // 2 - 100), 10.0)
    slots = box.drain()

    assert [["t0", "t1"], ["t2", "t3"], ["t4"]] == [slot.tag for slot in slots]
    assert 1 == len({slot.entry.partition_key for slot in slots})
    assert all(slot.size_bytes <= AGGREGATE_BYTES + 20 for slot in slots)


def test_an_old_aggregate_is_followed_by_another() -> None:
    """In an outage it would else hold records of very different age, and be given up with the oldest."""
    box = outbox()
    aggregate(box, "t0", b"k", b"0", 10.0)
    aggregate(box, "t1", b"k", b"1", 10.0 + OPEN_SECONDS)
    aggregate(box, "t2", b"k", b"2", 10.1 + OPEN_SECONDS)

    assert [["t0", "t1"], ["t2"]] == [slot.tag for slot in box.drain()]


def test_one_too_large_for_company_keeps_its_place_in_its_bucket() -> None:
    """It travels as it is, under the bucket's name, behind what was put before it and in front of what comes after."""
    box, large = outbox(), b"x" * AGGREGATE_BYTES
    for tag, data in (("t0", b"0"), ("t1", large), ("t2", b"2")):
        aggregate(box, tag, b"k", data, 10.0)
    slots = box.drain()

    assert [["t0"], ["t1"], ["t2"]] == [slot.tag for slot in slots]
    assert [[b"0"], [large], [b"2"]] == bodies(slots)
    assert {bucket(box, b"k")} == {slot.entry.partition_key for slot in slots}


def test_one_too_large_for_company_may_come_first() -> None:
    """Nothing is open to be closed."""
    box = outbox()
    aggregate(box, "t0", b"k", b"x" * AGGREGATE_BYTES, 10.0)

    assert [["t0"]] == [slot.tag for slot in box.drain()]


def test_records_without_a_key_fill_one_aggregate_after_the_other() -> None:
    """They are in order with nothing, so no bucket of theirs stays half empty; all buckets get their share."""
    box = outbox(buckets=3)
    for number in range(300):
        aggregate(box, f"t{number}", b"", b"x" * 1000, 10.0)
    slots = box.chunk(10.2)

    assert 3 == len({slot.entry.partition_key for slot in slots})
    assert sorted(f"t{number}" for number in range(300)) == sorted(tag for slot in box.drain() for tag in slot.tag)
    assert all(len(slot.tag) > 45 for slot in slots)


def test_one_without_a_key_too_large_for_company_goes_alone() -> None:
    """It ends the aggregate that is being filled, and the next goes on elsewhere."""
    box = outbox()
    for tag, size in (("t0", 1), ("t1", AGGREGATE_BYTES), ("t2", 1)):
        aggregate(box, tag, b"", b"x" * size, 10.0)

    assert [["t0"], ["t1"], ["t2"]] == sorted(slot.tag for slot in box.drain())


def test_the_rate_follows_the_answers() -> None:
    """A throttled call slows the next ones down, in number and in time."""
    box = outbox()
    for number in range(600):
        box.put("t", f"key-{number}", b"x", 10.0)
    chunk = box.chunk(10.0)
    answers: list[Accepted | Refused] = [Refused("ProvisionedThroughputExceededException"), *[Accepted("s", "1")] * 499]

    assert 499 == len(box.settle(chunk, answers, 10.0))
    assert (1.0, 0.5) == (box.rate.shards, box.rate.wait_seconds(10.0))
    assert (100, "ProvisionedThroughputExceededException") == (len(box.chunk(10.5)), box.sending.reason)


def test_what_waits_too_long_lapses_open_or_not() -> None:
    """Plain records, and aggregates with their oldest record."""
    box = outbox()
    box.put("plain", "k", b"x", 10.0)
    aggregate(box, "open", b"a", b"x", 10.1)
    aggregate(box, "young", b"b", b"x", 11.0)

    assert [["plain"], ["open"]] == [slot.tag for slot in box.lapsed(10.5)]
    assert [["young"]] == [slot.tag for slot in box.drain()]
    assert not box
