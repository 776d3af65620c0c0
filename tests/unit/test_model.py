from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.errors import LedgerMismatch
from pipeline.model import Event, Ledger, Position

NUMBERS = st.integers(0, 10**56)


@given(NUMBERS, NUMBERS, st.integers(0, 2000), st.integers(0, 2000))
def test_position_order(one: int, other: int, one_sub: int, other_sub: int) -> None:
    """Positions of a shard are in the order of their numbers, however many digits those have."""
    left, right = Position("s", "0", str(one), one_sub), Position("s", "0", str(other), other_sub)
    assert ((one, one_sub) < (other, other_sub)) == (left.order < right.order)


def test_position_text() -> None:
    """A position has one form in logs, lines and items."""
    assert "events/shard-0/7/3" == str(Position("events", "shard-0", "7", 3))


@pytest.mark.parametrize(("subject", "key"), [("web-1", "web-1"), (None, "//a")])
def test_event_key(subject: str | None, key: str) -> None:
    """An event is ordered by its subject, or else by its source."""
    assert key == Event("1", "//a", "log.v1", "t", {}, subject).key


@pytest.mark.parametrize(
    "ledger", [Ledger(0), Ledger(10, delivered=4, dropped=3, dead_lettered=2, retried=1), Ledger(1, retried=1)]
)
def test_ledger_adds_up(ledger: Ledger) -> None:
    """Counts that add up pass."""
    ledger.check()


@pytest.mark.parametrize(
    ("ledger", "text"),
    [
        (Ledger(1), "received 1 records, but 0 are accounted for"),
        (Ledger(2, delivered=2, dropped=1), "received 2 records, but 3 are accounted for"),
        (Ledger(9, 1, 2, 3, 4), "delivered 1, dropped 2, dead-lettered 3, retried 4"),
    ],
)
def test_ledger_mismatch(ledger: Ledger, text: str) -> None:
    """Counts that do not add up are raised, with the figures."""
    with pytest.raises(LedgerMismatch, match=text):
        ledger.check()
