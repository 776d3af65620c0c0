"""What each stage did to one record: the same stages once more, with something that listens between them."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, NamedTuple

from pipeline.core.outlet import Outlet
from pipeline.core.process import Stages, as_it_is, finish, prepare
from pipeline.core.route import where
from pipeline.model import Stage, Unavailable
from pipeline.transforms import field

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from pipeline.cli.trial.facts import Known
    from pipeline.model import Delivery, Event, Facts, Record, Want
    from pipeline.ports import Destination, Enrichment, Transform


class Step(NamedTuple):
    """One call of one part of a stage.

    Args:
        name: of the decoder, transform or destination, as `module.function`.
        before: the event that it was given; None for a decoder.
        after: the events that it gave.
        delivery: what a destination gave.
        is_failed: whether it raised, which ended the record's way.
        wanted: what a lookup wanted, and what became of it: "found", "no such fact", or why it is out of reach.
    """

    stage: Stage
    name: str
    before: Event | None = None
    after: Sequence[Event] = ()
    delivery: Delivery | None = None
    is_failed: bool = False
    wanted: Sequence[tuple[str, str]] = ()


def trace(record: Record, stages: Stages, known: Known) -> list[Step]:
    """Every step of a record that is unpacked already, in order; after one that failed, there is no more."""
    steps: list[Step] = []
    listening = _listening(stages, steps)
    prepared = prepare([record], listening)
    finish(prepared, known.of(prepared.wants), listening)
    return steps


def name_of(step: object) -> str:
    """`module.function`, as a route says it; of what a function has made, the name of that function.

    >>> name_of(name_of), name_of(partial(name_of, 1))
    ('trace.name_of', 'trace.name_of')
    """
    if isinstance(step, where):
        return f"where({name_of(step.predicate)}, {name_of(step.destination)})"
    if isinstance(step, Outlet):
        return f"to_{step.kind}({step.name})"
    step = _made_by(step)
    name = str(getattr(step, "__qualname__", type(step).__qualname__)).partition(".<locals>")[0]
    return f"{str(step.__module__).rpartition('.')[2]}.{name}"


def _made_by(step: object) -> object:
    """What the step is named after: where families of transforms share how it is made, what they made it of."""
    while isinstance(step, partial) or step.__module__ == field.__name__:
        if isinstance(step, partial):
            step = step.func
            continue
        cells = [cell.cell_contents for cell in getattr(step, "__closure__", None) or ()]
        inner = next(filter(callable, cells), None)
        if inner is None:
            break
        step = inner
    return step


def _listening(stages: Stages, steps: list[Step]) -> Stages:
    def decode(record: Record) -> Event:
        event = _heard(Step(Stage.DECODE, name_of(stages.decode)), steps, lambda: stages.decode(record))
        steps.append(Step(Stage.DECODE, name_of(stages.decode), None, (event,)))
        return event

    routes = {
        name: replace(
            route,
            transforms=tuple(_transform(each, steps) for each in route.transforms),
            lookups=tuple(_Lookup(each, steps) for each in route.lookups),
            then=tuple(_transform(each, steps) for each in route.then),
            destinations=tuple(_destination(each, steps) for each in route.destinations),
        )
        for name, route in stages.routes.items()
    }
    return replace(stages, decode=decode, routes=routes, unpack=as_it_is)


@dataclass(frozen=True)
class _Lookup:
    """A lookup that says what it wanted and what it did."""

    lookup: Enrichment
    steps: list[Step]

    @property
    def kind(self) -> str:
        return self.lookup.kind

    @property
    def name(self) -> str:
        return self.lookup.name

    def wants(self, event: Event) -> Sequence[Want]:
        return _heard(self._step(event), self.steps, lambda: tuple(self.lookup.wants(event)))

    def enrich(self, event: Event, facts: Facts) -> Event:
        step = self._step(event)._replace(wanted=[_wanted(each, facts) for each in self.lookup.wants(event)])
        after = _heard(step, self.steps, lambda: self.lookup.enrich(event, facts))
        self.steps.append(step._replace(after=(after,)))
        return after

    def _step(self, event: Event) -> Step:
        return Step(Stage.ENRICH, f"{self.kind} {self.name}".rstrip(), event)


def _wanted(want: Want, facts: Facts) -> tuple[str, str]:
    fact = facts.get(want)
    if isinstance(fact, Unavailable):
        return want.key, fact.detail
    return want.key, "no such fact" if fact is None else "found"


def _transform(transform: Transform, steps: list[Step]) -> Transform:
    def listening(event: Event) -> Sequence[Event]:
        after = _heard(Step(Stage.TRANSFORM, name_of(transform), event), steps, lambda: tuple(transform(event)))
        steps.append(Step(Stage.TRANSFORM, name_of(transform), event, after))
        return after

    return listening


def _destination(destination: Destination, steps: list[Step]) -> Destination:
    def listening(record: Record, event: Event) -> Delivery | None:
        delivery = _heard(Step(Stage.ROUTE, name_of(destination), event), steps, lambda: destination(record, event))
        steps.append(Step(Stage.ROUTE, name_of(destination), event, delivery=delivery))
        return delivery

    return listening


def _heard[T](step: Step, steps: list[Step], call: Callable[[], T]) -> T:
    """The answer; when there is none, that is a step too."""
    try:
        return call()
    except Exception:
        steps.append(step._replace(is_failed=True))
        raise
