from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pytest

from pipeline.collectors.canary import Canary, Sighting, Watch
from pipeline.collectors.collector import Given
from pipeline.errors import Misconfiguration, Retryable
from pipeline.model import Event
from tests.unit.collectors.taken import is_taken

if TYPE_CHECKING:
    from collections.abc import Sequence

NOW, SEEN = 1_764_000_000.0, 1_764_000_000.25
EARLIER, OURS, LATER = "2025-11-24T15:59:00Z", "2025-11-24T16:00:00.250000Z", "2025-11-24T16:00:01Z"
(CANARY,) = Canary("//f/canary", lambda: SEEN).collect(NOW)


@dataclass
class Table:
    """What is found, look by look; a time stands for an item that was observed then. The last goes on."""

    looks: list[str | Exception | None]
    asked: list[str] = field(default_factory=list)

    def find(self, event_id: str) -> dict[str, Any] | None:
        self.asked.append(event_id)
        found = self.looks.pop(0) if len(self.looks) > 1 else self.looks[0]
        if isinstance(found, Exception):
            raise found
        return None if found is None else {"id": event_id, "data": {"observed_time": found}}


@dataclass
class Watched:
    """A watch on a table, with time that only passes in its sleep."""

    looks: Sequence[str | Exception | None]
    now: float = 100.0

    def sleep(self, seconds: float) -> None:
        self.now += seconds

    def look(self, since: float = 100.0, left: float = 60.0) -> Sighting:
        self.table = Table([*self.looks])
        watch = Watch(self.table.find, clock=lambda: self.now, sleep=self.sleep)
        return watch.look(CANARY, since, lambda: left - (self.now - 100.0))


def test_the_event() -> None:
    """The canary is named after the time of the schedule; when it was made tells its attempts apart."""
    expected = Event(
        id="canary/2025-11-24T16:00:00Z",
        source="//f/canary",
        type="log.v1",
        time="2025-11-24T16:00:00Z",
        subject="//f/canary",
        data={"body": "canary", "severity_text": "INFO", "severity_number": 9, "observed_time": OURS},
    )
    assert expected == CANARY
    assert is_taken(CANARY)


@pytest.mark.parametrize(
    ("looks", "expected"),
    [
        ([OURS], Sighting(0.0, is_missing=False)),
        ([None, None, OURS], Sighting(0.5, is_missing=False)),
        ([None, LATER], Sighting(0.25, is_missing=False)),
        ([EARLIER, OURS], Sighting(0.25, is_missing=False)),
        ([Retryable("throttled"), OURS], Sighting(0.25, is_missing=False)),
        ([EARLIER], Sighting(None, is_missing=False, detail="not in the results after 30 s")),
        ([None], Sighting(None, is_missing=True, detail="not in the results after 30 s")),
        ([Retryable("throttled")], Sighting(None, is_missing=True, detail="throttled")),
        ([None, Misconfiguration("AccessDenied")], Sighting(None, is_missing=True, detail="AccessDenied")),
    ],
)
def test_looking(looks: list[str | Exception | None], expected: Sighting) -> None:
    """A canary is looked for until this very attempt of it is there; an earlier one shows only that it arrived."""
    watched = Watched(looks)
    assert expected == watched.look()
    assert {"canary/2025-11-24T16:00:00Z"} == {*watched.table.asked}
    assert len(watched.table.asked) <= 121


def test_since_the_put() -> None:
    """The seconds are those since the put was begun."""
    assert Sighting(7.5, is_missing=False) == Watched([OURS]).look(since=92.5)


def test_no_time_left() -> None:
    """It is looked for once, whatever the time left, and not when the invocation is about to end."""
    assert Sighting(0.0, is_missing=False) == Watched([OURS]).look(left=-1)
    watched = Watched([None])
    assert Sighting(None, is_missing=True, detail="not in the results after 1 s") == watched.look(left=1)
    assert 5 == len(watched.table.asked)


@pytest.mark.parametrize(("value", "count"), [("true", 1), ("false", 0)])
def test_the_switch(value: str, count: int) -> None:
    """Switched off, there is no canary."""
    assert count == len(Canary.of(Given({"CANARY_ENABLED": value}, "//f", lambda: SEEN)).collect(NOW))


@pytest.mark.parametrize("variables", [{}, {"CANARY_ENABLED": ""}, {"CANARY_ENABLED": "True"}])
def test_a_wrong_switch(variables: dict[str, str]) -> None:
    """A switch that is neither on nor off is refused."""
    with pytest.raises(Misconfiguration, match="CANARY_ENABLED is not set to true or false"):
        Canary.of(Given(variables, "//f", lambda: SEEN))
