"""What outlets must have been told of what was put, whatever went wrong; and what they must never have been told of."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from pipeline.testing.mapping.outlets import in_effect
from tests.simulation.kinds import GOOD
from tests.simulation.seen import due

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.simulation.world import Fact, World

# What is a log.
LOGS = GOOD & {"log", "claimed", "log event"}


def told(world: World) -> Iterator[str]:
    """Every outlet is told of every good log, and of nothing else: of no dead letter, of nothing that was dropped."""
    good = {fact.event_id for fact in world.facts if fact.put.kind in LOGS}
    needed = {fact.event_id for fact in due(world) if fact.put.kind in LOGS}
    for outlet in (world.bus, world.topic, world.queue):
        ids = {each.id for each in outlet.told}
        yield from (f"{outlet.name} was not told of {event_id}" for event_id in sorted(needed - ids))
        yield from (f"{outlet.name} was told of {event_id}" for event_id in sorted(ids - good))


def told_in_order(world: World) -> Iterator[str]:
    """A FIFO queue is told in order of each key, the first of each id counted.

    Not where a key's events came by several partition keys, as log events do, whose key is their log group; or were
    given up and put again.
    """
    facts: defaultdict[str, list[Fact]] = defaultdict(list)
    for fact in world.facts:
        if fact.put.kind in LOGS:
            facts[fact.put.key].append(fact)
    if any(each.records_given_up() or each.filtered for each in world.simulators.values()):
        return
    for (_, key), events in in_effect("queue", world.queue).items():
        if facts[key] and all(fact.record.key == key for fact in facts[key]):
            put = list(dict.fromkeys(fact.event_id for fact in facts[key]))
            ids = [each["id"] for each in events]
            if ids != [each for each in put if each in ids]:
                yield f"of {key}: {ids}, not {put}"
