"""Transforms of transforms: steps that run only for some events, and what is done instead of a dead letter."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pipeline.errors import Rejection
from pipeline.transforms.setting import check_callable, wrong

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pipeline.model import Event
    from pipeline.ports import Transform
    from pipeline.transforms.predicate import Predicate


def chain(*steps: Transform) -> Transform:
    """Several transforms in order, as one.

    >>> after(chain(rename("/a", "b"), rename("/b", "c")), {"a": 1})
    [{'c': 1}]
    """
    if not steps:
        raise wrong("no step is named; name the transforms to run")
    check_callable("steps", *steps)

    def transform(event: Event) -> Sequence[Event]:
        events: Sequence[Event] = (event,)
        for step in steps:
            events = [out for each in events for out in step(each)]
        return events

    return transform


def when(predicate: Predicate, *steps: Transform) -> Transform:
    """Steps for the events of which the predicate is true; any other stays as it is.

    >>> after(when(equals("/kind", "order"), delete("/card")), {"kind": "order", "card": 1})
    [{'kind': 'order'}]
    """
    check_callable("predicate", predicate)
    inner = chain(*steps)
    return lambda event: inner(event) if predicate(event) else (event,)


def attempt(*steps: Transform, otherwise: Transform | None = None) -> Transform:
    """Steps whose rejection is no dead letter: the event stays as it was before them, or goes `otherwise`.

    >>> after(attempt(json_text("/body"), otherwise=tag("no-json", at="/tags")), {"body": "hello"})
    [{'body': 'hello', 'tags': ['no-json']}]
    """
    inner = chain(*steps)
    if otherwise is not None:
        check_callable("otherwise", otherwise)

    def transform(event: Event) -> Sequence[Event]:
        try:
            return inner(event)
        except Rejection:
            return (event,) if otherwise is None else otherwise(event)

    return transform
