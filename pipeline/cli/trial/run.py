"""Records → what would become of each, by the very stages of the functions `process` and `relay_changes`."""

from __future__ import annotations

import time
from collections import defaultdict
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from msgspec.structs import replace as replace_struct

from pipeline.cli.trial.facts import Known
from pipeline.cli.trial.outcome import Outcome
from pipeline.cli.trial.trace import trace
from pipeline.core.process import as_it_is, finish, prepare
from pipeline.model import Stage, Unavailable

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from pipeline.cli.trial.given import Given
    from pipeline.cli.trial.trace import Step
    from pipeline.core.process import Stages
    from pipeline.model import DeadLetter, Event, Facts, Position, Prepared, Record, Want


@dataclass
class Ended:
    """How the records of a chunk end: the events that are delivered, dead letters, what waits for which facts."""

    letters: dict[Position, DeadLetter]
    after: defaultdict[Position, list[Event]] = field(default_factory=lambda: defaultdict(list))
    waiting: dict[Position, Sequence[Want]] = field(default_factory=dict)
    nowhere: set[Position] = field(default_factory=set)


@dataclass
class Trial:
    """Runs records.

    Args:
        process: the stages of records of Kinesis.
        relay: those of records of DynamoDB Streams.
        skip: told of a record that cannot be run, and why.
        known: the facts that there are.
        now: a clock, in seconds.
        seconds: spent in the stages so far.
    """

    process: Stages
    relay: Stages
    skip: Callable[[Given, str], None]
    known: Known = field(default_factory=Known)
    now: Callable[[], float] = time.perf_counter
    seconds: float = 0.0
    _decoded: dict[Position, Event] = field(default_factory=dict)
    _only: dict[Position, int] = field(default_factory=dict)

    def run(self, chunk: Sequence[Given]) -> Iterator[Outcome]:
        """What would become of each record, in order; all are for one function, and no position is there twice."""
        unread = [each.record for each in chunk]
        stages = self._listening(self._stages(unread[0]))
        given = {each.record.position: each for each in chunk}
        self._only = {each.record.position: each.only for each in chunk if each.only is not None}
        while unread:
            self._decoded.clear()
            began = self.now()
            prepared = prepare(unread, stages)
            facts = self.known.of(prepared.wants)
            ended = self._finish(prepared, facts, stages)
            self.seconds += self.now() - began
            yield from self._outcomes(prepared, ended, given)
            unread = list(prepared.unread)

    def steps(self, outcome: Outcome) -> list[Step]:
        """What each stage did to it; none to what could not be unpacked."""
        letter = outcome.letter
        if letter is not None and letter.stage is Stage.UNPACK:
            return []
        return trace(outcome.record, self._stages(outcome.record), self.known)

    def _finish(self, prepared: Prepared, facts: Facts, stages: Stages) -> Ended:
        """How all of them end: one that waits for a fact keeps none waiting behind it here."""
        ended = Ended({each.record.position: each for each in prepared.dead_letters})
        left = list(prepared.events)
        while True:
            processed = finish(
                replace_struct(prepared, events=left, dead_letters=()), facts, _spied(stages, ended.after)
            )
            ended.letters |= {each.record.position: each for each in processed.dead_letters}
            ended.nowhere |= processed.dropped
            waiting = processed.unfinished
            if waiting is None:
                return ended
            own = [event for record, event in left if record.position == waiting]
            wants = dict.fromkeys(want for event in own for want in stages.routes[event.type].wants(event))
            ended.waiting[waiting] = [want for want in wants if isinstance(facts.get(want), Unavailable)]
            ended.after[waiting] = []
            left = left[max(place for place, (record, _) in enumerate(left) if record.position == waiting) + 1 :]

    def _listening(self, stages: Stages) -> Stages:
        """The same stages, that say what they decode, and unpack no more than is asked for."""

        def decode(record: Record) -> Event:
            event = self._decoded[record.position] = stages.decode(record)
            return event

        def unpack(record: Record) -> Sequence[Record]:
            found = stages.unpack(record)
            number = self._only.get(record.position)
            return [each for each in found if each.position.sub_sequence_number == number] or found

        return replace(stages, decode=decode, unpack=as_it_is if stages.unpack is as_it_is else unpack)

    def _stages(self, record: Record) -> Stages:
        return self.process if "kinesis" in record.original else self.relay

    def _outcomes(self, prepared: Prepared, ended: Ended, given: dict[Position, Given]) -> Iterator[Outcome]:
        for record in prepared.records:
            position = record.position
            source = given[position._replace(sub_sequence_number=0)]
            before, letter = self._decoded.get(position), ended.letters.get(position)
            if before is not None and before.dataref is not None:
                self.skip(source, f"its data lie in S3 ({before.dataref}), and nothing is fetched here")
                continue
            is_packed = record.data is not None and source.record.data is None
            outcome = Outcome(
                file=source.file,
                line=source.line,
                record=record,
                before=before,
                after=() if letter or position in ended.nowhere else ended.after[position],
                letter=letter,
                waits_for=ended.waiting.get(position, ()),
                user_record=position.sub_sequence_number if is_packed else None,
                was=source.was,
            )
            yield outcome if outcome.after or outcome.waits_for else replace(outcome, by=self._by(outcome))

    def _by(self, outcome: Outcome) -> str | None:
        """Which transform or destination ended its way."""
        letter = outcome.letter
        if outcome.before is None or (letter and letter.stage not in {Stage.TRANSFORM, Stage.ENRICH, Stage.ROUTE}):
            return None
        steps = self.steps(outcome)
        ended = [each for each in steps if each.is_failed] or [each for each in steps if not each.after]
        return ended[-1].name if ended else None


def _spied(stages: Stages, after: Mapping[Position, list[Event]]) -> Stages:
    """The same stages, that say which events come to the destinations."""

    def spy(record: Record, event: Event) -> None:
        after[record.position].append(event)

    routes = {name: replace(route, destinations=(spy, *route.destinations)) for name, route in stages.routes.items()}
    return replace(stages, routes=routes)
