"""What goes into one PutRecords call."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.core.chunk import (
    MAX_CALL_BYTES,
    MAX_ENTRIES,
    MAX_RECORD_BYTES,
    Waiting,
    entry_bytes,
    key_units,
    partition_key,
)
from pipeline.model import Entry, Position


def entry(number: int, key: str = "k", size_bytes: int = 10) -> Entry:
    return Entry(Position("file", "", str(number)), key, b"x" * (size_bytes - len(key.encode())))


def waiting(*entries: Entry) -> Waiting[int]:
    queue: Waiting[int] = Waiting()
    for index, each in enumerate(entries):
        queue.add(each, index)
    return queue


def tags(queue: Waiting[int]) -> list[int]:
    return [slot.tag for slot in queue.chunk()]


@pytest.mark.parametrize(
    ("key", "data", "expected"),
    [("k", b"", 1), ("k", b"abc", 4), ("é", b"abc", 5), ("🐟", "🐟".encode(), 8)],
    ids=["empty", "ascii", "two-byte key", "four-byte key and data"],
)
def test_size_counts_utf8_bytes_of_data_and_key(key: str, data: bytes, expected: int) -> None:
    """A record weighs its data plus its key in UTF-8 bytes, not in characters."""
    assert expected == entry_bytes(Entry(Position("", "", "1"), key, data))


@pytest.mark.parametrize(
    ("key", "is_kept"),
    [
        ("k" * 255, True),
        ("k" * 256, True),
        ("k" * 257, False),
        ("é" * 256, True),
        ("🐟" * 128, True),
        ("🐟" * 129, False),
    ],
)
def test_a_key_that_is_too_long_is_hashed(key: str, is_kept: bool) -> None:  # noqa: FBT001 - a table
    """A partition key has 256 UTF-16 units at most; two long keys stay two."""
    assert is_kept == (partition_key(key) == key)
    assert partition_key(key) == partition_key(key)
    assert partition_key(key) != partition_key(key + "x")
    assert key_units(partition_key(key)) <= 256


def test_chunk_holds_one_entry_of_a_key() -> None:
    """Two entries of one key never share a call."""
    assert [0, 2] == tags(waiting(entry(0, "a"), entry(1, "a"), entry(2, "b")))


def test_chunk_does_not_take_entries_out() -> None:
    """What was not answered for is in the next chunk again."""
    queue = waiting(entry(0, "a"), entry(1, "b"))

    assert tags(queue) == tags(queue)


def test_done_lets_the_next_of_the_key_go_after_other_keys() -> None:
    """A key that was served queues up behind those that were not."""
    queue = waiting(entry(0, "a"), entry(1, "a"), entry(2, "b"))
    queue.done(queue.chunk()[0])

    assert [2, 1] == tags(queue)


@pytest.mark.parametrize(("keys", "expected"), [(499, 499), (500, 500), (501, 500)])
def test_chunk_is_cut_at_500_entries(keys: int, expected: int) -> None:
    """A call takes 500 entries and not one more."""
    assert 500 == MAX_ENTRIES
    assert expected == len(waiting(*(entry(n, f"key-{n}") for n in range(keys))).chunk())


@pytest.mark.parametrize(("last_bytes", "expected"), [(MAX_RECORD_BYTES - 1, 5), (MAX_RECORD_BYTES, 5)])
def test_chunk_is_filled_to_the_last_byte(last_bytes: int, expected: int) -> None:
    """Five records of 1 MiB, with keys of two bytes a character, are a call of exactly 5 MiB."""
    entries = [entry(n, f"é{n}", MAX_RECORD_BYTES) for n in range(4)]

    assert expected == len(waiting(*entries, entry(4, "é4", last_bytes)).chunk())


def test_chunk_is_cut_at_the_first_byte_over() -> None:
    """One byte over 5 MiB moves the last record to the next call."""
    entries = [entry(n, f"é{n}", MAX_RECORD_BYTES) for n in range(4)]
    almost = [entry(4, "é4", MAX_RECORD_BYTES - 9), entry(5, "k", 10)]

    assert MAX_CALL_BYTES + 1 == sum(map(entry_bytes, entries + almost))
    assert 5 == len(waiting(*entries, *almost).chunk())


def test_weight_follows_what_comes_and_goes() -> None:
    """`size_bytes` is the weight of what waits, and of nothing else."""
    queue = waiting(entry(0, "a", 10), entry(1, "a", 20), entry(2, "b", 30))
    queue.done(queue.chunk()[0])
    assert 50 == queue.size_bytes

    assert [1, 2] == sorted(slot.tag for slot in queue.drain())
    assert (0, False) == (queue.size_bytes, bool(queue))


def test_heads_are_counted_and_weighed() -> None:
    """Only the first of each key may be sent now: `heads` and `head_bytes` are theirs."""
    queue = waiting(entry(0, "a", 10), entry(1, "a", 20), entry(2, "b", 30))
    before = queue.heads, queue.head_bytes
    queue.done(queue.chunk()[0])

    assert ((2, 40), (2, 50)) == (before, (queue.heads, queue.head_bytes))


@pytest.mark.parametrize(
    ("most_entries", "most_bytes", "expected"), [(2, 1000, [0, 1]), (5, 20, [0, 1]), (5, 19, [0]), (0, 0, [0])]
)
def test_chunk_may_be_made_smaller(most_entries: int, most_bytes: int, expected: list[int]) -> None:
    """By count and by weight, but it has one entry at least."""
    queue = waiting(*(entry(n, f"key-{n}") for n in range(4)))

    assert expected == [slot.tag for slot in queue.chunk(most_entries, most_bytes)]


def test_the_wait_of_a_key_counts_from_its_last_success() -> None:
    """An entry that waited behind another has waited for the stream only since that one was accepted."""
    queue: Waiting[int] = Waiting()
    for number, key, now in ((0, "a", 1.0), (1, "a", 2.0), (2, "a", 9.0), (3, "b", 3.0)):
        queue.add(entry(number, key), number, now)
    queue.done(queue.chunk()[0], 7.0)

    assert 3.0 == queue.oldest()
    assert [3] == [slot.tag for slot in queue.lapsed(6.9)]
    assert 7.0 == queue.oldest()
    assert [1] == [slot.tag for slot in queue.lapsed(7.0)]
    assert [2] == [slot.tag for slot in queue.lapsed(9.0)]
    assert (math.inf, 0, 0) == (queue.oldest(), queue.size_bytes, queue.head_bytes)


def test_what_lapses_is_in_order_per_key() -> None:
    """All of a key that have waited too long are taken out from the front; the rest goes on behind them."""
    queue: Waiting[int] = Waiting()
    for number, now in enumerate((1.0, 2.0, 3.0)):
        queue.add(entry(number, "a"), number, now)

    assert [0, 1] == [slot.tag for slot in queue.lapsed(2.5)]
    assert [2] == tags(queue)


@given(st.lists(st.integers(0, 5), max_size=60))
def test_draining_by_chunks_gives_all_entries_in_order_per_key(keys: list[int]) -> None:
    """Chunk after chunk, every entry comes out once, and those of a key in the order they went in."""
    queue = waiting(*(entry(n, f"key-{key}") for n, key in enumerate(keys)))
    out: list[tuple[str, int]] = []
    while queue:
        for slot in queue.chunk():
            queue.done(slot)
            out.append((slot.entry.partition_key, slot.tag))

    assert sorted((f"key-{key}", n) for n, key in enumerate(keys)) == sorted(out)
    for key in set(keys):
        numbers = [n for name, n in out if name == f"key-{key}"]
        assert sorted(numbers) == numbers
    assert 0 == queue.size_bytes
