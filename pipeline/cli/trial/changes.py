"""Two JSON values → where they differ, each place by its JSON pointer (RFC 6901)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from pipeline.core.violation import pointer

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pipeline.model import Json


class Absent:
    """What is not there, where None is JSON's null."""


ABSENT: Final = Absent()


class Change(NamedTuple):
    """One place, what was there before, and what is there after."""

    pointer: str
    before: Json | Absent
    after: Json | Absent

    def as_json(self) -> dict[str, Json]:
        """The same as JSON; what is absent is left out."""
        sides = (("before", self.before), ("after", self.after))
        return {"pointer": self.pointer} | {name: side for name, side in sides if not isinstance(side, Absent)}


def changes(before: Json | Absent, after: Json | Absent, at: str = "") -> Iterator[Change]:
    """What differs, as deep as it can be told, in the order of `before`.

    >>> [str(each.pointer) for each in changes({"a": {"b": 1}, "c": [1]}, {"a": {"b": 2}, "c": [1, 2]})]
    ['/a/b', '/c/1']
    """
    if isinstance(before, dict) and isinstance(after, dict):
        for name in [*before, *(each for each in after if each not in before)]:
            yield from changes(before.get(name, ABSENT), after.get(name, ABSENT), at + pointer(name))
    elif isinstance(before, list) and isinstance(after, list):
        for index in range(max(len(before), len(after))):
            yield from changes(_item(before, index), _item(after, index), at + pointer(index))
    elif type(before) is not type(after) or before != after:
        yield Change(at, before, after)


def _item(values: list[Json], index: int) -> Json | Absent:
    return values[index] if index < len(values) else ABSENT
