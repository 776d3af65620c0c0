"""What a transform of one field has in common with another.

A field that is absent or null leaves the event as it is, and so does a change that makes the same of it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec.structs import replace

from pipeline.transforms.path import MISSING, compiled, kind, unfit

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from pipeline.model import Event, Json
    from pipeline.ports import Transform
    from pipeline.transforms.path import Path


def with_data(event: Event, data: dict[str, Json]) -> Sequence[Event]:
    """The event with other data, or the same event with the same data."""
    return (event,) if data is event.data else (replace(event, data=data),)


def changed(source: Path, change: Callable[[Json], Json], into: Path | None = None) -> Transform:
    """What `change` makes of the value at the source, put in its place, or into another."""
    target = source if into is None else into

    def transform(event: Event) -> Sequence[Event]:
        value = source.get(event.data)
        if value is MISSING or value is None:
            return (event,)
        made = change(value)
        if made is value and target is source:
            return (event,)
        return with_data(event, target.put(event.data, made))

    return transform


def read_text(pointer: str, into: str | None, read: Callable[[Path, str], Json], most: int) -> Transform:
    """What is read from a text of at most so many characters, put in its place, or into another.

    Raises Rejection for any other value, and what `read` raises.
    """
    source = compiled(pointer)

    def change(value: Json) -> Json:
        if not isinstance(value, str):
            raise unfit(source, f"it is {kind(value)}, not text")
        if len(value) > most:
            raise unfit(source, f"it has {len(value)} characters; more than {most} are not read")
        return read(source, value)

    return changed(source, change, None if into is None else compiled(into))
