"""Representative batches, for crash points: small, and each with something that makes crashing hard."""

from __future__ import annotations

from copy import replace
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Final

import orjson

from pipeline.environment import read_schemas
from pipeline.project import SCHEMAS
from pipeline.routes import process_stages, relay_changes_stages
from pipeline.testing.lambda_events import aggregate, kinesis_event
from pipeline.testing.mapping import Clock, TableSource
from tests.simulation import kinds
from tests.simulation.functions import ROUTES
from tests.simulation.schedules import Put
from tests.simulation.tables import EXPIRY, OURS, Tables, is_delete

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pipeline.core.process import Stages
    from pipeline.model import LambdaRecord


# The id of an event that the table never takes.
REFUSED: Final = "refused-0"
# What lies in the claims bucket.
LEFT: Final = dict(kinds.LEFT)


@dataclass(frozen=True)
class Batch:
    """The records of a shard, of which the first `size` are delivered first.

    `stuck` is part of the key of an item or of the name of an object that cannot be written for a while: then an answer
    names a record.
    """

    name: str
    records: Sequence[LambdaRecord]
    size: int
    stuck: str
    function: str = "process"


@cache
def stages() -> dict[str, Stages]:
    """The stages of both functions."""
    schemas = read_schemas(SCHEMAS)
    return {
        "process": process_stages(schemas, "claims"),
        "telling": process_stages(schemas, "claims", ROUTES),
        "relay_changes": relay_changes_stages(schemas, "claims", "results"),
    }


def _log(number: int, hour: str = "10", key: str = "log-a", **data: int) -> bytes:
    return orjson.dumps(kinds.log(f"log-{number}", key, hour, **data))


def _claimed(number: int, hour: str = "10") -> bytes:
    left = kinds.claimed(f"log-{number}", "log-a", hour)
    LEFT[left.claim.key] = left.body
    return orjson.dumps(left.envelope)


def _trace(number: int) -> bytes:
    """It is dropped: so a batch that begins with it has its first line from another record."""
    return _log(number, severity_number=1)


def _change(number: int, entity: str, version: int, *, is_delete: bool = False) -> bytes:
    return orjson.dumps(kinds.change(f"change-{number}", entity, "10", version, is_delete=is_delete))


def _poison(name: str) -> bytes:
    return kinds.POISON[name][0]


def _batch(name: str, records: Sequence[bytes], size: int, stuck: str) -> Batch:
    return Batch(name, kinesis_event(*records, first=95)["Records"], size, stuck)


def _changes_of_a_table() -> Batch:
    """Three items in turn, made, changed, and the last deleted; their numbers grow from one digit to two."""
    source = TableSource(Clock(), next_number=7)
    for number in range(9):
        key = {"order_id": {"S": "abc"[number % 3]}}
        image = {**key, "n": {"N": str(number)}}
        source.put(key, before=image if number > 2 else None, after=image if number < 8 else None)
    records = [record.original for record in source.records()]
    return Batch("the changes of a table, relayed", records, 6, "orders/b", "relay_changes")


def _large_changes_of_a_table() -> Batch:
    """Large ones and, of the same item, small ones behind them; some that our own sinks made, an edit and an expiry."""
    tables = Tables(Clock())
    changes = [("a large item", "d"), (OURS, "b"), ("a small item", "c"), ("a large item", "a"), ("a small item", "a")]
    changes += [("a small item", "a"), (OURS, "c"), ("an edit", "b"), (EXPIRY, "b")]
    writes = [Put(kind, key, is_delete=is_delete(kind), table="orders") for kind, key in changes]
    records = [tables.put(write, number).original for number, write in enumerate(writes)]
    stuck = '"after":{"order_id":"a","n":3,'
    return Batch("large changes of a table, and our own", records, 6, stuck, "relay_changes")


def _name(number: int) -> str:
    """Part of the name of the object of a Kinesis record: `kinesis_event` counts from 95."""
    return f"{95 + number:056}-"


_BATCHES: Final = (
    _batch("plain logs", [_trace(0), *(_log(number) for number in range(1, 7))], 5, "hour=10"),
    _batch(
        "changes, several of one entity",
        [
            _change(0, "orders/a", 5),
            _change(1, "orders/b", 1),
            _change(2, "orders/a", 6),
            _change(3, "orders/c", 9),
            _change(4, "orders/a", 4),
            _change(5, "orders/b", 2, is_delete=True),
            _change(6, "orders/a", 7),
        ],
        5,
        "entity#orders/c",
    ),
    _batch(
        "aggregates with good and bad user records",
        [
            _log(0),
            aggregate(_log(1, "11"), _poison("no JSON"), _change(2, "orders/a", 1), _log(3)),
            aggregate(_change(4, "orders/a", 2), _log(5)),
            _poison("a corrupt aggregate"),
            _log(6),
        ],
        4,
        _name(3),
    ),
    _batch(
        "dead letters of several kinds among good records",
        [
            _poison("no event"),
            _log(1),
            _poison("a gzip bomb"),
            _change(3, "orders/a", 1),
            _poison("an unknown type"),
            orjson.dumps(kinds.log(REFUSED, "log-a", "10")),
            _log(6),
            _poison("null"),
        ],
        7,
        _name(4),
    ),
    _batch(
        "several archive partitions",
        [_trace(0), _log(1, "10"), _log(2, "11"), _change(3, "orders/a", 1), _log(4, "12"), _log(5), _log(6, "12")],
        6,
        "hour=12",
    ),
    _batch("more than 25 items", [_log(number) for number in range(64)], 55, "log-30"),
    _batch(
        "log events, control messages and changes by DynamoDB",
        [
            kinds.subscription(("a", "10"), ("b", "11"), ("", "10")),
            kinds.ON_PURPOSE["control"],
            kinds.by_destination("carts/a", 1, is_delete=False),
            _log(3),
            kinds.by_destination("carts/a", 2, is_delete=False),
            kinds.by_destination("carts/b", 1, is_delete=True),
            _log(6),
            _log(7),
        ],
        7,
        "entity#carts/b",
    ),
    _batch(
        "claimed events among others, plain and packed",
        [
            _log(0),
            _claimed(1),
            aggregate(_claimed(2, "11"), _log(3), _poison("a claim that is gone")),
            _poison("a claim of something else"),
            _claimed(5, "12"),
            _log(6),
            _claimed(7),
        ],
        5,
        _name(3),
    ),
    replace(
        _batch(
            "logs that all outlets are told of, a dead letter and one that is dropped",
            [
                _trace(0),
                _log(1, key="log-b"),
                _log(2),
                _poison("no JSON"),
                _log(4, "11", key="log-b"),
                orjson.dumps(kinds.log(REFUSED, "log-a", "10")),
                _log(6),
                _log(7, key="log-b"),
            ],
            6,
            "hour=11",
        ),
        function="telling",
    ),
    _changes_of_a_table(),
    _large_changes_of_a_table(),
)
# Two side effects of each sort: small enough for every pair of crash points.
SMALL: Final = replace(
    _BATCHES[1],
    name="one of each",
    records=kinesis_event(
        _change(0, "orders/a", 1), _poison("no JSON"), _log(2, "11"), _change(3, "orders/b", 1), _log(4), first=95
    )["Records"],
    size=4,
    stuck="entity#orders/b",
)
ALL_BATCHES: Final = (*_BATCHES, SMALL)
