from __future__ import annotations

import re
import threading
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import orjson
import pytest

from pipeline.collectors import COLLECTORS, collectors
from pipeline.collectors.canary import CANARY, Canary, Watch
from pipeline.collectors.collect import MAX_EVENTS, Collect, scheduled_at
from pipeline.collectors.collector import Given
from pipeline.errors import Incomplete, InputError, Misconfiguration
from pipeline.model import Event, Ledger
from pipeline.producer import Pace
from pipeline.testing.kinesis import Fail, FakeStream, Refuse

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from pipeline.collectors.collector import Collector

AT = {"detail-type": "Scheduled Event", "source": "aws.events", "time": "2025-11-24T16:00:00Z"}
NOW = 1_764_000_000.0


@dataclass
class Told:
    """Report: keeps what it was told, last of all."""

    lines: list[tuple[Ledger, dict[str, str], float | None, int | None]] = field(default_factory=list)

    def collected(
        self, ledger: Ledger, failures: Mapping[str, str], canary_seconds: float | None, canary_missing: int | None
    ) -> None:
        self.lines.append((ledger, dict(failures), canary_seconds, canary_missing))


@dataclass(frozen=True)
class Gives:
    """A collector that gives so many events, or does as it is told."""

    name: str
    count: int = 2
    act: Callable[[], object] = bool

    def collect(self, now: float) -> Iterator[Event]:
        for number in range(self.count):
            name = f"{self.name}/{now:.0f}/{number}"
            yield Event(name, "//test", "log.v1", "2025-11-24T16:00:00Z", {"body": "x"}, subject=name)
        self.act()


@dataclass
class Trial:
    """One function, whose stream is a fake and whose canary arrives when it is on the stream."""

    collectors: Mapping[str, Collector]
    stream: FakeStream = field(default_factory=FakeStream)
    told: Told = field(default_factory=Told)
    now: float = 0.0
    stuck: bool = False

    def __post_init__(self) -> None:
        watch = Watch(self.find, clock=lambda: self.now, sleep=self.sleep)
        # Waits that do not pass: what is refused is tried until the time is up.
        pace = Pace(jitter=lambda: 1.0, sleep=self.sleep)
        self.collect = Collect(self.collectors, self.stream, watch, self.told, pace)

    def sleep(self, seconds: float) -> None:
        self.now += seconds

    def find(self, event_id: str) -> dict[str, Any] | None:
        found = {event["id"]: event for event in self.put}
        return None if self.stuck else found.get(event_id)

    @property
    def put(self) -> list[dict[str, Any]]:
        return [orjson.loads(each.data) for each in self.stream.records]

    def run(self, event: Any = AT, seconds: float = 60.0) -> tuple[Ledger, dict[str, str], float | None, int | None]:  # noqa: ANN401 - JSON
        """What is told of one invocation."""
        self.collect.run(event, lambda: seconds - self.now)
        return self.told.lines[-1]

    def fails(self, match: str, seconds: float = 60.0) -> tuple[Ledger, dict[str, str], float | None, int | None]:
        """What is told of one that fails."""
        with pytest.raises(Incomplete, match=match):
            self.run(seconds=seconds)
        return self.told.lines[-1]


def with_canary(**others: Collector) -> dict[str, Collector]:
    return {**others, CANARY: Canary("//f/canary", lambda: NOW)}


def raises(error: Exception) -> Callable[[], object]:
    def act() -> None:
        raise error

    return act


def test_all_is_put_and_told() -> None:
    """What all collectors give is on the stream, the canary is seen, and one line says so."""
    trial = Trial(with_canary(a=Gives("a"), b=Gives("b", 3), nothing=Gives("none", 0)))
    assert (Ledger(6, delivered=6), {}, 0.0, 0) == trial.run()
    ids = {"a/1764000000/0", "a/1764000000/1", *(f"b/1764000000/{n}" for n in range(3)), "canary/2025-11-24T16:00:00Z"}
    assert ids == {event["id"] for event in trial.put}


def test_the_same_schedule_twice() -> None:
    """A schedule that is delivered twice puts the same ids."""
    trial = Trial(with_canary(a=Gives("a")))
    trial.run()
    first = {event["id"] for event in trial.put}
    trial.run()
    assert (6, first) == (len(trial.put), {event["id"] for event in trial.put})
    trial.run({**AT, "time": "2025-11-24T16:01:00Z"})
    assert 2 * len(first) == len({event["id"] for event in trial.put})


@pytest.mark.parametrize(
    ("act", "failure"),
    [
        (raises(ValueError("secret")), r"ValueError at \S+:\d+"),
        (raises(Misconfiguration("no access to X; ask Y")), "no access to X; ask Y"),
    ],
)
def test_a_collector_that_fails(act: Callable[[], object], failure: str) -> None:
    """One that fails fails the invocation at its end; the others and the canary are as ever. No content is told."""
    trial = Trial(with_canary(bad=Gives("bad", act=act), good=Gives("good")))
    ledger, failures, seconds, missing = trial.fails(r"not everything was put onto the stream \(bad: ")
    assert (Ledger(3, delivered=3), 0.0, 0) == (ledger, seconds, missing)
    assert ["bad"] == [*failures]
    assert re.fullmatch(failure, failures["bad"])


def test_a_collector_that_hangs() -> None:
    """One that hangs is late; the others and the canary are as ever."""
    over = threading.Event()
    trial = Trial(with_canary(bad=Gives("bad", act=over.wait), good=Gives("good")))
    ledger, failures, _, missing = trial.fails(r"bad: did not end within 0\.5 s", seconds=1.5)
    over.set()
    assert (Ledger(3, delivered=3), {"bad": "did not end within 0.5 s"}, 0) == (ledger, failures, missing)


def test_too_many_events() -> None:
    """There is an end to what one collector may give at a time; what gives more puts nothing."""
    most = Trial({"a": Gives("a", MAX_EVENTS)})
    assert (Ledger(MAX_EVENTS, delivered=MAX_EVENTS), {}, None, None) == most.run()
    more = Trial({"a": Gives("a", MAX_EVENTS + 1)})
    assert Ledger(0) == more.fails("a: more than 5000 events")[0]
    assert [] == more.put


def test_a_canary_that_is_missing() -> None:
    """A canary that does not arrive is told, and fails nothing: the alarm is for that."""
    trial = Trial(with_canary(a=Gives("a")), stuck=True)
    ledger, failures, seconds, missing = trial.run()
    assert (Ledger(3, delivered=3), None, 1) == (ledger, seconds, missing)
    assert {"canary is missing": "not in the results after 30 s"} == failures


def test_a_canary_that_is_not_put() -> None:
    """A stream that refuses everything until the time is up: nothing is called put, and the canary is missing."""
    refused = Refuse(frozenset(range(500)))
    trial = Trial(with_canary(), FakeStream([refused] * 1000))
    ledger, failures, seconds, missing = trial.fails("canary: 1 of 1 events: ProvisionedThroughputExceededException")
    assert (Ledger(1, retried=1), None, 1) == (ledger, seconds, missing)
    assert "it was not put" == failures["canary is missing"]


def test_a_canary_that_breaks() -> None:
    """When the canary itself fails it is missing, and the others are as ever."""
    trial = Trial({"a": Gives("a"), CANARY: Gives("canary", act=raises(ValueError()))})
    ledger, _, seconds, missing = trial.fails("canary: ValueError at ")
    assert (Ledger(2, delivered=2), None, 1) == (ledger, seconds, missing)


def test_no_canary() -> None:
    """Without a canary there are no figures of one."""
    trial = Trial({"a": Gives("a"), CANARY: Canary("//f", lambda: NOW, is_enabled=False)})
    assert (Ledger(2, delivered=2), {}, None, None) == trial.run()


def test_a_part_is_put() -> None:
    """What the stream refused once is put again; what it never takes is counted and fails the invocation."""
    assert Ledger(2, delivered=2) == Trial({"a": Gives("a")}, FakeStream([Refuse(frozenset({0})), Fail()])).run()[0]
    large = Event("l", "//test", "log.v1", AT["time"], {"body": "x" * 1024 * 1024})

    @dataclass(frozen=True)
    class Large:
        def collect(self, now: float) -> Iterable[Event]:
            return [*Gives("a").collect(now), large]

    ledger, *_ = (trial := Trial({"a": Large()})).fails("a: 1 of 3 events: 1,048,")
    assert (Ledger(3, delivered=2, retried=1), 2) == (ledger, len(trial.put))


def test_a_misconfigured_stream() -> None:
    """A stream that may not be written fails the invocation with what AWS says."""
    trial = Trial(with_canary(), FakeStream([Fail(Misconfiguration("AccessDenied: put"))]))
    _, failures, _, missing = trial.fails("canary: AccessDenied: put")
    assert ("AccessDenied: put", 1) == (failures["canary"], missing)


@pytest.mark.parametrize("event", [{}, [], {"time": None}, {"time": 5}, {"time": "yesterday"}, {"time": "2025-11-24"}])
def test_another_event(event: Any) -> None:  # noqa: ANN401 - JSON
    """What is no event of a schedule is refused, with one that is."""
    trial = Trial(with_canary())
    with pytest.raises(InputError, match=r'invoke it with {"time": "2026-11-23T10:00:00Z"}'):
        trial.run(event)
    assert ([], []) == (trial.put, trial.told.lines)


@pytest.mark.parametrize("time", ["2025-11-24T16:00:00Z", "2025-11-24T17:00:00+01:00", "2025-11-24T16:00:00.000Z"])
def test_the_time(time: str) -> None:
    """The time of the schedule is taken as the same moment however it is written."""
    assert NOW == scheduled_at({"time": time})


@dataclass(frozen=True)
class Disk:
    """A collector of one's own."""

    source: str

    @classmethod
    def of(cls, given: Given) -> Disk:
        return cls(f"{given.source}/disk")

    def collect(self, now: float) -> list[Event]:
        return [Event(f"disk/{now:.0f}", self.source, "log.v1", AT["time"], {"body": "42 % full"})]


def test_a_collector_of_ones_own(monkeypatch: pytest.MonkeyPatch) -> None:
    """A third collector is one line of the list, and its events are put beside the others'."""
    monkeypatch.setitem(COLLECTORS, "disk", Disk.of)
    trial = Trial(collectors(Given({"CANARY_ENABLED": "true"}, "//f", lambda: NOW)))
    assert (Ledger(2, delivered=2), {}, 0.0, 0) == trial.run()
    assert {"canary/2025-11-24T16:00:00Z", "disk/1764000000"} == {event["id"] for event in trial.put}
