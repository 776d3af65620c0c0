from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from pipeline.errors import BugFlood, Misconfiguration, Retryable
from pipeline.sources.messages import PATIENCE_SECONDS, Messages
from pipeline.testing.arrivals import bus_event, replayed, sns_event
from tests.unit.sources.door import BAD, KEPT, LATER, NEVER, PUT, Door

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from pipeline.model import Entry, Failure, Position
    from pipeline.ports import Remaining


@pytest.mark.parametrize(
    ("event", "door", "step"),
    [
        (sns_event("x"), Door(), PUT),
        (bus_event({}), Door(), PUT),
        (replayed(bus_event({})), Door(), PUT),
        (sns_event(BAD), Door(), KEPT),
        (bus_event({"specversion": "1.0"}), Door(), KEPT),
        (sns_event("x"), Door({0: NEVER}), KEPT),
    ],
)
def test_taken(event: Mapping[str, Any], door: Door, step: str) -> None:
    """It is put, or kept as a dead letter."""
    Messages(door.intake()).take(event, lambda: 900.0)
    assert [(step, [0])] == door.done()


@pytest.mark.parametrize(
    ("text", "door", "why"),
    [
        ("x", Door({0: LATER}), "throttled"),
        (BAD, Door(unkept=[0]), "SlowDown"),
        ("x", Door({0: NEVER}, unkept=[0]), "SlowDown"),
    ],
)
def test_not_taken(text: str, door: Door, why: str) -> None:
    """What is neither put nor kept is raised, with the reason, after the ledger has told it."""
    with pytest.raises(Retryable, match=f"1 of 1 are not on the stream: {why}"):
        Messages(door.intake()).take(sns_event(text), lambda: 900.0)
    assert 1 == door.ledger().retried


def test_a_bug() -> None:
    """A bug is raised, and Lambda keeps the event: a bad deploy must not empty a topic into the dead letters."""
    event = sns_event("x", MessageAttributes="none")
    door = Door()
    with pytest.raises(BugFlood):
        Messages(door.intake()).take(event, lambda: 900.0)
    assert [] == door.actions.taken


def test_another_shape() -> None:
    """What is no notification is raised."""
    with pytest.raises(Misconfiguration, match="not of the documented shape"):
        Messages(Door().intake()).take(sns_event("x", MessageId=None), lambda: 900.0)


class Watching:
    """A stream that looks at the time left."""

    def __init__(self) -> None:
        self.seen: list[float] = []

    def write(self, deliveries: Sequence[Entry], remaining: Remaining) -> Mapping[Position, Failure]:
        del deliveries
        self.seen.append(remaining())
        return {}


@pytest.mark.parametrize(("left", "expected"), [(900.0, PATIENCE_SECONDS), (100.0, 100.0)])
def test_patience(left: float, expected: float) -> None:
    """A message waits for the stream for two minutes, or for what time there is; Lambda tries again by itself."""
    door = Door()
    door.stream = stream = Watching()  # type: ignore[assignment] # it is a sink as well
    intake = door.intake()
    Messages(intake).take(sns_event("x"), lambda: left + intake.reserve_seconds)
    assert [expected] == stream.seen
