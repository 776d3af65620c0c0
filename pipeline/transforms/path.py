"""Where a field lies in the data of an event: a JSON pointer (RFC 6901), compiled once.

    /body                            a field
    /attributes/http.request.method  a name may have dots, as those of OpenTelemetry do
    /a~1b/c~0d                       a / in a name is written ~1, and a ~ is written ~0
    /items/0/price                   the first of a list

It is the form in which violations of a schema are told too. What changes a value copies the objects on the way to it,
and shares everything else.
"""

from __future__ import annotations

from enum import Enum
from typing import TYPE_CHECKING, Final, NamedTuple

from pipeline.errors import Rejection
from pipeline.model import Reason
from pipeline.transforms.setting import wrong

if TYPE_CHECKING:
    from pipeline.model import Json

MAX_PARTS: Final = 32
MAX_CHARACTERS: Final = 1024
_MAX_INDEX_DIGITS: Final = 9


class Missing(Enum):
    """What stands where no value is; JSON's null is a value."""

    MISSING = "missing"


MISSING: Final = Missing.MISSING


class Path(NamedTuple):
    """A compiled JSON pointer; without parts it is the whole of the data."""

    parts: tuple[str, ...]

    def __str__(self) -> str:
        return "".join(f"/{part.replace('~', '~0').replace('/', '~1')}" for part in self.parts)

    def get(self, data: dict[str, Json]) -> Json | Missing:
        """The value, or MISSING.

        >>> compiled("/a/1").get({"a": ["x", "y"]}), compiled("/b").get({})
        ('y', <Missing.MISSING: 'missing'>)
        """
        value: Json = data
        for part in self.parts:
            if isinstance(value, dict):
                if part not in value:
                    return MISSING
                value = value[part]
            elif isinstance(value, list) and (index := _index(part, value)) is not None:
                value = value[index]
            else:
                return MISSING
        return value

    def put(self, data: dict[str, Json], value: Json) -> dict[str, Json]:
        """The data with the value there; objects that are not there on the way are made.

        Raises Rejection, where something else than an object is in the way.

        >>> compiled("/a/b").put({"c": 1}, 2)
        {'c': 1, 'a': {'b': 2}}
        """
        made = self._put(data, 0, value)
        if not isinstance(made, dict):
            raise unfit(self, f"an object is needed for the whole of the data, not {kind(made)}")
        return made

    def without(self, data: dict[str, Json]) -> dict[str, Json]:
        """The data without the value there, which is there.

        >>> compiled("/a/b").without({"a": {"b": 1}})
        {'a': {}}
        """
        *above, last = self.parts
        parent = Path(tuple(above))
        inside = parent.get(data)
        if isinstance(inside, list):
            index = int(last)
            return parent.put(data, inside[:index] + inside[index + 1 :])
        left = dict(inside) if isinstance(inside, dict) else {}
        del left[last]
        return parent.put(data, left)

    def _put(self, inside: Json, depth: int, value: Json) -> Json:
        if depth == len(self.parts):
            return value
        part = self.parts[depth]
        if isinstance(inside, dict):
            return {**inside, part: self._put(inside.get(part, {}), depth + 1, value)}
        if isinstance(inside, list) and (index := _index(part, inside)) is not None:
            copy = [*inside]
            copy[index] = self._put(inside[index], depth + 1, value)
            return copy
        what = "a list without that index" if isinstance(inside, list) else kind(inside)
        raise unfit(Path(self.parts[:depth]), f"it is {what}, so nothing can be put into it")


def compiled(pointer: str, *, whole: bool = False) -> Path:
    """The path of a pointer; "", the whole of the data, only where that is `whole`. Raises WrongDeclaration."""
    if pointer == "" and whole:
        return Path(())
    if not str(pointer).startswith("/") or len(pointer) > MAX_CHARACTERS:
        raise wrong(f"{str(pointer)[:MAX_CHARACTERS]!r} is no place in the data; write it as /body or /attributes/a.b")
    if "~" in pointer.replace("~0", "").replace("~1", ""):
        raise wrong(f"{pointer!r} has a ~ that stands for nothing; write ~0 for ~ and ~1 for / within a name")
    parts = tuple(part.replace("~1", "/").replace("~0", "~") for part in pointer[1:].split("/"))
    if len(parts) > MAX_PARTS:
        raise wrong(f"{pointer!r} has {len(parts)} parts; at most {MAX_PARTS} are allowed")
    return Path(parts)


def unfit(path: Path, what: str, reason: Reason = Reason.REJECTED_BY_TRANSFORM) -> Rejection:
    """The rejection of an event for what is there; it says the place and what is wrong, and nothing of the value."""
    return Rejection(reason, f"{str(path) or 'the data'}: {what}")


def kind(value: Json) -> str:
    """What a value is, in the words of JSON.

    >>> kind(None), kind(True), kind(1.5), kind("x"), kind([]), kind({})
    ('null', 'a boolean', 'a number', 'text', 'a list', 'an object')
    """
    return _KINDS[type(value)]


def _index(part: str, inside: list[Json]) -> int | None:
    is_number = (
        part.isascii() and part.isdecimal() and len(part) <= _MAX_INDEX_DIGITS and (part == "0" or part[0] != "0")
    )
    return index if is_number and (index := int(part)) < len(inside) else None


_KINDS: Final = {
    type(None): "null",
    bool: "a boolean",
    int: "a number",
    float: "a number",
    str: "text",
    list: "a list",
    dict: "an object",
}
