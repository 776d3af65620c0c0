"""The functions under test: the consumers of `pipeline.environment`, made once.

Of what they were made with, only the clients, the clock, the jitter and the report are exchanged; those are the ones of
the run that is going on.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import cache
from typing import TYPE_CHECKING, Any, cast

from pipeline.environment import Environment

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pipeline.consumer import Consumer
    from pipeline.model import Ledger
    from pipeline.testing.mapping import Context
    from tests.simulation.world import World

VARIABLES = {
    "RESULTS_TABLE": "results",
    "ARCHIVE_BUCKET": "archive",
    "DEAD_LETTER_BUCKET": "dead",
    "STREAM_NAME": "events",
}
running: list[World] = []


def current() -> World:
    """The run that is going on."""
    return running[-1]


@dataclass
class Switch:
    """A client that is another one in each run."""

    name: str

    def __getattr__(self, operation: str) -> Any:  # noqa: ANN401 - whatever operation
        return getattr(current().clients[self.name], operation)


@dataclass
class Switches:
    """What stands for Clients."""

    dynamodb: Switch = field(default_factory=lambda: Switch("dynamodb"))
    s3: Switch = field(default_factory=lambda: Switch("s3"))
    kinesis: Switch = field(default_factory=lambda: Switch("kinesis"))


class Ledgers:
    """Report: keeps the counts of the run."""

    def batch(self, ledger: Ledger, **_: object) -> None:
        current().ledgers.append(ledger)


@cache
def consumers() -> dict[str, Consumer]:
    """`process` and `relay_changes`, as at a cold start."""
    environment = Environment(VARIABLES, cast("Any", Switches()))
    made = {"process": environment.process(), "relay_changes": environment.relay_changes()}
    return {name: on_the_clock(consumer) for name, consumer in made.items()}


def on_the_clock(consumer: Consumer) -> Consumer:
    """The consumer in virtual time."""
    return replace(
        consumer,
        sinks={kind: patient(sink) for kind, sink in consumer.sinks.items()},
        dead_letters=patient(consumer.dead_letters),
        report=Ledgers(),
        now=now,
    )


def patient(part: Any) -> Any:  # noqa: ANN401 - any sink
    """A sink that waits on the run's clock, and draws its jitter from the run's seed."""
    if hasattr(part, "backoff"):
        return replace(part, backoff=replace(part.backoff, draw=draw, sleep=sleep))
    if hasattr(part, "pace"):
        return replace(part, pace=replace(part.pace, jitter=draw, sleep=sleep))
    return part


def now() -> float:
    """The wall clock of the run that is going on."""
    return current().clock.wall()


def draw() -> float:
    """Jitter, from the seed of the run."""
    return current().chance.random()


def sleep(seconds: float) -> None:
    """Let the time of the run pass."""
    current().clock.spend(seconds)


def handler(name: str) -> Any:  # noqa: ANN401 - it answers what the consumer answers
    """The function's handler, as `pipeline.functions` has it."""
    consumer = consumers()[name]

    def handle(event: Mapping[str, Any], context: Context) -> Any:  # noqa: ANN401 - JSON
        return consumer.consume(event, lambda: context.get_remaining_time_in_millis() / 1000)

    return handle
