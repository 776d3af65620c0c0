"""Who is told, in memory: a fake of each outlet that routes name, and what it was told in effect.

Topics are standard here, and queues FIFO, so that a run has both; streams keep order too.
"""

from __future__ import annotations

from base64 import b64decode
from collections import defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import orjson

from pipeline.aws.eventbridge import BusSink
from pipeline.aws.kinesis import KinesisStream
from pipeline.aws.sns import TopicSink
from pipeline.aws.sqs import QueueSink
from pipeline.core.outlet import outlets
from pipeline.model import OutletKind
from pipeline.producer import StreamOutlet
from pipeline.testing.mapping.clients import StreamClient
from pipeline.testing.mapping.stream import KinesisSource
from pipeline.testing.outlets import FakeBus, FakeOutlet, FakeQueue, FakeTopic

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from pipeline.core.outlet import Outlet
    from pipeline.core.process import Stages
    from pipeline.model import Notice
    from pipeline.ports import Sink
    from pipeline.testing.mapping.clock import Clock

    type Faulty = Callable[[object, str], Any]

type Told = Mapping[tuple[str, str], Any]
"""In effect: of an outlet with order, by key, its events where they were told first; of any other, by id, the event."""


@dataclass
class Outlets:
    """The fakes by the names of their outlets."""

    clock: Clock
    fakes: dict[str, FakeOutlet] = field(default_factory=dict)
    streams: dict[str, KinesisSource] = field(default_factory=dict)

    def sinks(self, stages: Stages, faulty: Faulty) -> dict[str, Sink[Notice]]:
        """A sink for each outlet of the stages; its calls go through `faulty`, given a fake and its service."""
        return {each.name: self._sink(each, faulty) for each in outlets(stages.routes.values())}

    def _sink(self, outlet: Outlet, faulty: Faulty) -> Sink[Notice]:
        name = outlet.name
        match outlet.kind:
            case OutletKind.STREAM:
                stream = self.streams.setdefault(name, KinesisSource(self.clock))
                return StreamOutlet(KinesisStream(faulty(StreamClient(stream), "kinesis"), "events"))
            case OutletKind.BUS:
                return BusSink(faulty(self._fake(name, FakeBus(name)), "events"), name)
            case OutletKind.TOPIC:
                return TopicSink(faulty(self._fake(name, FakeTopic(name)), "sns"), name)
            case OutletKind.QUEUE:
                fifo = f"{name}.fifo"
                return QueueSink(faulty(self._fake(name, FakeQueue(fifo)), "sqs"), fifo)

    def _fake(self, name: str, fake: FakeOutlet) -> FakeOutlet:
        fake.now = self.clock.now
        return self.fakes.setdefault(name, fake)

    def told(self) -> Told:
        """What each was told in effect."""
        found: dict[tuple[str, str], Any] = {}
        for name, fake in self.fakes.items():
            found |= in_effect(name, fake)
        for name, stream in self.streams.items():
            records = [(each.key, each.original["kinesis"]["data"]) for each in stream.records()]
            found |= _in_order(name, [(key, orjson.loads(b64decode(data))) for key, data in records])
        return found


def in_effect(name: str, fake: FakeOutlet) -> Told:
    """What one that is no stream was told, for whoever takes one of each id."""
    if fake.name.endswith(".fifo"):
        return _in_order(name, [(each.key, each.event) for each in fake.told])
    return {(name, each.id): each.event for each in fake.told}


def _in_order(name: str, events: Sequence[tuple[str, Mapping[str, Any]]]) -> dict[tuple[str, str], Any]:
    by_key: defaultdict[tuple[str, str], dict[str, Any]] = defaultdict(dict)
    for key, event in events:
        by_key[name, key].setdefault(event["id"], event)
    return {place: [*each.values()] for place, each in by_key.items()}
