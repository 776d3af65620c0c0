"""One run of a schedule: the real consumers on fakes that fail as planned, behind a simulated mapping.

kinesis   stream ─▶ process ─▶ table, archive, dead letters
table     streams of two tables ─▶ relay_changes ─▶ stream ─▶ process ─▶ the same
"""

from __future__ import annotations

import random
from collections import Counter, deque
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import orjson

from pipeline.core.decode import decode
from pipeline.core.dynamodb_destination import version_of
from pipeline.core.records import read
from pipeline.testing.dynamodb import FakeDynamoDB
from pipeline.testing.lambda_events import aggregate
from pipeline.testing.mapping import Clock, KinesisSource, Outcome, Simulator
from pipeline.testing.mapping.clients import StreamClient
from pipeline.testing.mapping.cloud import Watched
from pipeline.testing.mapping.faults import FaultyClient, FaultyFunction
from pipeline.testing.mapping.threads import in_one_thread
from pipeline.testing.mapping.zombies import Zombies
from pipeline.testing.outlets import FakeBus, FakeQueue, FakeTopic
from pipeline.testing.s3 import FakeS3
from tests.simulation import kinds
from tests.simulation.functions import handler, running
from tests.simulation.schedules import Put, Reshard, Restart, Schedule, Wait
from tests.simulation.tables import Tables

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pipeline.model import Ledger
    from pipeline.testing.mapping import EventSourceMapping, Source, StreamRecord
    from pipeline.testing.mapping.faults import CallFault
    from tests.simulation.schedules import Action

MOST_INVOCATIONS = 3000


@dataclass(frozen=True)
class Fact:
    """A record that was put, or a user record or log event in it, and what is known of it.

    `version` is a change's, as a number.
    """

    put: Put
    record: StreamRecord
    event_id: str
    sub_sequence_number: int = 0
    version: int = 0


class World:
    """A run, and all that can be seen of it.

    `facts` are the records of the first stream; `rewinds` says that batches began at points never used before.
    """

    def __init__(self, schedule: Schedule) -> None:
        self.schedule = schedule
        self.clock = Clock()
        self.chance = random.Random(schedule.seed)  # noqa: S311 - the same seed, the same run
        self.met: Counter[str] = Counter()
        self.ledgers: list[Ledger] = []
        self.facts: list[Fact] = []
        self.rewinds = False
        self.table = FakeDynamoDB(items=Watched(), invalid=frozenset(f"event#refused-{n}" for n in range(2000)))
        self.s3 = FakeS3({"archive": {}, "dead": {}, "claims": dict(kinds.LEFT)})
        self.stream = self._stream()
        self.tables = Tables(self.clock)
        self.bus = FakeBus("ResultsBus", now=self.clock.now)
        self.topic = FakeTopic("AlertsTopic", now=self.clock.now)
        self.queue = FakeQueue("ObjectsQueue.fifo", now=self.clock.now)
        self.zombies = Zombies(self.clock, self.chance)
        self.clients = self._clients()
        self.simulators = self._simulators()

    def run(self) -> World:
        """From the first action until nothing is left to deliver."""
        running.append(self)
        try:
            with in_one_thread(self.chance):
                for action in self.schedule.actions:
                    self._act(action)
                for simulator in self.simulators.values():
                    simulator.run()
                    self.met += met_by(simulator)
                self.zombies.finish()
                for simulator in self.simulators.values():
                    simulator.run()
        finally:
            self.zombies.bury()
            running.pop()
        return self

    def _stream(self) -> KinesisSource:
        if self.schedule.source == "table":
            return KinesisSource(self.clock, shard_count=self.schedule.shard_count)
        return KinesisSource(self.clock, next_number=self.schedule.first_number, shard_count=self.schedule.shard_count)

    def _clients(self) -> dict[str, FaultyClient]:
        plans: dict[str, deque[CallFault | None]] = {name: deque(plan) for name, plan in self.schedule.calls.items()}

        def client(fake: object, service: str, plan: str | None = None) -> FaultyClient:
            # An S3 object lies under the name of its plan: archive/…, dead-letters/… or claims/…
            def plan_of(given: Mapping[str, Any]) -> str:
                folder = plan or str(given["Key"]).split("/")[0]
                return "leave" if folder == "claims" and "Body" in given else folder

            return FaultyClient(fake, service, self.clock, plans, self.met, plan_of, self.zombies)

        return {
            "dynamodb": client(self.table, "dynamodb", "dynamodb"),
            "s3": client(self.s3, "s3"),
            "kinesis": client(StreamClient(self.stream), "kinesis", "kinesis"),
            "events": client(self.bus, "events", "events"),
            "sns": client(self.topic, "sns", "sns"),
            "sqs": client(self.queue, "sqs", "sqs"),
        }

    def _simulators(self) -> dict[str, Simulator]:
        mapping = self.schedule.mapping
        if self.schedule.source == "kinesis":
            return {"process": self._simulator(self.stream, mapping, self._function("process"))}
        relay = self._function("relay_changes")
        process = self._simulator(self.stream, replace(mapping, filters=()), self._function("process"))
        relays = {name: self._simulator(source, mapping, relay) for name, source in self.tables.sources.items()}
        return {**relays, "process": process}

    def _function(self, name: str) -> FaultyFunction:
        plan = deque(self.schedule.invocations.get(name, ()))
        return FaultyFunction(handler(name), self.clock, plan, self.met, self.zombies)

    def _simulator(self, source: Source, mapping: EventSourceMapping, function: FaultyFunction) -> Simulator:
        return Simulator(source, mapping, function, self.clock, self.chance, most_invocations=MOST_INVOCATIONS)

    def _act(self, action: Action) -> None:
        match action:
            case Put():
                self._put(action)
            case Wait(seconds):
                until = self.clock.now() + seconds
                for simulator in self.simulators.values():
                    simulator.run(until)
            case Reshard(how, which):
                self._reshard(how, which)
            case Restart(from_horizon):
                self.rewinds = True
                self.met["restart from the horizon" if from_horizon else "restart from the checkpoint"] += 1
                for simulator in self.simulators.values():
                    simulator.restart(from_horizon=from_horizon)

    def _reshard(self, how: str, which: int) -> None:
        if how in {"roll", "part"}:
            source = [*self.tables.sources.values()][which]
            if how == "roll":
                source.roll()
            else:
                source.split(source.open_shards()[0].name)
        else:
            shards = sorted(self.stream.open_shards(), key=lambda shard: shard.start)
            if how == "split":
                self.stream.split(shards[which % len(shards)].name)
            elif len(shards) > 1:
                place = which % (len(shards) - 1)
                self.stream.merge(shards[place].name, shards[place + 1].name)
            else:
                return
        self.met[how] += 1

    def _put(self, put: Put) -> None:
        number = len(self.facts)
        if put.table:
            record = self.tables.put(put, number)
            self.facts.append(Fact(put, record, record.original["eventID"]))
            self.met[f"a change: {put.kind}"] += 1
        elif put.kind == "again":
            self._put_again(number)
        elif put.parts:
            self._put_several(put, number)
        else:
            self._put_one(put, f"{put.kind}-{number}")
            self.met[f"a record: {put.kind}"] += 1

    def _put_one(self, put: Put, event_id: str) -> None:
        self._leave(put, event_id)
        record = self.stream.put(put.key, content(put, event_id))
        version = put.version
        if put.kind == "table change":
            event = decode(*read({"Records": [record.original]}))
            event_id, version = event.id, int(version_of(kinds.CREATED_AT + put.version, str(record.sequence_number)))
        self.facts.append(Fact(put, record, event_id, version=version))

    def _put_several(self, put: Put, first: int) -> None:
        ids = [f"{part.kind}-{first + place}" for place, part in enumerate(put.parts)]
        contents = list(zip(put.parts, ids, strict=True))
        is_aggregate = put.kind == "aggregate"
        if is_aggregate:
            for part, each in contents:
                self._leave(part, each)
            data = aggregate(*(content(part, each) for part, each in contents))
        else:
            data = kinds.subscription(
                *(("" if part.kind in kinds.POISON else each, part.hour) for part, each in contents)
            )
        record = self.stream.put(put.key, data)
        for place, (part, event_id) in enumerate(contents):
            self.facts.append(Fact(part, record, event_id, place, part.version))
            self.met[f"{'a user record' if is_aggregate else 'of a subscription'}: {part.kind}"] += 1
        self.met["an aggregate" if is_aggregate else "a subscription"] += 1

    def _leave(self, put: Put, event_id: str) -> None:
        """What a producer does before it puts a claimed event."""
        if put.kind == "claimed":
            left = kinds.claimed(event_id, put.key, put.hour)
            self.s3.buckets["claims"][left.claim.key] = left.body

    def _put_again(self, number: int) -> None:
        """A good record once more: its producer did not hear that it was accepted."""
        good = [fact for fact in self.facts if fact.put.kind in kinds.GOOD]
        if good:
            self.met["the same event is put twice"] += 1
            fact = good[number % len(good)]
            self._put_one(fact.put, fact.event_id)


def met_by(simulator: Simulator) -> Counter[str]:
    """What became of batches: given up, halved, cut, cut and filled up again, in several lanes, filtered."""
    met = Counter[str](given_up.condition for given_up in simulator.on_failure.given_up)
    mapping = simulator.mapping
    for each in simulator.invocations:
        met["several lanes"] += each.lane > 0
        if each.outcome is Outcome.PARTLY_FAILED:
            met["cut at a record, and filled up" if mapping.unproven.refills else "cut at a record"] += 1
        elif each.outcome in {Outcome.RAISED, Outcome.TIMED_OUT} and len(each.sequence_numbers) > 1:
            met["halved" if mapping.bisects_on_error else "a whole batch again"] += 1
    met["filtered"] += len(simulator.filtered)
    return +met


def content(put: Put, event_id: str) -> bytes:
    """The bytes of a record."""
    match put.kind:
        case "change":
            return orjson.dumps(kinds.change(event_id, put.key, put.hour, put.version, is_delete=put.is_delete))
        case "table change":
            return kinds.by_destination(put.key, put.version, is_delete=put.is_delete)
        case "log event":
            return kinds.subscription((event_id, put.hour))
        case kind if kind in kinds.POISON:
            return kinds.POISON[kind][0]
        case kind if kind in kinds.ON_PURPOSE:
            return kinds.ON_PURPOSE[kind]
    severity = {"severity_number": 1} if put.kind == "dropped" else {}
    event = kinds.log(event_id, put.key, put.hour, **severity)
    return orjson.dumps(kinds.claimed(event_id, put.key, put.hour).envelope if put.kind == "claimed" else event)
