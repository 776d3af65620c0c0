from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

import pytest
from botocore.exceptions import EndpointConnectionError
from hypothesis import given
from hypothesis import strategies as st

from pipeline.aws.backoff import Backoff
from pipeline.aws.dynamodb import MAX_BATCH_ITEMS, ItemSink
from pipeline.errors import Misconfiguration
from pipeline.model import Failure, Item
from pipeline.testing.aws_errors import aws_error
from pipeline.testing.countdown import Countdown
from pipeline.testing.deliveries import an_item, by_number
from pipeline.testing.dynamodb import FakeDynamoDB

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

THROTTLED = aws_error("ProvisionedThroughputExceededException")
OUTAGE = aws_error("InternalServerError", 500)
UNREACHABLE = EndpointConnectionError(endpoint_url="https://dynamodb")
DENIED = aws_error("AccessDeniedException")
TOO_LARGE = "x" * 400 * 1024


def write(table: FakeDynamoDB, deliveries: Sequence[Item], clock: Countdown | None = None) -> dict[int, Failure]:
    """The failures by sequence number."""
    clock, client = clock or Countdown(), cast("Any", table)
    sink = ItemSink(client, "results", Backoff(draw=lambda: 1.0, sleep=clock.sleep))
    return by_number(sink.write(deliveries, clock))


def permanent(failures: Mapping[int, Failure]) -> dict[int, bool]:
    return {number: failure.permanent for number, failure in failures.items()}


def stored(table: FakeDynamoDB) -> set[str]:
    return {pk for pk, _ in table.items}


@pytest.mark.parametrize(("count", "calls"), [(0, []), (1, [1]), (25, [25]), (26, [25, 1]), (60, [25, 25, 10])])
def test_items_go_in_batches(count: int, calls: list[int]) -> None:
    """Items go in as few calls as there can be, the earliest first."""
    table, clock = FakeDynamoDB(), Countdown()
    assert ({}, []) == (write(table, [an_item(number) for number in range(count)], clock), clock.slept)
    assert calls == [len(call) for call in table.calls]
    assert [f"event#{number}" for number in range(count)] == [key for call in table.calls for key in call]


def test_one_key_twice() -> None:
    """Of several items under one key the last is written, and all of them wait for it."""
    twice = [an_item(1, "event#a", "first"), an_item(2), an_item(3, "event#a", "last")]
    table = FakeDynamoDB()
    assert {} == write(table, twice)
    assert {"S": "last"} == table.items["event#a", "event"]["body"]
    assert {1: False, 2: False, 3: False} == permanent(
        write(FakeDynamoDB(errors=[THROTTLED] * 99), twice, Countdown(1))
    )


@pytest.mark.parametrize(
    ("table", "calls"),
    [
        (FakeDynamoDB(unprocessed=[2, 1]), [3, 2, 1]),
        (FakeDynamoDB(unprocessed=[3]), [3, 3]),
        (FakeDynamoDB(errors=[THROTTLED, OUTAGE, UNREACHABLE]), [3, 3, 3, 3]),
        (FakeDynamoDB(errors=[THROTTLED], unprocessed=[1]), [3, 3, 1]),
    ],
)
def test_items_that_succeed_later(table: FakeDynamoDB, calls: list[int]) -> None:
    """What was left unprocessed, and what was throttled or out of reach, is tried again: that, and only that."""
    assert {} == write(table, [an_item(number) for number in range(3)])
    assert (calls, 3) == ([len(call) for call in table.calls], len(table.items))


@pytest.mark.parametrize(
    ("table", "failed", "detail"),
    [
        (FakeDynamoDB(unprocessed=[1] * 99), {2}, "unprocessed: the table is throttled"),
        (FakeDynamoDB(errors=[THROTTLED] * 99), {0, 1, 2}, str(THROTTLED)),
        (FakeDynamoDB(errors=[None] + [OUTAGE] * 99, unprocessed=[2]), {1, 2}, str(OUTAGE)),
    ],
)
def test_items_that_do_not_succeed_in_time(table: FakeDynamoDB, failed: set[int], detail: str) -> None:
    """When the time is over, what is not written is said to be wanted again."""
    failures = write(table, [an_item(number) for number in range(3)], Countdown(5))
    assert dict.fromkeys(failed, Failure(detail)) == failures
    assert 3 - len(failed) == len(table.items)


@pytest.mark.parametrize("bad", [{0}, {7}, {24}, {3, 4}, set(range(25))])
def test_refused_items(bad: set[int]) -> None:
    """Items that DynamoDB refuses for ever are found, and take none of their call along."""
    table = FakeDynamoDB(invalid=frozenset(f"event#{number}" for number in bad))
    failures = write(table, [an_item(number) for number in range(30)])
    assert dict.fromkeys(sorted(bad), True) == permanent(failures)
    assert {f"event#{number}" for number in range(30) if number not in bad} == stored(table)
    assert "DynamoDB refuses the item: ValidationException" == failures[min(bad)].detail


def test_item_too_large() -> None:
    """An item above 400 KB is refused for ever, alone."""
    assert {2: True} == permanent(write(FakeDynamoDB(), [an_item(1), an_item(2, body=TOO_LARGE)]))


def test_refused_among_throttled() -> None:
    """Finding the refused item goes on through throttling, and through calls that leave it unprocessed."""
    table = FakeDynamoDB(errors=[THROTTLED, None, None, THROTTLED], invalid=frozenset({"event#1"}), unprocessed=[1])
    assert {1: True} == permanent(write(table, [an_item(number) for number in range(3)]))
    assert {"event#0", "event#2"} == stored(table)


@pytest.mark.parametrize(
    ("left", "written"),
    [(0.0, 25), (-1.0, 25), (1.0, 25), (1.5, 50), (3.0, 60)],
)
def test_time_runs_out_for_items(left: float, written: int) -> None:
    """The first call is made whatever the time left; then nothing is started without any."""
    clock = Countdown(left)
    table = FakeDynamoDB(after_call=lambda: clock.spend(1))
    failures = write(table, [an_item(number) for number in range(60)], clock)
    assert dict.fromkeys(range(written, 60), Failure("no time left")) == failures
    assert written == len(table.items)


def test_time_runs_out_while_a_refused_item_is_looked_for() -> None:
    """The search makes progress by one item, and says the rest is wanted again."""
    clock = Countdown(0.0)
    table = FakeDynamoDB(invalid=frozenset({"event#1"}), after_call=lambda: clock.spend(1))
    failures = write(table, [an_item(number) for number in range(3)], clock)
    assert (dict.fromkeys([1, 2], Failure("no time left")), {"event#0"}) == (failures, stored(table))


@pytest.mark.parametrize("table", [FakeDynamoDB(errors=[DENIED]), FakeDynamoDB(table="another")])
def test_misconfiguration(table: FakeDynamoDB) -> None:
    """A table that is not there, or may not be written, is raised: no record is to blame."""
    with pytest.raises(Misconfiguration, match=r"AccessDeniedException|ResourceNotFoundException"):
        write(table, [an_item(1)])


@given(
    st.lists(st.sampled_from([None, None, THROTTLED, OUTAGE]), max_size=12),
    st.lists(st.integers(0, 25), max_size=8),
    st.sets(st.integers(0, 39), max_size=3),
    st.integers(0, 12),
)
def test_no_item_is_lost(errors: list[Exception | None], unprocessed: list[int], bad: set[int], seconds: int) -> None:
    """Whatever fails, an item is in the table or among the failures, and only a bad one is refused for ever."""
    clock = Countdown(seconds)
    table = FakeDynamoDB(
        errors=list(errors),
        unprocessed=list(unprocessed),
        invalid=frozenset(f"event#{number}" for number in bad),
        after_call=lambda: clock.spend(0.5),
    )
    failures = write(table, [an_item(number) for number in range(40)], clock)
    assert set(range(40)) == failures.keys() | {int(key.removeprefix("event#")) for key in stored(table)}
    assert {number for number, never in permanent(failures).items() if never} <= bad
    assert {f"event#{number}" for number in bad} & stored(table) == set()
    assert max(map(len, table.calls)) <= MAX_BATCH_ITEMS
