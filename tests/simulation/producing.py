"""Many patterns of partial failures against the producer: `python -m tests.simulation.producing`; one: `--seed N`.

A pattern is a list of records, and what goes wrong in each call: entries refused by themselves, calls that fail, calls
that are carried out though their answer is lost. The producer waits it out, or spills, and is followed by others that
send what it spilled. In the end all is on the stream, each key in the order of its puts, and nothing else.
"""

from __future__ import annotations

import random
import secrets
import sys
import tempfile
import time
from collections import Counter, defaultdict
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from math import inf
from typing import TYPE_CHECKING, Any

import click

from pipeline.core import kpl
from pipeline.producer import Pace, Producer, Report, Spilled
from pipeline.producer.spill import Spill
from pipeline.testing.kinesis import Fail, FakeStream, Fault, Refuse

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from pipeline.model import Entry
    from pipeline.ports import RecordStream

BLOCK = 250
THROTTLED = "ProvisionedThroughputExceededException"
SIZES = (1, 100, 3_000, 60_000)


@dataclass
class Pattern:
    """What is put, in which way, and what goes wrong, drawn from a seed."""

    seed: int
    met: Counter[str] = field(default_factory=Counter)

    def __post_init__(self) -> None:
        self.draw = draw = random.Random(self.seed)  # noqa: S311 - it is to be the same again
        self.is_spilled = draw.random() < 0.3
        self.options: dict[str, Any] = {
            "aggregate": draw.random() < 0.5,
            "buckets": draw.randint(1, 4),
            "deadline_seconds": 0.0 if self.is_spilled else inf,
            "linger_seconds": draw.choice([0.0, 1e6]),
            "pace": Pace(sleep=lambda _: None),
        }
        keys = "abcdefgh"[: draw.randint(1, 8)]
        self.keys = [draw.choice(keys) for _ in range(draw.randint(1, 40))]
        self.datas = [
            b"%s %d " % (key.encode(), number) + b"x" * draw.choice(SIZES) for number, key in enumerate(self.keys)
        ]
        self.flushed_after = {number for number in range(len(self.keys)) if draw.random() < 0.1}

    def faults(self, calls: int) -> Iterator[Fault | None]:
        """What goes wrong in so many calls; after them all goes well."""
        for _ in range(calls):
            kind = self.draw.choice(["none", "refused", "failed", "answer lost"])
            self.met[kind] += kind != "none"
            if kind == "refused":
                places = frozenset(self.draw.sample(range(8), self.draw.randint(1, 8)))
                yield Refuse(places, self.draw.choice([THROTTLED, "InternalFailure"]))
            else:
                yield None if kind == "none" else Fail(is_carried_out=kind == "answer lost")

    def run(self, stream: RecordStream) -> list[Report]:
        """Put all records; by several producers, one after the other, where what fails is spilled."""
        if not self.is_spilled:
            return self._put(stream, range(len(self.datas)))
        reports: list[Report] = []
        with tempfile.TemporaryDirectory() as folder:
            third = len(self.datas) // 3 + 1
            for first in (0, third, 2 * third):
                numbers = range(first, min(first + third, len(self.datas)))
                reports += self._put(stream, numbers, spill=folder)
            with Spill(folder) as spill:
                while spill.waiting:
                    with Producer(stream, spill=spill, **self.options):
                        pass
                    spill.rewind()
        return reports

    def problems(self, reports: Sequence[Report], records: Iterable[Entry]) -> list[str]:
        """What is wrong with what was told, and with what lies on the stream, in the order of each shard."""
        found, keys = defaultdict[str, list[bytes]](list), defaultdict[str, set[str]](set)
        for entry in records:
            datas = [each.data for each in kpl.unpack(entry.data)] if kpl.is_aggregate(entry.data) else [entry.data]
            for data in datas:
                key = data.split(b" ", 1)[0].decode()
                keys[key].add(entry.partition_key)
                if data not in found[key]:
                    found[key].append(data)
        wanted = defaultdict[str, list[bytes]](list)
        for key, data in zip(self.keys, self.datas, strict=True):
            wanted[key].append(data)
        problems = [
            f"key {key}: not what was put, in that order" for key in wanted | found if wanted[key] != found[key]
        ]
        problems += [f"key {key}: under {len(some)} partition keys" for key, some in keys.items() if len(some) > 1]
        if sorted(self.datas) != sorted(each.record for each in reports if isinstance(each.record, bytes)):
            problems.append("not one report for each record")
        if not all(each.is_accepted or isinstance(each.outcome, Spilled) for each in reports):
            problems.append("a record was given back")
        return problems

    def _put(self, stream: RecordStream, numbers: range, **options: Any) -> list[Report]:  # noqa: ANN401 - the producer's
        reports: list[Report] = []
        with Producer(stream, reports.append, **self.options, **options) as producer:
            for number in numbers:
                producer.put(self.datas[number], key=self.keys[number])
                if number in self.flushed_after:
                    producer.flush()
        return reports


def problems_of(seed: int, make: Callable[[], FakeStream] = FakeStream) -> tuple[list[str], Counter[str]]:
    """What is wrong in the end, and what went wrong on the way."""
    pattern, stream = Pattern(seed), make()
    stream._faults = pattern.faults(pattern.draw.randint(0, 30))  # noqa: SLF001 - they are counted as they are met
    reports = pattern.run(stream)
    spilled = sum(isinstance(each.outcome, Spilled) for each in reports)
    return pattern.problems(reports, stream.records), pattern.met + Counter({"spilled": spilled})


def run_block(first: int, count: int) -> tuple[list[int], Counter[str]]:
    """The seeds among these that break the promise, and what went wrong on the way."""
    bad, met = list[int](), Counter[str]()
    for seed in range(first, first + count):
        problems, some = problems_of(seed)
        met += some
        bad += [seed] * bool(problems)
    return bad, met


@click.command()
@click.option("--patterns", default=10_000, show_default=True, help="How many.")
@click.option("--processes", default=2, show_default=True, help="On how many cores.")
@click.option("--first", default=None, type=int, help="The first seed; by default another one each time.")
@click.option("--seed", default=None, type=int, help="Only this one, told in detail.")
def main(patterns: int, processes: int, first: int | None, seed: int | None) -> None:
    """Run patterns of failures against the producer, and tell which break the promise."""
    if seed is not None:
        problems, _ = problems_of(seed)
        click.echo("\n".join(problems) or f"seed {seed} keeps the promise")
        sys.exit(int(bool(problems)))
    first = secrets.randbelow(2**32) if first is None else first
    click.echo(f"{patterns:,} patterns of failures from seed {first} on", err=True)
    began_at, bad, met = time.monotonic(), list[int](), Counter[str]()
    blocks = range(first, first + patterns, BLOCK)
    counts = [min(BLOCK, first + patterns - start) for start in blocks]
    with ProcessPoolExecutor(processes) as pool:
        for some_bad, some_met in pool.map(run_block, blocks, counts):
            bad += some_bad
            met += some_met
    told = ", ".join(f"{name} {count:,} times" for name, count in sorted(met.items()))
    click.echo(
        f"{patterns:,} patterns against the producer ({told}): {len(bad)} broke the promise; "
        f"{time.monotonic() - began_at:.0f} seconds"
    )
    if bad:
        click.echo(f"seeds: {', '.join(map(str, bad[:20]))}")
    sys.exit(int(bool(bad)))


if __name__ == "__main__":
    main()
