from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.core.arrival import read
from pipeline.core.redelivery import HIDDEN_SECONDS, hidden_seconds, soon_again
from pipeline.testing.arrivals import fifo_record, sqs_record

if TYPE_CHECKING:
    from pipeline.model import LambdaRecord


@pytest.mark.parametrize(
    ("receives", "least", "most"),
    [
        (1, 1, 2),
        (2, 2, 4),
        (3, 4, 8),
        (8, 128, 256),
        (9, None, None),
        (108, None, None),
        (10**18, None, None),
        (0, 1, 1),
    ],
)
def test_it_grows(receives: int, least: int | None, most: int | None) -> None:
    """Twice as long each time, half of it random, up to what the queue has."""
    assert (least, most) == (hidden_seconds(receives, 0.0), hidden_seconds(receives, 1.0))


@given(st.integers(0, 200), st.floats(0, 1))
def test_bounds(receives: int, draw: float) -> None:
    """Never at once, and never longer than the queue's own time."""
    assert 1 <= (hidden_seconds(receives, draw) or HIDDEN_SECONDS) <= HIDDEN_SECONDS


def came(record: LambdaRecord, times: Any) -> LambdaRecord:  # noqa: ANN401 - whatever stands there
    return {**record, "attributes": {**record["attributes"], "ApproximateReceiveCount": times}}


def again(*records: LambdaRecord, draw: float = 1.0) -> dict[int, int]:
    """The seconds by the number of the message."""
    draws = iter([draw, draw / 2, draw / 4])
    found = soon_again(read({"Records": [*records]}), lambda: next(draws))
    return {int(handle.rpartition("-")[2]): seconds for handle, seconds in found.items()}


def test_messages_of_a_standard_queue() -> None:
    """Each by its own count, with a draw of its own."""
    assert {1: 8, 2: 24} == again(came(sqs_record("a", 1), "3"), came(sqs_record("b", 2), "5"))
    assert {2: 2} == again(came(sqs_record("a", 1), "9"), came(sqs_record("b", 2), "1"))


def test_messages_of_a_group() -> None:
    """All together, by the count of the one that came most often: then their order stays."""
    ours = [came(fifo_record("x", number), times) for number, times in ((1, "2"), (2, "4"), (3, "1"))]
    other = came(fifo_record("x", 4, group="customer-8"), "1")
    assert {1: 16, 2: 16, 3: 16, 4: 2} == again(*ours, other)
    assert {4: 2} == again(came(fifo_record("x", 1), "9"), fifo_record("x", 2), other)


@pytest.mark.parametrize("times", ["", "many", "-1", "²", None, {}])
def test_a_count_that_is_none(times: Any) -> None:  # noqa: ANN401 - whatever stands there
    """It waits for the queue's own time."""
    assert {} == again(came(sqs_record("a"), times))
