from __future__ import annotations

import random
import threading
from typing import TYPE_CHECKING

import pytest

from pipeline.testing.mapping import (
    Clock,
    Cloud,
    EventSourceMapping,
    KinesisSource,
    Outcome,
    Simulator,
    TimedOut,
)
from pipeline.testing.mapping.faults import FaultyFunction, InvocationFault
from pipeline.testing.mapping.troubles import Call
from pipeline.testing.mapping.zombies import Zombies

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pipeline.testing.mapping import Context

CALLS = 4


class Run:
    """A function that makes four calls, and is left behind the first time it is invoked: its calls take `seconds`."""

    def __init__(self, seed: int, seconds: float) -> None:
        self.clock, self.done, self.seconds = Clock(), list[str](), seconds
        self.zombies = Zombies(self.clock, random.Random(seed))  # noqa: S311 - the same seed, the same run
        self.invocations = 0
        function = FaultyFunction(self.function, self.clock, zombies=self.zombies)
        function.plan.append(InvocationFault.LEFT_BEHIND)
        source = KinesisSource(self.clock)
        source.put("key", b"x")
        self.simulator = Simulator(source, EventSourceMapping(), function, self.clock)

    def function(self, event: Mapping[str, object], context: Context) -> None:
        del event, context
        self.invocations += 1
        name = "ab"[self.invocations - 1]
        for number in range(CALLS):
            self.zombies(Call("s3", self.clock, self.operation, {"what": f"{name}{number}"}))

    def operation(self, what: str) -> None:
        self.clock.spend(self.seconds if what[0] == "a" else 0.01)
        self.done.append(what)


def run(seed: int, seconds: float = 0.01) -> Run:
    made = Run(seed, seconds)
    made.simulator.run()
    return made


def test_interleaved() -> None:
    """What is left of the first invocation happens between the calls of the second, each in its own order."""
    orders = []
    for seed in range(20):
        made = run(seed)
        made.zombies.finish()
        assert [Outcome.RAISED, Outcome.SUCCEEDED] == [each.outcome for each in made.simulator.invocations]
        for name in "ab":
            assert [f"{name}{number}" for number in range(CALLS)] == [what for what in made.done if what[0] == name]
        orders.append("".join(what[0] for what in made.done))
    assert any("bab" in order for order in orders)


def test_same_seed_same_run() -> None:
    """The same seed gives the same order."""
    assert run(3).done == run(3).done


def test_buried() -> None:
    """What is buried does nothing more, and leaves no thread."""
    threads = threading.active_count()
    for seed in range(20):
        made = run(seed)
        done = [*made.done]
        made.zombies.bury()
        assert done == made.done
    assert threads == threading.active_count()


def test_deadline() -> None:
    """Its time is over when its own invocation's would have been, not its successor's; and no clock goes back."""
    for seed in range(20):
        made = run(seed, seconds=25.0)
        at = made.clock.now()
        made.zombies.finish()
        assert at <= made.clock.now()
        assert len([what for what in made.done if what[0] == "a"]) <= 2


def test_without_zombies() -> None:
    """Where nobody stands around the calls, the function is only lost."""
    cloud = Cloud()
    function = FaultyFunction(lambda *_: None, cloud.clock)
    function.plan.append(InvocationFault.LEFT_BEHIND)
    cloud.stream.put("key", b"x")
    simulator = Simulator(cloud.stream, EventSourceMapping(), function, cloud.clock)
    simulator.run()
    assert [Outcome.RAISED, Outcome.SUCCEEDED] == [each.outcome for each in simulator.invocations]


def test_no_clock_goes_back() -> None:
    """A deadline that is past already ends the function, and leaves the clock."""
    clock = Clock(at=100.0, deadline_at=90.0)
    with pytest.raises(TimedOut):
        clock.spend(1.0)
    assert 100.0 == clock.now()
