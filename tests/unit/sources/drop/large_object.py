"""A child that ships an object of 200 MB, made as it is read, and tells its lines and by how many MB it grew."""

from __future__ import annotations

import resource
import sys
from typing import TYPE_CHECKING

from pipeline.model import Accepted, ObjectVersion, Part
from pipeline.sources.drop.budget import Budget
from pipeline.sources.drop.notification import Start
from pipeline.sources.drop.shipping import Doors, Shipping
from pipeline.testing.ports import Actions, FakeClaimStore, FakeDeadLetters
from tests.unit.sources.drop.bench import RULES

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pipeline.model import Entry
    from pipeline.ports import Remaining

LINE = b'{"text":"' + b"x" * 100_000 + b'"}\n'
LINES = 2000
PART_BYTES = 4 * 1024 * 1024


class Endless:
    """ObjectSource: the same line again and again."""

    def read(self, at: ObjectVersion, offset: int, remaining: Remaining) -> Part:
        del at, remaining
        size = min(PART_BYTES, LINES * len(LINE) - offset)
        begun = offset % len(LINE)
        content = LINE * ((begun + size) // len(LINE) + 1)
        return Part(content[begun : begun + size], LINES * len(LINE), "e", 0.0)


class Forgetful:
    """RecordStream: it takes everything, and keeps nothing."""

    def put(self, entries: Sequence[Entry]) -> Sequence[Accepted]:
        return [Accepted("shardId-000000000000", "1") for _ in entries]


def peak_mb() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


if __name__ == "__main__":
    before = peak_mb()
    doors = Doors(Endless(), Forgetful(), FakeClaimStore(), FakeDeadLetters(Actions()), RULES)
    shipping = Shipping(Start(ObjectVersion("drop", "x", "v1", "e")), doors, Budget(lambda: 900.0))
    assert shipping.ship() is None
    sys.stdout.write(f"{shipping.ledger.delivered} {round(peak_mb() - before)}\n")
