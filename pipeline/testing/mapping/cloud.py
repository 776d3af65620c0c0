"""Everything behind a consumer, in memory and in virtual time: a stream, a table, an archive, dead letters.

The consumer and its sinks are the real ones; only their clients, clock and jitter are of here. So what a test sees is
what the code does, and the same seed does the same again.

    cloud = Cloud()
    cloud.stream.put("key", data)
    simulator = Simulator(cloud.stream, EventSourceMapping(), cloud.handler(stages), cloud.clock, cloud.chance)
    with cloud:
        simulator.run()
    cloud.results()
"""

from __future__ import annotations

import random
from collections import Counter
from contextlib import ExitStack
from copy import replace
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple, Self, cast

from pipeline.aws.backoff import Backoff
from pipeline.aws.claims import ClaimsBucket
from pipeline.aws.dynamodb import ItemSink, StateSink
from pipeline.aws.kinesis import KinesisStream
from pipeline.aws.lookups.file import ReferenceFiles
from pipeline.aws.lookups.rows import ObjectRows
from pipeline.aws.lookups.table import ReferenceTable
from pipeline.aws.lookups.together import Together
from pipeline.aws.s3 import ArchiveSink, DeadLetterBucket, archived, dead_letters
from pipeline.consumer import Consumer
from pipeline.lookups import row, table
from pipeline.model import Entry, Item, Line, State
from pipeline.producer import KinesisSink
from pipeline.testing.dynamodb import FakeDynamoDB
from pipeline.testing.mapping.clients import StreamClient
from pipeline.testing.mapping.clock import Clock
from pipeline.testing.mapping.faults import FaultyClient
from pipeline.testing.mapping.outlets import Outlets
from pipeline.testing.mapping.stream import KinesisSource
from pipeline.testing.mapping.threads import in_one_thread
from pipeline.testing.s3 import FakeS3

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from pipeline.aws.lookups.kind import Kind
    from pipeline.core.process import Stages
    from pipeline.model import Delivery, Image, Ledger
    from pipeline.ports import Report, Sink
    from pipeline.testing.mapping.faults import Around, Met, Plans
    from pipeline.testing.mapping.outlets import Told
    from pipeline.testing.mapping.simulator import Context, Handler


class Results(NamedTuple):
    """What is there in the end.

    Args:
        items: the table's, by partition key and sort key.
        objects: the lines of each archive object, by its key.
        dead_letters: by key.
        told: what the outlets were told in effect, by outlet and key, or id where there is no order.
    """

    items: Mapping[tuple[str, str], Image]
    objects: Mapping[str, list[dict[str, Any]]]
    dead_letters: Mapping[str, dict[str, Any]]
    told: Told

    def lines(self) -> list[dict[str, Any]]:
        """The archived lines, whatever objects they lie in, by position."""
        lines = [line for each in self.objects.values() for line in each]
        return sorted(lines, key=lambda line: [line["position"].split("/")[:2], *_numbers(line["position"])])


def _numbers(position: str) -> list[int]:
    return [int(number) for number in position.split("/")[2:]]


class Watched(dict[Any, Any]):
    """The items of a table, which notes every state that moves back."""

    def __init__(self) -> None:
        super().__init__()
        self.moved_back: list[str] = []

    def __setitem__(self, key: Any, item: Any) -> None:  # noqa: ANN401 - an item
        if key[1] == "state" and key in self:
            before, after = self[key]["version"]["S"], item["version"]["S"]
            if after < before:
                self.moved_back.append(f"{key[0]}: {before} to {after}")
        super().__setitem__(key, item)


@dataclass
class Ledgers:
    """Report: keeps the counts of every batch."""

    kept: list[Ledger] = field(default_factory=list)

    def batch(self, ledger: Ledger, **_: object) -> None:
        """Keep them."""
        self.kept.append(ledger)

    def facts(self, **_: object) -> None:
        """What was looked up is not kept."""


@dataclass
class Cloud:
    """A stream `events`, a table, the buckets `archive`, `dead` and `claims`, outlets, and consumers of the stream.

    Facts are looked up in the table `rows`, and in objects of the bucket `files`, anew each second.

    Args:
        seed: decides the jitter, and in which order threads run.
        plans: what goes wrong with the next calls, under the names of `CALL_PLANS`.
        around: stands around every call of a consumer.
        met: the faults that were met.
    """

    seed: int = 0
    plans: Plans = field(default_factory=dict)
    around: Around | None = None
    met: Met = field(default_factory=Counter)
    clock: Clock = field(default_factory=Clock)
    ledgers: Ledgers = field(default_factory=Ledgers)

    def __post_init__(self) -> None:
        self.chance = random.Random(self.seed)  # noqa: S311 - the same seed, the same run
        self.table = FakeDynamoDB(items=Watched())
        self.rows = FakeDynamoDB("rows", ("lookup", "key"))
        self.s3 = FakeS3({"archive": {}, "dead": {}, "claims": {}, "files": {}})
        self.stream = KinesisSource(self.clock)
        self.outlets = Outlets(self.clock)
        self._threads = ExitStack()

    def __enter__(self) -> Self:
        """From now on, the threads of sinks are run one after the other, in an order that the seed draws."""
        self._threads.enter_context(in_one_thread(self.chance))
        return self

    def __exit__(self, *_: object) -> None:
        self._threads.close()

    def consumer(self, stages: Stages) -> Consumer:
        """A consumer with these stages, and a sink for every kind of delivery."""
        dynamodb, s3 = self._client(self.table, "dynamodb", "dynamodb"), self._client(self.s3, "s3")
        kinesis = self._client(StreamClient(self.stream), "kinesis", "kinesis")
        claims = ClaimsBucket(s3, "claims")
        sinks: dict[type[Delivery], Sink[Any]] = {
            Item: ItemSink(dynamodb, self.table.table),
            State: StateSink(dynamodb, self.table.table),
            Entry: KinesisSink(KinesisStream(kinesis, "events"), claims=claims),
            Line: ArchiveSink(s3, "archive"),
        }
        dead = DeadLetterBucket(s3, "dead", "process")
        outlets = self.outlets.sinks(stages, lambda fake, service: self._client(fake, service, service))
        consumer = Consumer(
            stages, sinks, dead, self.ledgers, self.clock.wall, self._lookup(s3), claims=claims, outlets=outlets
        )
        return in_virtual_time(
            consumer, self.ledgers, now=self.clock.wall, sleep=self.clock.spend, draw=self.chance.random
        )

    def _lookup(self, s3: Any) -> Together:  # noqa: ANN401 - any client
        now, backoff = self.clock.now, Backoff(draw=self.chance.random, sleep=self.clock.spend)
        rows = self._client(self.rows, "dynamodb", "rows")
        kinds: dict[str, Kind] = {
            table.KIND: ReferenceTable(rows, self.rows.table, now, 1.0, backoff),
            row.KIND: ObjectRows(ReferenceFiles(s3, "files", now, 1.0, backoff)),
        }
        return Together(kinds, self.ledgers, now)

    def handler(self, stages: Stages) -> Handler:
        """The handler of a function with these stages."""
        return handler_of(self.consumer(stages))

    def moved_back(self) -> list[str]:
        """The states that were replaced by older ones."""
        items = self.table.items
        if not isinstance(items, Watched):
            raise TypeError("the items of the table were exchanged, so nobody watched them")
        return items.moved_back

    def results(self) -> Results:
        """What is there now."""
        s3 = cast("Any", self.s3)
        return Results(
            dict(self.table.items),
            {key: lines for key, _, lines in archived(s3, "archive")},
            dict(dead_letters(s3, "dead")),
            self.outlets.told(),
        )

    def _client(self, fake: object, service: str, plan: str | None = None) -> Any:  # noqa: ANN401 - any client
        # An S3 object lies under the name of its plan: archive/…, dead-letters/… or claims/…
        def plan_of(given: Mapping[str, Any]) -> str:
            return plan or str(given["Key"]).split("/")[0]

        return FaultyClient(fake, service, self.clock, self.plans, self.met, plan_of, self.around)


def handler_of(consumer: Consumer) -> Handler:
    """A consumer as a function's handler, as `pipeline.functions` has it."""

    def handle(event: Mapping[str, Any], context: Context) -> Any:  # noqa: ANN401 - JSON
        return consumer.consume(event, lambda: context.get_remaining_time_in_millis() / 1000)

    return handle


def in_virtual_time(
    consumer: Consumer,
    report: Report,
    *,
    now: Callable[[], float],
    sleep: Callable[[float], None],
    draw: Callable[[], float],
) -> Consumer:
    """The consumer with another report, wall clock (epoch seconds), wait and jitter (0 to 1), in all of its parts."""

    def patient(part: Any) -> Any:  # noqa: ANN401 - any sink or source
        if hasattr(part, "backoff"):
            return replace(part, backoff=replace(part.backoff, draw=draw, sleep=sleep))
        if hasattr(part, "pace"):
            return replace(part, pace=replace(part.pace, jitter=draw, sleep=sleep))
        return part

    return replace(
        consumer,
        sinks={kind: patient(sink) for kind, sink in consumer.sinks.items()},
        dead_letters=patient(consumer.dead_letters),
        claims=patient(consumer.claims),
        outlets={name: patient(outlet) for name, outlet in consumer.outlets.items()},
        report=report,
        now=now,
    )
