"""Whether targets are up, and how long they took to say so: one `log.v1` event each, at every time of the schedule.

All are checked at once. A target that fails, hangs or has no address has an event that says so, within the bound, and
the events of the others are as if it were not there.

    GET /events?key=https://example.com/        the history of a target: it is the subject of its events
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Final, Self

from pipeline.collectors.at_once import AtOnce, Late
from pipeline.collectors.check import Checked, check
from pipeline.collectors.target import Target, targets
from pipeline.core.times import rfc3339
from pipeline.model import Event

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from pipeline.collectors.collector import Given
    from pipeline.model import Json

# Long for an answer, and short beside the minute between two checks.
CHECK_SECONDS: Final = 5.0
# A check ends by itself within its bound, unless its name is still being resolved.
_GRACE_SECONDS: Final = 0.5


@dataclass(frozen=True)
class Ping:
    """Collector: checks of targets. `clock` is in epoch seconds."""

    targets: Sequence[Target]
    source: str
    clock: Callable[[], float]
    seconds: float = CHECK_SECONDS
    check: Callable[[Target, float], Checked] = check
    at_once: AtOnce[Target] = field(default_factory=AtOnce)

    @classmethod
    def of(cls, given: Given) -> Self:
        """Of the variable PING_TARGETS; without one nothing is checked. Raises Misconfiguration."""
        return cls(targets(given.variables.get("PING_TARGETS", "")), f"{given.source}/ping", given.clock)

    def collect(self, now: float) -> list[Event]:
        """One event for each target, in their order."""
        jobs = {target: partial(self.check, target, self.seconds) for target in self.targets}
        found = self.at_once.run(jobs, self.seconds + _GRACE_SECONDS)
        return [self._event(target, self._outcome(result), now) for target, result in found.items()]

    def _outcome(self, result: Checked | Exception | Late) -> Checked:
        match result:
            case Late(detail):
                return Checked(self.seconds, None, "timeout", detail)
            case Exception():
                return Checked(self.seconds, None, "_OTHER", f"the check failed: {type(result).__name__}")
        return result

    def _event(self, target: Target, outcome: Checked, now: float) -> Event:
        time = rfc3339(now)
        is_up = outcome.error_type is None
        attributes: dict[str, Json] = {
            "server.address": target.host,
            "server.port": target.port,
            "network.transport": "tcp",
            "ping.outcome": "up" if is_up else "down",
            "ping.latency_seconds": round(outcome.seconds, 6),
        }
        if target.scheme != "tcp":
            attributes |= {"url.full": target.text, "url.scheme": target.scheme, "http.request.method": "GET"}
        if outcome.status is not None:
            attributes["http.response.status_code"] = outcome.status
        if outcome.error_type is not None:
            attributes["error.type"] = outcome.error_type
        return Event(
            id=f"ping/{time}/{target.text}",
            source=self.source,
            type="log.v1",
            time=time,
            subject=target.text,
            data={
                "body": f"{target.text} is {'up' if is_up else f'down: {outcome.detail}'} ({outcome.seconds:.3f} s)",
                "severity_text": "INFO" if is_up else "ERROR",
                "severity_number": 9 if is_up else 17,
                "observed_time": rfc3339(self.clock()),
                "attributes": attributes,
            },
        )
