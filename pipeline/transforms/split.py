"""One event → one for each element of a list.

Its id is that of the event and the element's index, so every redelivery makes the same events, and in the order of
time and id they follow one another: `a-1` becomes `a-1#0000`, `a-1#0001`. All have the position of their record: they
are acknowledged together, and when one of them can never be delivered, the record is a dead letter as a whole.
"""

from __future__ import annotations

from hashlib import sha256
from typing import TYPE_CHECKING, Final

import orjson
from msgspec.structs import replace

from pipeline.core.decode import MAX_ID_BYTES
from pipeline.model import Reason
from pipeline.transforms.path import MISSING, compiled, kind, unfit
from pipeline.transforms.setting import check_whole

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pipeline.model import Event, Json
    from pipeline.ports import Transform
    from pipeline.transforms.path import Path

MAX_PARTS: Final = 10_000
# What is beside the list is in every part, so a record of 1 MiB can be made that becomes gigabytes.
MAX_PARTS_BYTES: Final = 8 * 1024 * 1024
_INDEX_DIGITS: Final = len(str(MAX_PARTS - 1))


def split(pointer: str, into: str | None = None, *, most: int = 1_000) -> Transform:
    """One event for each element of a list, which has it in place of the list, or in another ("": as all of its data).

    An empty list leaves the event as it is. Raises Rejection for what is no list, has more elements than `most`, or
    would come to more than 8 MiB.

    >>> after(split("/items", "/item"), {"order": 7, "items": ["pen", "ink"]})
    [{'order': 7, 'item': 'pen'}, {'order': 7, 'item': 'ink'}]
    """
    source = compiled(pointer)
    target = source if into is None else compiled(into, whole=True)
    check_whole("most", most, least=1, most=MAX_PARTS)

    def transform(event: Event) -> Sequence[Event]:
        elements = source.get(event.data)
        if elements is MISSING or elements is None or elements == []:
            return (event,)
        if not isinstance(elements, list):
            raise unfit(source, f"it is {kind(elements)}, not a list")
        if len(elements) > most:
            raise unfit(source, f"the list has {len(elements)} elements, more than {most}", Reason.TOO_LARGE)
        rest = _rest(event.data, source, target)
        if len(elements) * len(orjson.dumps(rest)) > MAX_PARTS_BYTES:
            raise unfit(source, f"the parts come to more than {MAX_PARTS_BYTES} bytes", Reason.TOO_LARGE)
        return [
            replace(event, id=part_id(event.id, index), data=target.put(rest, element))
            for index, element in enumerate(elements)
        ]

    return transform


def _rest(data: dict[str, Json], source: Path, target: Path) -> dict[str, Json]:
    """What all parts have in common; the element is put into it."""
    if target == source:
        return source.put(data, None)
    return source.without(data) if target.parts else {}


def part_id(event_id: str, index: int) -> str:
    """The id of a part; of one that were too long, its digest.

    >>> part_id("a-1", 7)
    'a-1#0007'
    """
    name = f"{event_id}#{index:0{_INDEX_DIGITS}}"
    return name if len(name.encode()) <= MAX_ID_BYTES else sha256(name.encode()).hexdigest()
