"""A producer that is killed while its stream is away, or just back: what it reported as taken arrives, in order."""

from __future__ import annotations

import os
import random
import select
import signal
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Final

import orjson
import pytest

from pipeline.core.kpl import is_aggregate, unpack
from pipeline.errors import Retryable
from pipeline.model import Accepted, Entry, Event, Position, Refused
from pipeline.producer import Pace, Producer, Report, Spilled
from pipeline.producer.spill import Spill
from tests.unit.producer.child import REPORT, all_of, start

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

SENT, ACCEPTED, KEPT = b"s", b"a", b"k"
KEYS: Final = 20
ROUNDS: Final = 40
PUT: Final = 300


@dataclass
class PipeStream:
    """A stream that is away, or whose records come out of a pipe."""

    report: Callable[[bytes, int], None]
    is_up: bool

    def put(self, entries: Sequence[Entry]) -> Sequence[Accepted | Refused]:
        if not self.is_up:
            raise Retryable("the stream is away")
        for entry in entries:
            datas = [each.data for each in unpack(entry.data)] if is_aggregate(entry.data) else [entry.data]
            for data in datas:
                number = int(orjson.loads(data)["id"])
                assert event(number).data == orjson.loads(data)["data"]
                self.report(SENT, number)
        return [Accepted("shardId-0", "1")] * len(entries)


def event(number: int) -> Event:
    return Event(
        str(number), "//test", "log.v1", "2026-11-23T10:00:00Z", {"body": f"{number} " * 20}, f"k-{number % KEYS}"
    )


def produce(
    directory: Path,
    report: Callable[[bytes, int], None],
    *,
    first: int,
    is_up: bool,
    aggregate: bool,
    is_last: bool,
) -> None:
    """Put events from this number on, and wait to be killed, unless this is the last process.

    Reports what is on the stream, what was accepted and what was kept on disk.
    """

    def told(each: Report) -> None:
        kinds = {Accepted: ACCEPTED, Spilled: KEPT}
        report(kinds[type(each.outcome)], int(each.position.sequence_number))

    pace = Pace(first_seconds=0.001, most_seconds=0.002)
    spill = Spill(directory, segment_bytes=20_000, fsync=False)
    with (
        spill,
        Producer(
            PipeStream(report, is_up),
            told,
            spill=spill,
            aggregate=aggregate,
            deadline_seconds=0.01,
            linger_seconds=0.001,
            pace=pace,
        ) as producer,
    ):
        for number in range(first, first + PUT):
            producer.put(event(number), position=Position("test", "", str(number)))
        if not is_last:
            signal.pause()


@dataclass
class Log:
    """What is on the stream, over all processes, and what was said of it."""

    taken: set[int] = field(default_factory=set)
    on_stream: set[int] = field(default_factory=set)
    latest: dict[int, int] = field(default_factory=dict)
    settled: dict[int, int] = field(default_factory=dict)

    def add(self, block: bytes) -> None:
        """In order per key: what is new is newer, and what was accepted from memory had nothing older behind it."""
        for kind, number in REPORT.iter_unpack(block[: len(block) // REPORT.size * REPORT.size]):
            key = number % KEYS
            if kind == SENT:
                assert number > self.latest.get(key, 0) or number in self.on_stream
                assert number > self.settled.get(key, 0)
                self.latest[key] = max(number, self.latest.get(key, 0))
                self.on_stream.add(number)
            else:
                self.taken.add(number)
            if kind == ACCEPTED:
                self.settled[key] = number


@pytest.mark.parametrize("aggregate", [False, True])
def test_a_producer_is_killed(tmp_path: Path, *, aggregate: bool) -> None:
    """Over producers that are killed while the stream is away or back, what was taken arrives, before what is newer."""
    log, draw = Log(), random.Random(7)  # noqa: S311 - a test
    for round_ in range(ROUNDS + 1):
        is_last = round_ == ROUNDS
        use = partial(produce, tmp_path, first=round_ * PUT + 1, is_up=is_last or draw.random() < 0.5)
        pid, receiving = start(partial(use, aggregate=aggregate, is_last=is_last))
        if not is_last:
            select.select([receiving], [], [])
            select.select([], [], [], draw.random() * 0.03)
            os.kill(pid, signal.SIGKILL)
        log.add(all_of(receiving))
        code = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
        assert (0 if is_last else -signal.SIGKILL) == code

    assert log.taken <= log.on_stream
    assert set(range(ROUNDS * PUT + 1, (ROUNDS + 1) * PUT + 1)) <= log.on_stream
    assert ["done"] == [path.name for path in tmp_path.iterdir()]
