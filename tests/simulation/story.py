"""A schedule that breaks the promise, told so that a person can follow it: its seed, and what it takes at least."""

from __future__ import annotations

import random
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from pipeline.testing.mapping import Restless
from tests.simulation.promise import broken
from tests.simulation.schedules import Schedule, draw
from tests.simulation.world import World

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence


def scheduled(seed: int) -> Schedule:
    """The schedule of a seed."""
    return draw(random.Random(seed))  # noqa: S311 - the same seed, the same schedule


def problems(schedule: Schedule) -> list[str]:
    """What a run of it breaks."""
    return problems_of(World(schedule))


def problems_of(world: World) -> list[str]:
    """What a run breaks; never coming to rest is a broken promise too."""
    try:
        world.run()
    except Restless as restless:
        return [f"restless: {restless}"]
    return broken(world)


def tell(seed: int) -> str:
    """The seed, how to replay it, and the smallest schedule that breaks the same."""
    smallest = minimise(scheduled(seed))
    told = [f"seed {seed} breaks the promise; again: python -m tests.simulation --seed {seed}"]
    told += [f"  {line}" for line in problems(smallest)]
    told += [f"  {smallest.source}, {smallest.shard_count} shards, numbers from {smallest.first_number}"]
    told += [f"  {smallest.mapping}", *(f"  {action}" for action in smallest.actions)]
    told += [
        f"  {name}: {[each and each.name for each in plan]}" for name, plan in smallest.invocations.items() if plan
    ]
    told += [f"  {name}: {[each and each.name for each in plan]}" for name, plan in smallest.calls.items() if plan]
    return "\n".join(told)


def minimise(schedule: Schedule) -> Schedule:
    """The schedule without all that is not needed to break what it breaks, by the check that broke first."""
    check = _first_check(schedule)
    while True:
        smaller = next((each for each in _smaller(schedule) if _first_check(each) == check), None)
        if smaller is None:
            return schedule
        schedule = smaller


def _first_check(schedule: Schedule) -> str | None:
    found = problems(schedule)
    return found[0].partition(":")[0] if found else None


def _smaller(schedule: Schedule) -> Iterator[Schedule]:
    for name in schedule.invocations:
        for plan in _shorter(schedule.invocations[name]):
            yield replace(schedule, invocations={**schedule.invocations, name: plan})
    for name in schedule.calls:
        for calls in _shorter(schedule.calls[name]):
            yield replace(schedule, calls={**schedule.calls, name: calls})
    for actions in _without(schedule.actions):
        yield replace(schedule, actions=actions)
    plain: Mapping[str, Any] = {"filters": (), "window_seconds": 0, "parallelization_factor": 1}
    for setting, value in plain.items():
        if getattr(schedule.mapping, setting) != value:
            yield replace(schedule, mapping=replace(schedule.mapping, **{setting: value}))
    if schedule.shard_count > 1:
        yield replace(schedule, shard_count=1)


def _without[T](items: Sequence[T]) -> Iterator[Sequence[T]]:
    """With half of it, a quarter, or one less."""
    size = len(items) // 2
    while size:
        for start in range(0, len(items), size):
            yield [*items[:start], *items[start + size :]]
        size //= 2


def _shorter[F](plan: Sequence[F | None]) -> Iterator[Sequence[F | None]]:
    """Without its end, or with a fault less."""
    yield from _without(plan)
    for place, fault in enumerate(plan):
        if fault is not None:
            yield [*plan[:place], None, *plan[place + 1 :]]
