"""A route: what is done with the events of one type, and where they go."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pipeline.model import Event
    from pipeline.ports import Destination, Transform


@dataclass(frozen=True, slots=True)
class Route:
    """The way of one event type: transforms in order, then every destination."""

    transforms: Sequence[Transform]
    destinations: Sequence[Destination]

    def transform(self, event: Event) -> Sequence[Event]:
        """What the transforms make of the event, in order; even generators have run when it returns."""
        events: Sequence[Event] = (event,)
        for step in self.transforms:
            events = step(events[0]) if len(events) == 1 else [out for each in events for out in step(each)]
        return tuple(events)

    def fault(self) -> str | None:
        """What cannot be right about it, with the remedy; None when it can."""
        for name, steps in (("transforms", self.transforms), ("destinations", self.destinations)):
            if not isinstance(steps, tuple):
                return f"{name} is {steps!r}; set it to a tuple, with a comma where there is one: (timestamps.to_utc,)"
            for place, step in enumerate(steps):
                if not callable(step):
                    return f"{name}[{place}] is {step!r}; set it to a function, such as timestamps.to_utc"
        if not self.destinations:
            return "destinations are none; name at least one, such as archive_line, or nothing is kept of its events"
        return None
