"""An event source mapping: it reads a stream, calls a handler, and does with the answer what Lambda does.

Nothing here knows real time, threads or sockets: the same source, settings, handler and seed give the same run. One
delivery runs at a time; which lane is next, of those that are due, is drawn.

    clock = Clock()
    source = KinesisSource(clock)
    simulator = Simulator(source, EventSourceMapping(batch_size=10), handler, clock)
    source.put("key", b"data")
    simulator.run()
"""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Any, NamedTuple

import orjson

from pipeline.testing.mapping.answers import WHOLE_BATCH, first_failure
from pipeline.testing.mapping.clock import Clock, FunctionDied, TimedOut
from pipeline.testing.mapping.destination import EXHAUSTED, FUNCTION_ARN, TOO_OLD, GivenUp, OnFailure
from pipeline.testing.mapping.poller import MAX_BATCH_BYTES, Lane, Piece, Poller

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from pipeline.testing.mapping.settings import EventSourceMapping
    from pipeline.testing.mapping.stream import Source, StreamRecord

    type Handler = Callable[[Mapping[str, Any], Context], Any]


class Throttled(Exception):
    """For a handler that stands for Lambda's own refusal: the function was not reached, and no attempt is counted."""


class Restless(Exception):
    """The mapping did not come to rest: the handler fails for ever, or never gets on."""


class Outcome(StrEnum):
    """How an invocation ended."""

    SUCCEEDED = "succeeded"
    PARTLY_FAILED = "partly failed"
    FAILED = "failed"
    RAISED = "raised"
    TIMED_OUT = "timed out"
    THROTTLED = "throttled"


class Invocation(NamedTuple):
    """One invocation, for a test to look at."""

    shard: str
    lane: int
    sequence_numbers: tuple[int, ...]
    outcome: Outcome


@dataclass(frozen=True)
class Context:
    """As much of a Lambda context as a function needs; its time is the clock's."""

    clock: Clock
    deadline_at: float
    aws_request_id: str = "00000000-0000-4000-8000-000000000000"
    function_name: str = "consumer"
    function_version: str = "$LATEST"
    invoked_function_arn: str = FUNCTION_ARN
    memory_limit_in_mb: int = 1769

    def get_remaining_time_in_millis(self) -> int:
        """Milliseconds until the function is ended."""
        return max(0, int((self.deadline_at - self.clock.now()) * 1000))


@dataclass
class Simulator:
    """An event source mapping at work.

    Args:
        handler: the function: `(event, context)` to an answer.
        chance: draws which lane is next.
        on_failure: what was given up, and where it was written.
        most_invocations: how many there may be before it is called restless.
    """

    source: Source
    mapping: EventSourceMapping
    handler: Handler
    clock: Clock
    chance: random.Random = field(default_factory=lambda: random.Random(0))  # noqa: S311 - repeatable on purpose
    on_failure: OnFailure = field(init=False)
    invocations: list[Invocation] = field(default_factory=list)
    filtered: list[StreamRecord] = field(default_factory=list)
    most_invocations: int = 10_000
    _pollers: dict[str, Poller] = field(default_factory=dict)
    _start: int = field(init=False)

    def __post_init__(self) -> None:
        self.on_failure = OnFailure(self.mapping)
        self._start = self.source.next_number - 1 if self.mapping.starting_position == "LATEST" else -1

    def run(self, until: float | None = None) -> None:
        """Deliver until nothing is left to deliver, or up to that time. Raises Restless."""
        while (lane := self._next_lane(until)) is not None:
            if len(self.invocations) >= self.most_invocations:
                raise Restless(f"{len(self.invocations)} invocations, and {lane.shard} is not done")
            self._deliver(lane)
        if until is not None:
            self.clock.wait_until(until)

    def restart(self, *, from_horizon: bool = False) -> None:
        """Begin anew: at the checkpoints, as after an iterator was lost; or with everything that can still be read."""
        if from_horizon:
            self._pollers.clear()
            self._start = -1
        for name, poller in self._pollers.items():
            self._pollers[name] = self._poller(name, poller.checkpoint() - 1)

    def records_given_up(self) -> list[StreamRecord]:
        """What the mapping gave up, to its destination if it has one."""
        return [record for given_up in self.on_failure.given_up for record in given_up.records]

    def _next_lane(self, until: float | None) -> Lane | None:
        self.source.trim()
        lanes: list[tuple[float, Lane]] = []
        for poller in self._open_pollers():
            poller.read(self.clock.now())
            lanes += [(due_at, lane) for lane in poller.lanes if (due_at := lane.due_at()) is not None]
        first_at = min((due_at for due_at, _ in lanes), default=None)
        if first_at is None or (until is not None and max(first_at, self.clock.now()) > until):
            return None
        self.clock.wait_until(first_at)
        return self.chance.choice([lane for due_at, lane in lanes if due_at <= self.clock.now()])

    def _open_pollers(self) -> Iterator[Poller]:
        """The shards that may be read: those whose parents are done with, and that are not done with themselves."""
        for name, shard in self.source.shards.items():
            parents = [self._pollers.get(parent) for parent in shard.parents]
            if all(parent is not None and parent.is_done() for parent in parents):
                if name not in self._pollers:
                    self._pollers[name] = self._poller(name, self._start)
                yield self._pollers[name]

    def _poller(self, name: str, cursor: int) -> Poller:
        return Poller(self.source.shards[name], self.mapping, cursor, self.filtered)

    def _deliver(self, lane: Lane) -> None:
        piece = lane.piece(self.clock.now())
        self._expire(piece)
        if not piece.records:
            lane.done()
        elif piece.records[0].size_bytes > MAX_BATCH_BYTES:
            # Not proven: a record that no invocation can hold goes to the destination at once.
            self._give_up(GivenUp(piece.records, EXHAUSTED, piece.attempts))
            lane.done()
        else:
            self._invoke(lane, piece)

    def _expire(self, piece: Piece) -> None:
        old = [each for each in piece.records if self.mapping.is_too_old(self.clock.now() - each.arrived_at)]
        if old:
            piece.records = [each for each in piece.records if each not in old]
            self._give_up(GivenUp(old, TOO_OLD, piece.attempts))

    def _invoke(self, lane: Lane, piece: Piece) -> None:
        numbers, attempts = tuple(record.sequence_number for record in piece.records), piece.attempts
        outcome, place = self._call(piece.records)
        self.invocations.append(Invocation(lane.shard, lane.number, numbers, outcome))
        now = self.clock.now()
        given_up: list[StreamRecord] = []
        match outcome:
            case Outcome.SUCCEEDED:
                lane.done()
            case Outcome.THROTTLED:
                lane.wait(now)
            case Outcome.PARTLY_FAILED:
                given_up = lane.fail_from(place, now)
            case _:
                given_up = lane.fail(now)
        if given_up:
            error = "Unhandled" if outcome in {Outcome.RAISED, Outcome.TIMED_OUT} else None
            self._give_up(GivenUp(given_up, EXHAUSTED, attempts + 1, error))

    def _call(self, records: list[StreamRecord]) -> tuple[Outcome, int]:
        """How the invocation ended, and the place of the first record that failed."""
        # Through JSON, as in Lambda: what a handler does to its event is gone the next time.
        event = orjson.loads(orjson.dumps({"Records": [record.original for record in records]}))
        self.clock.deadline_at = self.clock.now() + self.mapping.timeout_seconds
        try:
            answer = self.handler(event, Context(self.clock, self.clock.deadline_at))
        except Throttled:
            return Outcome.THROTTLED, WHOLE_BATCH
        except TimedOut:
            return Outcome.TIMED_OUT, WHOLE_BATCH
        except (Exception, FunctionDied):  # noqa: BLE001 - whatever a function raises is a function error
            return Outcome.RAISED, WHOLE_BATCH
        finally:
            self.clock.deadline_at = None
        place = first_failure(answer, records, self.mapping)
        if place is None:
            return Outcome.SUCCEEDED, WHOLE_BATCH
        return (Outcome.FAILED if place == WHOLE_BATCH else Outcome.PARTLY_FAILED), place

    def _give_up(self, given_up: GivenUp) -> None:
        self.on_failure.send(given_up, self.clock.now())
