"""The source tables of a run: their items, and the changes that each of their streams tells.

Some are large, some hold every kind of value, some expire; some were written by sinks of ours, and are told nobody.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from pipeline.model import MARKER
from pipeline.testing.lambda_events import TABLE_STREAM_ARN
from pipeline.testing.mapping import TableSource

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pipeline.model import Image
    from pipeline.testing.mapping import Clock, StreamRecord
    from tests.simulation.schedules import Put

# The first sequence number of each table; those of payments soon have a digit more. Event ids are made of them.
_FIRST: Final = {"orders": 200_000_000_000_000_000_001, "payments": 99_999_999_999_999_999_991}
TABLES: Final = (*_FIRST,)
OURS: Final = "our own write"
EXPIRY: Final = "an expiry"
# Each by how often it is drawn. An edit is of whatever is there, our own write among it.
KINDS: Final[Mapping[str, int]] = {
    "a small item": 20,
    "every kind of value": 4,
    "a large item": 4,
    "as large as an item": 1,
    OURS: 6,
    "an edit": 6,
    "a delete": 6,
    EXPIRY: 3,
}
_VALUES: Final[Image] = {
    "total": {"N": "0.12345678901234567890123456789012345678"},
    "tags": {"SS": ["a", "b"]},
    "sizes": {"NS": ["1", "12345678901234567890"]},
    "raw": {"B": "AP8="},
    "lines": {"L": [{"M": {"@set": {"L": [{"BOOL": False}]}, "none": {"NULL": True}}}]},
}
_LARGE: Final[Image] = {"text": {"S": "x" * 190_000}}
# An item has 409,600 bytes at most, and the rest takes less than a hundred.
_LARGEST: Final[Image] = {"text": {"S": "x" * 409_500}}
# What is no larger fits into the item of a state, with all that is there besides.
FITS_BYTES: Final = 400_000


@dataclass
class Tables:
    """Tables with their streams; `put` is a write to one of them."""

    clock: Clock
    sources: dict[str, TableSource] = field(init=False)
    _items: dict[tuple[str, str], Image] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.sources = {
            name: TableSource(self.clock, next_number=first, arn=TABLE_STREAM_ARN.replace("orders", name))
            for name, first in _FIRST.items()
        }

    def put(self, put: Put, number: int) -> StreamRecord:
        """The change that it makes, of an item that holds this number; a delete of what is not there makes it."""
        key: Image = {"order_id": {"S": put.key}}
        before = self._items.pop((put.table, put.key), None)
        after = None if put.is_delete and before is not None else _after(put.kind, key, before, number)
        if after is not None:
            self._items[put.table, put.key] = after
        return self.sources[put.table].put(key, before=before, after=after, by_ttl=put.kind == EXPIRY and after is None)


def is_delete(kind: str) -> bool:
    """Whether a write of this kind takes the item away."""
    return kind in {"a delete", EXPIRY}


def _after(kind: str, key: Image, before: Image | None, number: int) -> dict[str, Any]:
    image: dict[str, Any] = {**key, "n": {"N": str(number)}}
    match kind:
        case "every kind of value":
            return {**image, **_VALUES}
        case "a large item":
            return {**image, **_LARGE}
        case "as large as an item":
            return {**image, **_LARGEST}
        case "our own write":
            return {**image, MARKER: {"S": f"events/shardId-000000000000/{number}/0"}}
        case "an edit":
            return {**(before or {}), **image}
    return image
