"""Schedules: everything that happens in one run, as plain data drawn from a random.Random.

The same draws make the same schedule, and the same schedule makes the same run.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Final, Literal

from pipeline.testing.lambda_events import FIRST_SEQUENCE_NUMBER
from pipeline.testing.mapping import FOREVER, EventSourceMapping, Unproven
from pipeline.testing.mapping.draws import CALL_PLANS, draw_plan
from pipeline.testing.mapping.faults import InvocationFault
from tests.simulation import tables
from tests.simulation.kinds import CHANGES, POISON

if TYPE_CHECKING:
    import random
    from collections.abc import Mapping, Sequence

    from pipeline.testing.mapping.faults import CallFault

HOURS: Final = ("10", "11", "12")
ENTITIES: Final = ("a", "b", "c", "d")
FILTERS: Final[Mapping[str, Mapping[str, Any]]] = {
    "kinesis": {"partitionKey": [{"anything-but": ["orders/a", "log-a"]}]},
    "table": {"eventName": [{"anything-but": ["REMOVE"]}]},
}
_SHARES: Final = {
    "log": 16,
    "claimed": 6,
    "change": 16,
    "table change": 4,
    "again": 6,
    "dropped": 4,
    "control": 1,
    "no log events": 1,
    "refused": 2,
    "poison": 8,
}
# What is no user record of an aggregate.
_WHOLE_RECORDS: Final = {"again", "table change", "control", "no log events"}
# To leave a claim is another call than to fetch it.
PLANS: Final = {**CALL_PLANS, "leave": CALL_PLANS["claims"]}
FUNCTIONS: Final = ("process", "relay_changes")


@dataclass(frozen=True)
class Put:
    """Put a record: `kind` is one of `kinds`, refused, again, or an aggregate or subscription of `parts`.

    With a `table` it is a write to that: `kind` is one of `tables`.
    """

    kind: str
    key: str = ""
    hour: str = "10"
    version: int = 0
    is_delete: bool = False
    parts: tuple[Put, ...] = ()
    table: str = ""


@dataclass(frozen=True)
class Wait:
    """Let time pass, and the mapping work."""

    seconds: float


@dataclass(frozen=True)
class Reshard:
    """Split an open shard of the stream, or merge two; let one of a table's stream go on in a child, or in two."""

    how: Literal["split", "merge", "roll", "part"]
    which: int = 0


@dataclass(frozen=True)
class Restart:
    """Begin at the checkpoint again, or with everything there is."""

    from_horizon: bool


type Action = Put | Wait | Reshard | Restart


@dataclass(frozen=True)
class Schedule:
    """One run. `seed` decides what is left: which of several lanes is next, the order of threads, jitter."""

    seed: int
    source: Literal["kinesis", "table"]
    mapping: EventSourceMapping
    shard_count: int
    first_number: int
    actions: Sequence[Action]
    invocations: Mapping[str, Sequence[InvocationFault | None]] = field(default_factory=dict)
    calls: Mapping[str, Sequence[CallFault | None]] = field(default_factory=dict)


def draw(chance: random.Random) -> Schedule:
    """A schedule."""
    source: Literal["kinesis", "table"] = "table" if chance.random() < 0.25 else "kinesis"
    return Schedule(
        seed=chance.randrange(2**32),
        source=source,
        mapping=_mapping(chance, FILTERS[source]),
        shard_count=chance.choice([1, 1, 2, 3]),
        first_number=chance.choice([5, 95, FIRST_SEQUENCE_NUMBER]),
        actions=_table_actions(chance) if source == "table" else _kinesis_actions(chance),
        invocations={name: draw_plan(chance, [*InvocationFault], 12, 0.3) for name in FUNCTIONS},
        calls={name: draw_plan(chance, faults, 40, 0.25) for name, faults in PLANS.items()},
    )


def _mapping(chance: random.Random, pattern: Mapping[str, Any]) -> EventSourceMapping:
    is_patient = chance.random() < 0.7
    return EventSourceMapping(
        batch_size=chance.choice([1, 2, 3, 5, 10, 40, 100]),
        window_seconds=chance.choice([0, 1, 5]),
        parallelization_factor=chance.choice([1, 1, 1, 2, 10]),
        bisects_on_error=chance.random() < 0.5,
        maximum_retry_attempts=FOREVER if is_patient else chance.choice([0, 1, 2, 5]),
        maximum_record_age_seconds=FOREVER if is_patient else chance.choice([FOREVER, 60, 300]),
        filters=(pattern,) if chance.random() < 0.1 else (),
        destination=chance.choice(["s3", "s3", "sqs"]),
        unproven=Unproven(*(chance.random() < 0.5 for _ in range(6))),
    )


def _length(chance: random.Random) -> int:
    """Mostly some, now and then more than one call of 25 items holds."""
    return chance.randrange(1, 40) if chance.random() < 0.9 else chance.randrange(60, 160)


def _kinesis_actions(chance: random.Random) -> list[Action]:
    actions: list[Action] = []
    newest = Counter[str]()
    for _ in range(_length(chance)):
        kind = chance.choices(["put", "wait", "reshard", "restart"], [40, 6, 2, 1])[0]
        if kind == "wait":
            actions.append(Wait(chance.choice([0.0, 0.2, 1.0, 30.0, 90.0])))
        elif kind == "reshard":
            actions.append(_reshard(chance))
        elif kind == "restart":
            actions.append(Restart(from_horizon=chance.random() < 0.5))
        else:
            actions.append(chance.choices([_put, _aggregate, _subscription], [17, 2, 1])[0](chance, newest))
    return actions


def _reshard(chance: random.Random) -> Reshard:
    return Reshard("split" if chance.random() < 0.6 else "merge", chance.randrange(4))


def _aggregate(chance: random.Random, newest: Counter[str]) -> Put:
    parts = [_put(chance, newest) for _ in range(chance.choice([1, 2, 3, 12]))]
    parts = [replace(part, kind="log") if part.kind in _WHOLE_RECORDS else part for part in parts]
    return Put("aggregate", f"log-{chance.choice(ENTITIES)}", parts=tuple(parts))


def _subscription(chance: random.Random, _: Counter[str]) -> Put:
    names = chance.choices(["log event", "a log event without text"], [9, 1], k=chance.choice([1, 2, 3, 12]))
    parts = [Put(name, hour=chance.choice(HOURS)) for name in names]
    return Put("subscription", f"log-{chance.choice(ENTITIES)}", parts=tuple(parts))


def _put(chance: random.Random, newest: Counter[str]) -> Put:
    kind = chance.choices([*_SHARES], [*_SHARES.values()])[0]
    key, hour = chance.choice(ENTITIES), chance.choice(HOURS)
    if kind == "poison":
        return Put(chance.choice([*POISON]), f"log-{key}")
    if kind in CHANGES:
        entity = f"{'orders' if kind == 'change' else 'carts'}/{key}"
        newest[entity] += chance.choice([1, 1, 3, 10**20 if kind == "change" else 10**9])
        late = chance.random() < 0.1 and newest[entity] > 1
        version = chance.randrange(1, newest[entity]) if late else newest[entity]
        return Put(kind, entity, hour, version, is_delete=chance.random() < 0.2)
    return Put(kind, f"log-{key}", hour)


def _table_actions(chance: random.Random) -> list[Action]:
    actions: list[Action] = []
    for _ in range(_length(chance)):
        kind = chance.choices(["put", "wait", "table", "stream", "restart"], [40, 6, 2, 1, 1])[0]
        if kind == "wait":
            actions.append(Wait(chance.choice([0.0, 0.2, 1.0, 30.0, 90.0])))
        elif kind == "table":
            actions.append(Reshard(chance.choice(["roll", "part"]), chance.randrange(len(tables.TABLES))))
        elif kind == "stream":
            actions.append(_reshard(chance))
        elif kind == "restart":
            actions.append(Restart(from_horizon=chance.random() < 0.5))
        else:
            actions.append(_write(chance))
    return actions


def _write(chance: random.Random) -> Put:
    kind = chance.choices([*tables.KINDS], [*tables.KINDS.values()])[0]
    table = chance.choice(tables.TABLES)
    return Put(kind, chance.choice(ENTITIES), is_delete=tables.is_delete(kind), table=table)
