"""The same bytes have the same reason at every door."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from pipeline.core.submission import values
from pipeline.errors import Rejection
from pipeline.model import Reason
from tests.unit.core.arriving import BY, refused
from tests.unit.sources.drop.bench import Bench

if TYPE_CHECKING:
    from collections.abc import Callable

# Data that no reader takes, and why; `{}` stands for what is before the last key of their object.
BAD = [
    ('{{{}"n": tru}}', Reason.NOT_JSON),
    ('{{{}"n": {{', Reason.NOT_JSON),
    ('{{{}"n": 1, "n": 2}}', Reason.DUPLICATE_KEY),
    ('{{{}"n": {{"a": 1, "a": 1}}}}', Reason.DUPLICATE_KEY),
    ('{{{}"n": 123456789012345678901}}', Reason.NUMBER_OUT_OF_RANGE),
    ('{{{}"n": 1e400}}', Reason.NUMBER_OUT_OF_RANGE),
    ('{{{}"n": ' + "[" * 120 + "]" * 120 + "}}", Reason.TOO_DEEP),
    ('{{{}"n": ' + "[" * 1200 + "]" * 1200 + "}}", Reason.TOO_DEEP),
]
EVENT = '"specversion": "1.0", "id": "a", "source": "//a", "type": "log.v1", '


def by_post(body: str) -> Reason:
    """What POST says of a line."""
    (value,) = values(body.encode(), "application/x-ndjson")
    assert isinstance(value, Rejection)
    return value.reason


def by_drop(body: str, key: str = "x.ndjson") -> Reason:
    """What is kept of an object of this line."""
    bench = Bench()
    bench.drop(key, body.encode())
    assert [] == bench.events
    return bench.dead_letters.kept[0].reason


@pytest.mark.parametrize(("text", "reason"), BAD)
@pytest.mark.parametrize(
    "said", [by_post, by_drop, *(lambda text, by=by: refused(by(text)).reason for by in BY.values())]
)
def test_an_event(said: Callable[[str], Reason], text: str, reason: Reason) -> None:
    """What is meant as an event."""
    assert reason is said(text.format(EVENT))


@pytest.mark.parametrize(("text", "reason"), BAD)
@pytest.mark.parametrize("said", [by_post, lambda text: by_drop(text, "type=orders.v1/x.ndjson")])
def test_data(said: Callable[[str], Reason], text: str, reason: Reason) -> None:
    """What is meant as the data of a type."""
    assert reason is said(text.format(""))
