"""A follower that is looked after by hand, and the stream that it ships to."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING

import orjson
import pytest

from pipeline.cli.shipping.follow.arrivals import Arrivals
from pipeline.cli.shipping.follow.follower import Follower
from pipeline.cli.shipping.follow.known import Known
from pipeline.cli.shipping.follow.run import finder
from pipeline.cli.shipping.follow.store import Store
from pipeline.cli.shipping.reading import Reader
from pipeline.cli.shipping.shipper import Shipper
from pipeline.cli.shipping.sources import local_to_utc
from pipeline.cli.shipping.tally import Tally
from pipeline.core.log_line import LogLines
from pipeline.producer import Pace, Producer
from pipeline.testing.kinesis import FakeStream

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


READER = Reader(partial(LogLines, to_utc=local_to_utc))
NO_WAIT = Pace(sleep=lambda _: None)


@dataclass
class Tail:
    """A follower that can be stopped, killed and started again, and the stream that it ships to."""

    folder: Path
    patterns: list[str]
    stream: FakeStream = field(default_factory=FakeStream)
    tally: Tally = field(default_factory=Tally)
    time: float = 1_000_000.0
    reader: Reader = READER
    max_open_files: int = 256

    def __post_init__(self) -> None:
        self.log = self.folder / "app.log"

    @contextmanager
    def running(self) -> Iterator[Follower]:
        """Until the block ends; what was not saved by then is not remembered."""
        self.tally = Tally()
        shipper = Shipper(self.tally)
        with Store(self.folder / "state" / "x.json") as store:
            producer = Producer(self.stream, shipper.note, pace=NO_WAIT)
            find = finder([str(self.folder / each) for each in self.patterns], self.tally.note, store.files)
            arrivals = Arrivals(Known(store, lambda: self.time), self.reader, self.tally.note)
            running = Follower(find, producer, shipper, arrivals, lambda: self.time, max_open_files=self.max_open_files)
            try:
                yield running
            finally:
                producer.close()
                running.close()

    def run(self) -> None:
        """Start, look until nothing comes, remember and stop."""
        with self.running() as running:
            settle(running)

    def bodies(self) -> list[str]:
        """Of all events by their ids, in the order they came first."""
        events = {event["id"]: event for event in map(orjson.loads, (each.data for each in self.stream.records))}
        return sorted(event["data"]["body"] for event in events.values())

    @property
    def sent(self) -> int:
        """Records, repeated ones too."""
        return len(self.stream.records)


def settle(running: Follower) -> None:
    """Look until nothing comes any more, as the command does; a file that waits for a second look gets it."""
    quiet = 0
    for _ in range(100):
        quiet = 0 if running.step() else quiet + 1
        running.save()
        if quiet == 2:
            return
    pytest.fail("there is always more to read")


def append(path: Path, *lines: str) -> None:
    with path.open("a") as file:
        file.writelines(f"{line}\n" for line in lines)


def lines(first: int, last: int) -> list[str]:
    """Lines as a log has them: no two alike."""
    return [f"2026-11-23T10:{number // 60:02}:{number % 60:02}Z INFO line {number}" for number in range(first, last)]
