"""The functions under test: the consumers of `pipeline.environment`, made once.

Of what they were made with, only the clients, the clock, the jitter and the report are exchanged; those are the ones of
the run that is going on.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import cache
from typing import TYPE_CHECKING, Any, Final, cast

from pipeline.core.outlet import to_bus, to_queue, to_topic
from pipeline.environment import Environment
from pipeline.routes import PROCESS
from pipeline.testing.mapping.cloud import handler_of, in_virtual_time
from pipeline.topology import OUTLETS

if TYPE_CHECKING:
    from pipeline.consumer import Consumer
    from pipeline.model import Ledger
    from pipeline.testing.mapping.simulator import Handler
    from tests.simulation.world import World

VARIABLES = {
    "RESULTS_TABLE": "results",
    "ARCHIVE_BUCKET": "archive",
    "DEAD_LETTER_BUCKET": "dead",
    "CLAIMS_BUCKET": "claims",
    "STREAM_NAME": "events",
    **{each.variable: each.resource for each in OUTLETS},
    "OUTLET_OBJECTS_QUEUE": "ObjectsQueue.fifo",
    "REFERENCE_BUCKET": "reference",
    "LOOKUP_SECONDS": "60",
}
# Logs are told to everybody, so that all that happens to them does so with outlets behind the tables.
TOLD: Final = "log.v1"
ROUTES: Final = {
    **PROCESS,
    TOLD: replace(
        PROCESS[TOLD],
        destinations=(
            *PROCESS[TOLD].destinations,
            to_bus("ResultsBus"),
            to_topic("AlertsTopic"),
            to_queue("ObjectsQueue"),
        ),
    ),
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
    events: Switch = field(default_factory=lambda: Switch("events"))
    sns: Switch = field(default_factory=lambda: Switch("sns"))
    sqs: Switch = field(default_factory=lambda: Switch("sqs"))


class Ledgers:
    """Report: keeps the counts of the run."""

    def batch(self, ledger: Ledger, **_: object) -> None:
        current().ledgers.append(ledger)


@cache
def consumers() -> dict[str, Consumer]:
    """`process` and `relay_changes`, as at a cold start."""
    environment = Environment(VARIABLES, cast("Any", Switches()), routes=ROUTES)
    made = {"process": environment.process(), "relay_changes": environment.relay_changes()}
    return {
        name: in_virtual_time(consumer, Ledgers(), now=now, sleep=sleep, draw=draw) for name, consumer in made.items()
    }


def now() -> float:
    """The wall clock of the run that is going on."""
    return current().clock.wall()


def draw() -> float:
    """Jitter, from the seed of the run."""
    return current().chance.random()


def sleep(seconds: float) -> None:
    """Let the time of the run pass."""
    current().clock.spend(seconds)


def handler(name: str) -> Handler:
    """The function's handler, as `pipeline.functions` has it."""
    return handler_of(consumers()[name])
