"""An event that travels the whole pipeline at every time of the schedule, and whether it arrived.

It is an event like any other: put onto the stream, processed, and looked for in the results table by its id until it is
there or the time is up. So a pipeline without traffic still says that it works, and how long a record takes.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final, Self

from pipeline.core.times import rfc3339
from pipeline.errors import Misconfiguration, Retryable
from pipeline.model import Event

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from pipeline.collectors.collector import Given
    from pipeline.model import Json
    from pipeline.ports import Remaining

# Its name among the collectors.
CANARY: Final = "canary"
# A canary takes two seconds: the batch window, a poll and a write. This is long after a cold start or a throttle.
WATCH_SECONDS: Final = 30.0
# Ten reads of half a unit for a canary that arrives in time.
INTERVAL_SECONDS: Final = 0.25
_ENABLED: Final = {"true": True, "false": False}


@dataclass(frozen=True)
class Canary:
    """Collector: one event, or none when it is switched off. `clock` is in epoch seconds."""

    source: str
    clock: Callable[[], float]
    is_enabled: bool = True

    @classmethod
    def of(cls, given: Given) -> Self:
        """Of the variable CANARY_ENABLED, `true` or `false`. Raises Misconfiguration."""
        enabled = _ENABLED.get(given.variables.get("CANARY_ENABLED", ""))
        if enabled is None:
            raise Misconfiguration(
                "environment variable CANARY_ENABLED is not set to true or false; the template sets it for the function"
            )
        return cls(f"{given.source}/canary", given.clock, enabled)

    def collect(self, now: float) -> list[Event]:
        """The canary. Its observed_time tells one attempt of a schedule from the next: they share everything else."""
        if not self.is_enabled:
            return []
        at = rfc3339(now)
        data: dict[str, Json] = {
            "body": "canary",
            "severity_text": "INFO",
            "severity_number": 9,
            "observed_time": rfc3339(self.clock()),
        }
        return [Event(f"canary/{at}", self.source, "log.v1", at, data, subject=self.source)]


@dataclass(frozen=True, slots=True)
class Sighting:
    """Whether a canary was seen: seconds from put to stored, or None; and what stood in the way."""

    seconds: float | None
    is_missing: bool
    detail: str = ""


@dataclass(frozen=True)
class Watch:
    """Looks for an event in the results table.

    Args:
        find: an event by its id, or None; raises Retryable or Misconfiguration.
        clock: seconds that never go back.
        sleep: waits that many seconds.
    """

    find: Callable[[str], Mapping[str, Any] | None]
    clock: Callable[[], float] = time.monotonic
    sleep: Callable[[float], None] = time.sleep
    seconds: float = WATCH_SECONDS

    def look(self, event: Event, since: float, remaining: Remaining) -> Sighting:
        """Look until the event is there, or the time is up; at least once.

        What an earlier attempt of the same schedule left there shows that the event arrived, but not how fast.

        Args:
            event: what was put.
            since: when that was begun, by the watch's clock.
            remaining: the time left of the invocation.
        """
        is_there, detail = False, ""
        while True:
            try:
                found = self.find(event.id)
            except Retryable as error:
                found, detail = None, str(error)
            except Misconfiguration as error:
                return Sighting(None, is_missing=True, detail=str(error))
            now = self.clock()
            if found is not None:
                is_there = True
                if _observed(found["data"]) >= _observed(event.data):
                    return Sighting(now - since, is_missing=False)
            if now - since >= self.seconds or remaining() <= 0:
                return Sighting(None, not is_there, detail or f"not in the results after {now - since:.0f} s")
            self.sleep(INTERVAL_SECONDS)


def _observed(data: Mapping[str, Any]) -> datetime:
    return datetime.fromisoformat(data["observed_time"])
