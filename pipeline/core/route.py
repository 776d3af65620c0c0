"""A route: what is done with the events of one type, and where they go.

    transforms ▸ lookups ▸ then ▸ destinations

What an event is looked up by is told after the transforms, so what shall not be kept, such as an address, is masked by
`then`, after the lookups. There the facts can be transformed too.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import chain
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from pipeline.model import Delivery, Event, Facts, Record, Want
    from pipeline.ports import Destination, Enrichment, Transform


@dataclass(frozen=True, slots=True)
class Route:
    """The way of one event type: transforms in order, lookups in one go, transforms again, then every destination."""

    transforms: Sequence[Transform]
    destinations: Sequence[Destination]
    lookups: Sequence[Enrichment] = ()
    then: Sequence[Transform] = ()

    def transform(self, event: Event) -> Sequence[Event]:
        """What the transforms make of the event, in order; even generators have run when it returns."""
        return _in_order(self.transforms, event)

    def wants(self, event: Event) -> Iterator[Want]:
        """What is to be looked up for a transformed event."""
        return chain.from_iterable(lookup.wants(event) for lookup in self.lookups)

    def enrich(self, event: Event, facts: Facts) -> Sequence[Event]:
        """What the facts and the transforms after them make of a transformed event.

        Raises Retryable while a fact is unavailable that the event cannot be without.
        """
        for lookup in self.lookups:
            event = lookup.enrich(event, facts)
        return _in_order(self.then, event)

    def fault(self) -> str | None:
        """What cannot be right about it, with the remedy; None when it can."""
        for name, steps, is_one, kind in (
            ("transforms", self.transforms, callable, "a function, such as timestamps.to_utc"),
            ("lookups", self.lookups, _is_lookup, 'a lookup, such as deployment(into="/deployment")'),
            ("then", self.then, callable, "a function, such as mask.emails"),
            ("destinations", self.destinations, callable, "a function, such as archive_line"),
        ):
            if not isinstance(steps, tuple):
                return f"{name} is {steps!r}; set it to a tuple, with a comma where there is one: (timestamps.to_utc,)"
            for place, step in enumerate(steps):
                if not is_one(step):
                    return f"{name}[{place}] is {step!r}; set it to {kind}"
        if not self.destinations:
            return "destinations are none; name at least one, such as archive_line, or nothing is kept of its events"
        return None


@dataclass(frozen=True, slots=True)
class where:  # noqa: N801 - a route reads it as a word: where(between("/severity", 7), to_topic("AlertsTopic"))
    """A destination of only those events of which the predicate is true; what goes nowhere is dropped, and counted."""

    predicate: Callable[[Event], bool]
    destination: Destination

    def __call__(self, record: Record, event: Event) -> Delivery | None:
        """What the destination makes of the event, or nothing."""
        return self.destination(record, event) if self.predicate(event) else None


def _in_order(steps: Sequence[Transform], event: Event) -> Sequence[Event]:
    events: Sequence[Event] = (event,)
    for step in steps:
        events = step(events[0]) if len(events) == 1 else [out for each in events for out in step(each)]
    return tuple(events)


def _is_lookup(step: object) -> bool:
    return callable(getattr(step, "wants", None)) and callable(getattr(step, "enrich", None))
