from __future__ import annotations

import pytest

from tests.simulation.batches import ALL_BATCHES, LEFT, SMALL, Batch
from tests.simulation.redelivery import Plan, broken, deliver, double_deaths, single_deaths


@pytest.mark.parametrize("seed", [0, 1])
@pytest.mark.parametrize("batch", ALL_BATCHES, ids=lambda batch: batch.name)
def test_killed_anywhere(batch: Batch, seed: int) -> None:
    """Wherever a function is killed, and whatever comes again, all is in the end as if nothing had happened."""
    assert [] == [line for plan in single_deaths(batch, seed) for line in broken(batch, plan, seed)]


def test_killed_twice() -> None:
    """The same, for a function that is killed again on its second try, at any two places."""
    assert [] == [line for plan in double_deaths(SMALL) for line in broken(SMALL, plan)]


@pytest.mark.parametrize("batch", ALL_BATCHES, ids=lambda batch: batch.name)
def test_the_batches_are_worth_it(batch: Batch) -> None:
    """Without a death, a batch makes several calls; in trouble, its answer names a record that is not the first."""
    smooth, troubled = deliver(batch, Plan((batch.size,))), deliver(batch, Plan((batch.size,), stuck=1))
    assert batch.size == smooth.acknowledged[0]
    assert 0 < troubled.acknowledged[0] < batch.size
    assert min(smooth.calls[0], troubled.calls[0]) >= (1 if batch.function == "relay_changes" else 2)


def test_what_is_left() -> None:
    """Without a death and without trouble, the batches leave as many items, lines and dead letters as they should."""
    results = [deliver(batch, Plan((batch.size,))).cloud.results() for batch in ALL_BATCHES]
    counts = [(len(each.items), len(each.lines()), len(each.dead_letters)) for each in results]
    assert [
        (6, 6, 0),
        (10, 7, 0),
        (8, 7, 2),
        (4, 3, 5),
        (7, 6, 0),
        (64, 64, 0),
        (10, 8, 1),
        (7, 7, 2),
        (5, 5, 2),
        (0, 0, 0),
        (0, 0, 0),
        (6, 4, 1),
    ] == counts


def test_what_is_told() -> None:
    """Without a death, outlets are told in order of each key of all that is delivered, and once."""
    (batch,) = (each for each in ALL_BATCHES if each.function == "telling")
    cloud = deliver(batch, Plan((batch.size,))).cloud
    told = cloud.results().told
    ids = {(name, key): [each["id"] for each in told[name, key]] for name, key in told if name == "ObjectsQueue"}
    assert {
        ("ObjectsQueue", "log-a"): ["log-2", "log-6"],
        ("ObjectsQueue", "log-b"): ["log-1", "log-4", "log-7"],
    } == ids
    assert [5, 5, 5] == [len(fake.told) for fake in cloud.outlets.fakes.values()]
    assert ["AlertsTopic", "ResultsBus"] == sorted({name for name, _ in told} - {"ObjectsQueue"})


def test_what_is_relayed() -> None:
    """Without a death and without trouble, all changes are on the stream but our own, and the large ones in S3."""
    clouds = [deliver(each, Plan((each.size,))).cloud for each in ALL_BATCHES if each.function == "relay_changes"]
    assert [(9, 0, 0), (7, 3, 2)] == [
        (
            len(cloud.stream.records()),
            len(cloud.s3.buckets["claims"].keys() - LEFT.keys()),
            sum(ledger.dropped for ledger in cloud.ledgers.kept),
        )
        for cloud in clouds
    ]
