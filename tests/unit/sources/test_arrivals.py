from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from pipeline.errors import Misconfiguration, Retryable
from pipeline.sources.arrivals import Arrivals
from pipeline.testing.arrivals import bus_event, sns_event, sqs_event

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pipeline.ports import Remaining


class Taking:
    """Takes what it is given, and remembers it."""

    def __init__(self, error: Exception | None = None) -> None:
        self.taken: list[tuple[Mapping[str, Any], float]] = []
        self.error = error

    def take(self, event: Mapping[str, Any], remaining: Remaining) -> None:
        self.taken.append((event, remaining()))
        if self.error is not None:
            raise self.error


def test_dispatch() -> None:
    """What arrives goes to what takes its source, with the time left."""
    topic, bus = Taking(), Taking()
    arrivals = Arrivals({"aws:sns": topic.take, "aws.eventbridge": bus.take})
    arrivals.take(sns_event("x"), lambda: 5.0)
    arrivals.take(bus_event({}), lambda: 4.0)
    assert ([(sns_event("x"), 5.0)], [(bus_event({}), 4.0)]) == (topic.taken, bus.taken)


def test_objects() -> None:
    """What is written to the drop bucket is read; word of any other object is an event of the bus."""
    drop, bus = Taking(), Taking()
    arrivals = Arrivals({"aws:s3": drop.take, "aws.eventbridge": bus.take}, "drop")
    ours, other = (
        bus_event({"bucket": {"name": name}, "object": {"key": "a"}}, "Object Created", source="aws.s3")
        for name in ("drop", "other")
    )
    for event in (ours, other):
        arrivals.take(event, lambda: 5.0)
    assert ([ours], [other]) == tuple([event for event, _ in each.taken] for each in (drop, bus))


def test_what_is_raised() -> None:
    """What a taker raises fails the invocation."""
    with pytest.raises(Retryable, match="throttled"):
        Arrivals({"aws:sns": Taking(Retryable("throttled")).take}).take(sns_event("x"), lambda: 5.0)


@pytest.mark.parametrize(
    ("event", "why"), [(sqs_event("x"), "aws:sqs is not taken here; look at"), ({"hello": "you"}, "no source that")]
)
def test_unknown(event: Mapping[str, Any], why: str) -> None:
    """What nothing takes is raised: nobody would answer for it otherwise."""
    with pytest.raises(Misconfiguration, match=why):
        Arrivals({"aws:sns": Taking().take}).take(event, lambda: 5.0)
