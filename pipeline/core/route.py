"""A route: what is done with the events of one type, and where they go."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from pipeline.model import Delivery, Event, Record

type Transform = Callable[[Event], Sequence[Event]]
"""One event in; none (dropped), one or many out. Raises Rejection for what can never be transformed."""

type Destination = Callable[[Record, Event], Delivery]
"""Encodes an event for one sink. Raises Rejection for what the sink can never hold."""


@dataclass(frozen=True, slots=True)
class Route:
    """The way of one event type: transforms in order, then every destination."""

    transforms: Sequence[Transform]
    destinations: Sequence[Destination]

    def transform(self, event: Event) -> Sequence[Event]:
        """What the transforms make of the event, in order."""
        events: Sequence[Event] = (event,)
        for step in self.transforms:
            events = [out for each in events for out in step(each)]
        return events
