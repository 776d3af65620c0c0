"""What can be asked of an event. Any function from an event to true or false is a predicate; here are the usual ones.

Of a field that is absent, all but `not_` answer false.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pipeline.transforms.path import MISSING, compiled
from pipeline.transforms.setting import check_callable, check_json, wrong

if TYPE_CHECKING:
    from collections.abc import Callable

    from pipeline.model import Event, Json

    type Predicate = Callable[[Event], bool]


def exists(pointer: str) -> Predicate:
    """Whether the field is there; null is there.

    >>> after(keep_if(exists("/user")), {"user": None})
    [{'user': None}]
    """
    path = compiled(pointer)
    return lambda event: path.get(event.data) is not MISSING


def equals(pointer: str, *values: Json) -> Predicate:
    """Whether the field is one of these values; true is not 1.

    >>> after(drop_if(equals("/level", "debug", "trace")), {"level": "debug"})
    []
    """
    path = compiled(pointer)
    if not values:
        raise wrong("no value is named; name those that the field may have")
    for value in values:
        check_json("value", value)

    def answer(event: Event) -> bool:
        value = path.get(event.data)
        return any(value == each and isinstance(value, bool) is isinstance(each, bool) for each in values)

    return answer


def between(pointer: str, least: float | None = None, below: float | None = None) -> Predicate:
    """Whether the field is a number that is not under `least`, and under `below`.

    >>> after(drop_if(between("/status", 200, 300)), {"status": 200})
    []
    """
    path = compiled(pointer)
    if least is None and below is None:
        raise wrong("neither least nor below is set; set one of them")

    def answer(event: Event) -> bool:
        value = path.get(event.data)
        if not isinstance(value, int | float) or isinstance(value, bool):
            return False
        return (least is None or value >= least) and (below is None or value < below)

    return answer


def contains(pointer: str, *texts: str) -> Predicate:
    """Whether the field is a text with one of these texts in it, or a list that has one.

    >>> after(drop_if(contains("/path", "/health", "/ready")), {"path": "/v1/health"})
    []
    """
    path = compiled(pointer)
    if not texts or not all(texts):
        raise wrong("no text is named, or an empty one; name those to look for")

    def answer(event: Event) -> bool:
        value = path.get(event.data)
        return isinstance(value, str | list) and any(each in value for each in texts)

    return answer


def not_(predicate: Predicate) -> Predicate:
    """Whether it is false.

    >>> after(keep_if(not_(exists("/debug"))), {"debug": 1})
    []
    """
    check_callable("predicate", predicate)
    return lambda event: not predicate(event)


def all_of(*predicates: Predicate) -> Predicate:
    """Whether all are true.

    >>> after(drop_if(all_of(exists("/a"), exists("/b"))), {"a": 1})
    [{'a': 1}]
    """
    check_callable("predicates", *predicates)
    return lambda event: all(predicate(event) for predicate in predicates)


def any_of(*predicates: Predicate) -> Predicate:
    """Whether one is true.

    >>> after(drop_if(any_of(exists("/a"), exists("/b"))), {"a": 1})
    []
    """
    check_callable("predicates", *predicates)
    return lambda event: any(predicate(event) for predicate in predicates)
