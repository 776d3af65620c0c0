"""Aggregates as they grow, and the buckets of keys."""

from __future__ import annotations

import base64
import hashlib
import warnings

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.core import kpl
from pipeline.core.aggregate import AGGREGATE_BYTES, Aggregate, bucket_names, bucket_of
from pipeline.testing.lambda_events import kinesis_record

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    from aws_kinesis_agg import (  # type: ignore[import-untyped] # untyped, and changes sys.path when imported
        aggregator,
        deaggregator,
    )

user_records = st.lists(st.tuples(st.text("aé🐟\x00", min_size=1, max_size=5), st.binary(max_size=300)), max_size=40)


def aggregate(records: list[tuple[str, bytes]]) -> Aggregate[None]:
    found: Aggregate[None] = Aggregate()
    for key, data in records:
        assert found.add(None, key.encode(), data)
    return found


@given(user_records)
def test_it_is_what_pack_makes_of_the_list(records: list[tuple[str, bytes]]) -> None:
    """Record by record or all at once, the bytes are the same."""
    assert kpl.pack([kpl.UserRecord(*each) for each in records]) == aggregate(records).data()


@given(user_records.filter(bool))
def test_it_is_read_by_our_consumer_and_by_awss_library(records: list[tuple[str, bytes]]) -> None:
    """Keys, data and order come out as they went in."""
    data = aggregate(records).data()
    one = kinesis_record(data)
    theirs = [
        (each["kinesis"]["partitionKey"], base64.b64decode(each["kinesis"]["data"]))
        for each in deaggregator.deaggregate_records([one])
    ]

    assert records == [(each.partition_key, each.data) for each in kpl.unpack(data)]
    assert records == theirs


@given(user_records.filter(bool))
def test_it_holds_the_same_as_one_that_awss_library_made(records: list[tuple[str, bytes]]) -> None:
    """What their producer packs and what ours packs are read as the same records."""
    theirs = aggregator.RecordAggregator()
    for key, data in records:
        assert theirs.add_user_record(key, data) is None
    _, _, packed = theirs.clear_and_get().get_contents()

    assert kpl.unpack(bytes(packed)) == kpl.unpack(aggregate(records).data())


@given(st.lists(st.tuples(st.text("aé", min_size=1, max_size=250), st.integers(0, 20_000)), max_size=60))
def test_it_never_outgrows_its_bound(records: list[tuple[str, int]]) -> None:
    """What there is no room for is not taken: the aggregate stays below 50 KiB."""
    found: Aggregate[int] = Aggregate()
    taken = [number for number, (key, size) in enumerate(records) if found.add(number, key.encode(), b"x" * size)]

    assert len(found.data()) <= AGGREGATE_BYTES
    assert taken == found.tags


@pytest.mark.parametrize("key", [b"", b"k" * 250])
def test_it_is_filled_to_its_bound(key: bytes) -> None:
    """What is planned for a small record is a few bytes more than it takes; a key counts once."""
    found: Aggregate[None] = Aggregate()
    while found.add(None, key, b"x" * 100):
        pass

    assert AGGREGATE_BYTES * 0.95 < len(found.data())


@pytest.mark.parametrize(("excess", "expected"), [(-1, True), (0, True), (1, False)])
def test_what_is_too_large_for_an_empty_aggregate(excess: int, expected: bool) -> None:  # noqa: FBT001 - a table
    """Its frame and fields count for 35 bytes."""
    data = b"x" * (AGGREGATE_BYTES - 35 - len("é".encode()) + excess)

    assert expected == Aggregate[None]().add(None, "é".encode(), data)


@pytest.mark.parametrize("count", [1, 2, 7, 32, 256])
def test_each_bucket_has_an_equal_part_of_the_hash_range(count: int) -> None:
    """Shards, however the range is split among them, get their share of the buckets."""
    names = bucket_names(count)
    places = [int.from_bytes(hashlib.md5(name.encode(), usedforsecurity=False).digest()) for name in names]

    assert list(range(count)) == [place * count >> 128 for place in places]


def test_a_key_has_one_bucket_for_ever() -> None:
    """It is a matter of key and number alone: another process, or another year, finds the same."""
    names = bucket_names(32)

    assert ["bucket-16", "bucket-15", "bucket-30"] == [bucket_of(key, names) for key in (b"a", b"b", "é".encode())]
    assert len({bucket_of(b"key-%d" % number, names) for number in range(1000)}) == 32
