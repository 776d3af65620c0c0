"""The promise, for your own schema, routes and transforms: whatever goes wrong, the end is as if nothing had.

Records are put on a stream and delivered to the real consumer, which writes to fakes. First all goes well; then, once
for each seed, invocations and calls fail, hang, are killed or are done without an answer, batches are halved, cut and
filled up, with every unproven rule both ways. In the end the table, the archived lines, the dead letters and what the
outlets were told, one of each id, must be the same: so nothing is lost, doubled or invented. And no state may ever have
moved back.

    promise = Promise(stages, [("key", data), …])
    promise.results()              what there is when all goes well: assert here what you expect
    assert [] == promise.broken(range(200))

What the transforms do must depend on nothing but the event: no clock, no random, no counter. One event id must always
come under one partition key, and so must all events of a subject that a stream or a queue is told of; no two events may
be one version of an entity. `pipeline/testing/README.md` has a complete example.
"""

from __future__ import annotations

import random
from collections import deque
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from pipeline.testing.mapping.cloud import Cloud, Results
from pipeline.testing.mapping.draws import CALL_PLANS, LOOKUP_PLANS, draw_plan
from pipeline.testing.mapping.faults import FaultyFunction, InvocationFault
from pipeline.testing.mapping.settings import EventSourceMapping, Unproven
from pipeline.testing.mapping.simulator import Context, Restless, Simulator

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from pipeline.core.process import Stages
    from pipeline.model import Image

_TIMEOUT_SECONDS: Final = 60.0
# Two deliveries of one batch at a time are what the archive does not stand (see the README).
_AT_ONCE: Final = (InvocationFault.STALE, InvocationFault.LEFT_BEHIND)
# How many keys a call leaves unprocessed, at most those that it has.
_LEFT_KEYS: Final = (0, 0, 1, 2, 100)
_FAULTS: Final[list[InvocationFault]] = [fault for fault in InvocationFault if fault not in _AT_ONCE]


@dataclass
class Promise:
    """Stages, and the records to try them on.

    Args:
        puts: partition key and data of each record, in the order in which they lie in the one shard.
        refused: partition keys of items (`event#<id>`, `entity#<subject>`) that the table never takes.
        rows: those of the reference table that lookups find, by the name of the lookup and the key.
        objects: those below `reference/` that lookups find, by name.
    """

    stages: Stages
    puts: Sequence[tuple[str, bytes]]
    refused: frozenset[str] = frozenset()
    rows: Mapping[tuple[str, str], Image] = field(default_factory=dict)
    objects: Mapping[str, bytes] = field(default_factory=dict)
    _results: Results | None = field(default=None, init=False)

    def results(self) -> Results:
        """What there is when all goes well and all records are one batch.

        Raises what the consumer raises, such as BugFlood when most of the records hit a bug.
        """
        if self._results is None:
            cloud = self._cloud(Cloud())
            context = Context(cloud.clock, cloud.clock.now() + _TIMEOUT_SECONDS)
            event = {"Records": [record.original for record in cloud.stream.records()]}
            with cloud:
                answer = cloud.handler(self.stages)(event, context)
            if answer != {"batchItemFailures": []}:
                raise AssertionError(f"without any fault, the consumer answered {answer}")
            self._results = cloud.results()
        return self._results

    def broken(self, seeds: Iterable[int]) -> list[str]:
        """A line for each thing that is not as it should be, with its seed; none when the promise is kept."""
        return [f"seed {seed}: {line}" for seed in seeds for line in self._broken(seed)]

    def _broken(self, seed: int) -> Iterator[str]:
        chance = random.Random(seed)  # noqa: S311 - the same seed, the same faults
        plans = {name: deque(draw_plan(chance, faults, 40, 0.25)) for name, faults in CALL_PLANS.items()}
        if self.rows or self.objects:
            plans |= {name: deque(draw_plan(chance, faults, 40, 0.25)) for name, faults in LOOKUP_PLANS.items()}
        cloud = self._cloud(Cloud(seed, plans))
        cloud.rows.unprocessed = [chance.choice(_LEFT_KEYS) for _ in self.rows]
        plan = deque(draw_plan(chance, _FAULTS, 12, 0.3))
        function = FaultyFunction(cloud.handler(self.stages), cloud.clock, plan, cloud.met)
        simulator = Simulator(cloud.stream, draw_mapping(chance), function, cloud.clock, cloud.chance)
        try:
            with cloud:
                simulator.run()
        except Restless as restless:
            yield f"never done: {restless}"
            return
        yield from _differences(self.results(), cloud.results())
        yield from (f"moved back: {each}" for each in cloud.moved_back())

    def _cloud(self, cloud: Cloud) -> Cloud:
        cloud.table.invalid = self.refused
        for (name, key), item in self.rows.items():
            cloud.rows.items[name, key] = {"lookup": {"S": name}, "key": {"S": key}, **item}
        for name, content in self.objects.items():
            cloud.s3.buckets["files"][f"reference/{name}"] = content
        for key, data in self.puts:
            cloud.stream.put(key, data)
        return cloud


def draw_mapping(chance: random.Random) -> EventSourceMapping:
    """A mapping that never gives a record up."""
    return EventSourceMapping(
        batch_size=chance.choice([1, 2, 3, 5, 10, 40, 100]),
        window_seconds=chance.choice([0, 1, 5]),
        parallelization_factor=chance.choice([1, 1, 2, 10]),
        bisects_on_error=chance.random() < 0.5,  # noqa: PLR2004 - one in two
        unproven=Unproven(*(chance.random() < 0.5 for _ in range(6))),  # noqa: PLR2004 - the same
    )


def _differences(expected: Results, actual: Results) -> Iterator[str]:
    for what, must_be, is_so in (
        ("item", expected.items, actual.items),
        ("dead letter", expected.dead_letters, actual.dead_letters),
        ("notice", expected.told, actual.told),
        ("line", _by_place(expected), _by_place(actual)),
    ):
        yield from (f"lost: {what} {key}" for key in sorted(must_be.keys() - is_so.keys()))
        yield from (f"invented: {what} {key}" for key in sorted(is_so.keys() - must_be.keys()))
        for key in sorted(must_be.keys() & is_so.keys()):
            if must_be[key] != is_so[key]:
                yield f"changed: {what} {key}: {is_so[key]}, not {must_be[key]}"


def _by_place(results: Results) -> dict[Any, Any]:
    """Lines by position and id, and for each whether it is there more than once."""
    lines: dict[Any, Any] = {}
    for line in results.lines():
        lines.setdefault((line["position"], line["id"]), []).append(line)
    return lines
