"""An outage is outlasted: the order of every key is kept in it, and what finds no room is not overtaken."""

from __future__ import annotations

import itertools
import signal
import threading
from functools import partial
from typing import TYPE_CHECKING

import orjson
import pytest

from pipeline.cli.shipping.follow import run
from pipeline.cli.shipping.follow.store import Store
from pipeline.cli.shipping.reading import Reader
from pipeline.cli.shipping.sending import Watched, sending
from pipeline.cli.shipping.shipper import Shipper
from pipeline.cli.shipping.sources import clock, local_to_utc
from pipeline.cli.shipping.tally import LAST_PATIENCE_SECONDS, PATIENCE_SECONDS, Tally
from pipeline.core import kpl
from pipeline.core.chunk import MAX_CALL_BYTES
from pipeline.core.lines import Line, Place
from pipeline.core.log_line import LOG_TYPE, LogLines
from pipeline.errors import Retryable
from pipeline.model import Entry, Position
from pipeline.producer import Options, Pace
from pipeline.testing.kinesis import Fail, FakeStream, Refuse

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from pipeline.model import Accepted, Refused

NO_WAIT = Pace(sleep=lambda _: None)
REFUSED = Fail(Retryable("connection refused"))
BY_USER = Reader(partial(LogLines, to_utc=local_to_utc, key_field="user"))


class Clock:
    """Time that only passes while somebody waits."""

    def __init__(self) -> None:
        self.now = 0.0

    def sleep(self, seconds: float) -> None:
        self.now += seconds

    def options(self) -> Options:
        """The same time for a producer."""
        return {"now": lambda: self.now, "pace": Pace(sleep=self.sleep, jitter=lambda: 1.0), "linger_seconds": 0.0}


def outage(time: Clock, until: float) -> Iterator[Fail | Refuse | None]:
    """Nothing is taken until that time, but for a call at the beginning, and a part of one in the middle."""
    yield None
    while time.now < until / 2:
        yield REFUSED
    yield Refuse(frozenset(range(1, 500)))
    while time.now < until:
        yield REFUSED


def events(stream: FakeStream) -> list[dict[str, object]]:
    """In the order of their first acceptance, each once."""
    found: dict[object, dict[str, object]] = {}
    for record in stream.records:
        packed = kpl.unpack(record.data) if kpl.is_aggregate(record.data) else [record]
        for event in (orjson.loads(each.data) for each in packed):
            found.setdefault(event["id"], event)
    return [*found.values()]


@pytest.mark.parametrize("aggregate", [(), {LOG_TYPE}], ids=["alone", "aggregated"])
def test_an_outage_of_an_hour_keeps_the_order_of_every_key(aggregate: set[str], tmp_path: Path) -> None:
    """Lines come all the time, before, while and after the stream takes nothing; the place follows in the end."""
    time, log, count = Clock(), tmp_path / "app.ndjson", itertools.count()
    stream, tally = FakeStream(outage(time, 3600.0)), Tally(now=lambda: time.now)
    options: Options = {**time.options(), "aggregate": aggregate}

    def write() -> None:
        with log.open("a") as file:
            file.writelines(f'{{"user":"u-{n % 7}","n":{n}}}\n' for n in itertools.islice(count, 40))

    def sleep(seconds: float) -> None:
        time.sleep(seconds * 60)
        if time.now < 5000.0:
            write()
        elif not tally.unsent or time.now > 100_000.0:
            tally.stopped_by = signal.SIGTERM

    write()
    with Store(tmp_path / "state" / "x.json") as store:
        run.follow([str(log)], stream, BY_USER, Shipper(tally), store, sleep=sleep, **options)
        (bookmark,) = store.load()

    written = next(count)
    numbers = [event["data"]["body"]["n"] for event in events(stream)]  # type: ignore[index] # JSON of the test's own
    assert [*range(written)] == sorted(numbers)
    for user in range(7):
        assert [*range(user, written, 7)] == [number for number in numbers if number % 7 == user]
    assert (0, written, log.stat().st_size) == (tally.exit_code, tally.accepted, bookmark.place.offset)


def test_nothing_is_put_behind_a_line_that_found_no_room() -> None:
    """It would come before it; the place of the first that waits is where to begin again."""
    is_back, ticks = threading.Event(), itertools.count(0.0, 10.0)
    stream = FakeStream(itertools.takewhile(lambda _: not is_back.is_set(), itertools.repeat(REFUSED)))
    tally = Tally(now=lambda: next(ticks), stopped_by=signal.SIGTERM)
    shipper = Shipper(tally)
    track, log = shipper.track("x"), BY_USER.make(source="x", now=clock)
    options: Options = {"buffer_bytes": MAX_CALL_BYTES, "block_seconds": 0.001, "linger_seconds": 1e9, "pace": NO_WAIT}
    with sending(stream, shipper, **options) as producer:
        for number in range(5):
            content = b"x" * (10 if number == 4 else 1_000_000)
            shipper.ship(producer, track, log, Line(number, number, content), Place(number, number))
        is_back.set()

    assert (2, 3) == (tally.accepted, tally.unsent)
    assert Place(2, 2) == shipper.first_waiting(track)


def test_patience_is_for_a_stream_that_takes_nothing() -> None:
    """A minute, or without end where files are followed; a few seconds once it is to end."""
    seconds = 0.0
    tally = Tally(now=lambda: seconds)

    def patience() -> float:
        nonlocal seconds
        begun = seconds
        while not tally.is_hopeless and seconds < begun + 1e6:
            seconds += 1.0
        return seconds - begun

    tally.hinder("throttled")
    assert PATIENCE_SECONDS == patience()
    tally.flow()
    assert not tally.is_over
    tally.hinder("throttled")
    tally.is_followed = True
    assert patience() == pytest.approx(1e6)
    tally.flow()
    tally.hinder("throttled")
    tally.stopped_by = signal.SIGTERM
    assert LAST_PATIENCE_SECONDS == patience()


def test_the_tally_knows_why_nothing_is_taken() -> None:
    """A call that failed, or of which all was refused; one accepted record is no trouble."""
    tally = Tally()
    stream = Watched(FakeStream([REFUSED, Refuse(frozenset({0, 1}), "InternalFailure"), Refuse(frozenset({1}))]), tally)
    entries = [Entry(Position("x", "", str(n)), str(n), b"x") for n in range(2)]

    def put() -> Sequence[Accepted | Refused]:
        return stream.put(entries)

    with pytest.raises(Retryable):
        put()
    assert "connection refused" == tally.trouble
    put()
    assert "InternalFailure" == tally.trouble
    put()
    assert "" == tally.trouble
