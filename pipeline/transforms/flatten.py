"""Objects within objects → one object with longer names. No value is lost: an empty object stays as it is."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from pipeline.model import Reason
from pipeline.transforms.field import changed
from pipeline.transforms.path import Path, compiled, kind, unfit
from pipeline.transforms.setting import check_text

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pipeline.model import Json
    from pipeline.ports import Transform

# A name is repeated for each field below it, so a record of 1 MiB can be made that has names of gigabytes.
MAX_NAMES_CHARACTERS: Final = 1024 * 1024


def flatten(pointer: str = "", separator: str = ".") -> Transform:
    """An object has the fields of all objects in it, each under its path; lists stay as they are.

    Raises Rejection when it is no object, when two fields come to have one name, and when the names become too long.

    >>> after(flatten("/http"), {"http": {"request": {"method": "GET", "size": 3}}})
    [{'http': {'request.method': 'GET', 'request.size': 3}}]
    """
    path = compiled(pointer, whole=True)
    check_text("separator", separator)

    def change(value: Json) -> Json:
        if not isinstance(value, dict):
            raise unfit(path, f"it is {kind(value)}, not an object")
        if not any(isinstance(each, dict) and each for each in value.values()):
            return value
        return _flat(path, value, separator)

    return changed(path, change)


def _flat(path: Path, value: dict[str, Json], separator: str) -> dict[str, Json]:
    fields: dict[str, Json] = {}
    room = MAX_NAMES_CHARACTERS
    for names, each in _leaves(value):
        room -= sum(map(len, names)) + len(separator) * len(names)
        if room < 0:
            raise unfit(path, f"the names come to more than {MAX_NAMES_CHARACTERS} characters", Reason.TOO_LARGE)
        name = separator.join(names)
        if name in fields:
            raise unfit(path, f"two fields come to have the name {name[:64]!r}")
        fields[name] = each
    return fields


def _leaves(value: dict[str, Json]) -> Iterator[tuple[list[str], Json]]:
    """Every value that is no object with fields, with the names on the way to it, in order."""
    names: list[str] = []
    open_objects = [iter(value.items())]
    while open_objects:
        name, each = next(open_objects[-1], (None, None))
        if name is None:
            open_objects.pop()
            del names[-1:]
        elif isinstance(each, dict) and each:
            names.append(name)
            open_objects.append(iter(each.items()))
        else:
            yield [*names, name], each
