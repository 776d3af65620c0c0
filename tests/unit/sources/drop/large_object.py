"""A child that ships an object of 200 MB, plain or packed, and tells its lines, by how many MB it grew and its peak.

The object is made as it is read: the same piece of it again and again. What is packed is text of random letters, so its
200 MB are 267 unpacked.
"""

from __future__ import annotations

import base64
import gzip
import random
import resource
import sys
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

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

SIZE_BYTES = 200_000_000
PART_BYTES = 4 * 1024 * 1024
LINES = 20
STATUS = Path("/proc/self/status")


class Repeated(NamedTuple):
    """ObjectSource: the same piece so many times."""

    piece: bytes
    times: int

    def read(self, at: ObjectVersion, offset: int, remaining: Remaining) -> Part:
        del at, remaining
        whole = self.times * len(self.piece)
        size, begun = min(PART_BYTES, whole - offset), offset % len(self.piece)
        content = self.piece * ((begun + size) // len(self.piece) + 1)
        return Part(content[begun : begun + size], whole, "e", 0.0)


class Forgetful:
    """RecordStream: it takes everything, and keeps nothing."""

    def put(self, entries: Sequence[Entry]) -> Sequence[Accepted]:
        return [Accepted("shardId-000000000000", "1") for _ in entries]


def lines() -> bytes:
    """Some lines of 100 KB that hardly become smaller."""
    letters = random.Random(1)  # noqa: S311 - no secret
    return b"".join(b'{"text":"%b"}\n' % base64.b64encode(letters.randbytes(75_000)) for _ in range(LINES))


def peak_mb() -> float:
    """Of this program: Linux counts what its parent held before it was started in `ru_maxrss`."""
    if STATUS.exists():
        line = next(line for line in STATUS.read_text().splitlines() if line.startswith("VmHWM:"))
        return int(line.split()[1]) / 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (1024 * 1024)  # bytes on macOS


if __name__ == "__main__":
    piece = gzip.compress(lines()) if sys.argv[1] == "gzip" else lines()
    before = peak_mb()
    source = Repeated(piece, SIZE_BYTES // len(piece))
    doors = Doors(source, Forgetful(), FakeClaimStore(), FakeDeadLetters(Actions()), RULES)
    shipping = Shipping(Start(ObjectVersion("drop", "x", "v1", "e")), doors, Budget(lambda: 900.0))
    assert shipping.ship() is None
    assert LINES * source.times == shipping.ledger.delivered
    sys.stdout.write(f"{shipping.ledger.delivered} {round(peak_mb() - before)} {round(peak_mb())}\n")
