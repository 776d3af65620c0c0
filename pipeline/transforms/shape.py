"""Where fields stand. What already stands at a target is replaced, but for `merge`, which cannot know what it meets."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from msgspec.structs import replace

from pipeline.transforms.field import with_data
from pipeline.transforms.path import MISSING, Path, compiled, kind, unfit
from pipeline.transforms.setting import check_choice, check_json, check_text, wrong

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pipeline.model import Event, Json
    from pipeline.ports import Transform

type Wins = Literal["neither", "source", "target"]


def rename(pointer: str, name: str) -> Transform:
    """A field of an object has another name, at the same place among its neighbours.

    >>> after(rename("/user/mail", "email"), {"user": {"mail": "a@b.de", "id": 1}})
    [{'user': {'email': 'a@b.de', 'id': 1}}]
    """
    path = compiled(pointer)
    check_text("name", name)
    *above, old = path.parts
    parent = Path(tuple(above))

    def transform(event: Event) -> Sequence[Event]:
        inside = parent.get(event.data)
        if not isinstance(inside, dict) or old not in inside or old == name:
            return (event,)
        renamed = {name if each == old else each: value for each, value in inside.items() if each != name}
        return with_data(event, parent.put(event.data, renamed))

    return transform


def move(pointer: str, into: str) -> Transform:
    """A field stands somewhere else. Raises Rejection, where something else than an object is in the way.

    >>> after(move("/level", "/log/level"), {"level": "info"})
    [{'log': {'level': 'info'}}]
    """
    source, target = compiled(pointer), compiled(into)
    if _is_within(source, target) or _is_within(target, source):
        raise wrong(f"{pointer!r} and {into!r} lie one within the other; name a place beside it")

    def transform(event: Event) -> Sequence[Event]:
        value = source.get(event.data)
        return (event,) if value is MISSING else with_data(event, target.put(source.without(event.data), value))

    return transform


def copy(pointer: str, into: str) -> Transform:
    """A field stands somewhere else too. Raises Rejection, where something else than an object is in the way.

    >>> after(copy("/id", "/order/id"), {"id": 7})
    [{'id': 7, 'order': {'id': 7}}]
    """
    source, target = compiled(pointer), compiled(into)
    if _is_within(target, source):
        raise wrong(f"{into!r} lies within {pointer!r}; name a place beside it")

    def transform(event: Event) -> Sequence[Event]:
        value = source.get(event.data)
        return (event,) if value is MISSING else with_data(event, target.put(event.data, value))

    return transform


def delete(*pointers: str) -> Transform:
    """Fields are gone.

    >>> after(delete("/debug", "/user/password"), {"user": {"id": 1, "password": "x"}})
    [{'user': {'id': 1}}]
    """
    paths = [compiled(pointer) for pointer in pointers]
    if not paths:
        raise wrong("no field is named; name what is to be deleted")

    def transform(event: Event) -> Sequence[Event]:
        data = event.data
        for path in paths:
            if path.get(data) is not MISSING:
                data = path.without(data)
        return with_data(event, data)

    return transform


def default(pointer: str, value: Json) -> Transform:
    """A field that is absent has this value; null is a value. Raises Rejection, where something is in the way.

    >>> after(default("/attributes/stage", "live"), {"body": "x"})
    [{'body': 'x', 'attributes': {'stage': 'live'}}]
    """
    path = compiled(pointer)
    check_json("value", value)

    def transform(event: Event) -> Sequence[Event]:
        return with_data(event, path.put(event.data, value) if path.get(event.data) is MISSING else event.data)

    return transform


def merge(pointer: str, into: str = "", *, wins: Wins = "neither") -> Transform:
    """The fields of an object are put into another, by default the whole of the data, and the object is gone.

    Raises Rejection when one of the two is no object; and when both have a field and neither `wins`.

    >>> after(merge("/parsed"), {"body": "x", "parsed": {"user": 1}})
    [{'body': 'x', 'user': 1}]
    """
    source, target = compiled(pointer), compiled(into, whole=True)
    check_choice("wins", wins, ("neither", "source", "target"))
    if _is_within(target, source):
        raise wrong(f"{into!r} lies within {pointer!r}; name a place beside it")

    def transform(event: Event) -> Sequence[Event]:
        fields = source.get(event.data)
        if fields is MISSING:
            return (event,)
        data = source.without(event.data)
        known = target.get(data)
        ours, theirs = _object(source, fields), _object(target, {} if known is MISSING else known)
        if wins == "neither" and (both := ours.keys() & theirs.keys()):
            raise unfit(source, f"{len(both)} of its fields are there already, such as {min(both)[:64]!r}")
        return (replace(event, data=target.put(data, {**ours, **theirs} if wins == "target" else {**theirs, **ours})),)

    return transform


def _object(path: Path, value: Json) -> dict[str, Json]:
    if not isinstance(value, dict):
        raise unfit(path, f"it is {kind(value)}, not an object")
    return value


def _is_within(inner: Path, outer: Path) -> bool:
    return inner.parts[: len(outer.parts)] == outer.parts
