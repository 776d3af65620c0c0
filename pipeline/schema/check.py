"""A folder of schemas, and what was released of it → all that is to be said, in lines to act on."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Any, NamedTuple

from pipeline.core import bus_types, event_type
from pipeline.errors import InputError, WrongDeclaration
from pipeline.schema.compatibility import compare
from pipeline.schema.document import parse
from pipeline.schema.lint import lint, structure

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping


class Said(NamedTuple):
    """One line about one type.

    Args:
        type: the event type, or the name of the file without `.json`.
        pointer: where in the schema; empty for all of it.
        text: what it is, and what to do.
        breaks: who breaks by an edit, sorted; empty where nobody does, and for what has nothing to do with edits.
        is_fault: whether it has to be changed.
    """

    type: str
    pointer: str
    text: str
    breaks: tuple[str, ...] = ()
    is_fault: bool = True

    def __str__(self) -> str:
        """As one line."""
        return f"{self.type}{self.pointer and f' {self.pointer}'}: {self.text}"


def check(files: Mapping[str, bytes], before: Mapping[str, bytes]) -> list[Said]:
    """What is wrong with the schemas (type to content of its file), alone and against those of a release.

    Raises InputError when a released one cannot be read: then there is nothing to compare with.
    """
    said = [each for name in sorted(files.keys() | before.keys()) for each in _type(name, files, before)]
    return [*said, *_shared(files)]


def _type(name: str, files: Mapping[str, bytes], before: Mapping[str, bytes]) -> Iterator[Said]:
    if name not in files:
        yield Said(
            name,
            "",
            "was released, and its schema is gone: its events would become dead letters; put it back, and let a new "
            f"version live beside it as {event_type.next_version(name)}",
            ("readers", "writers"),
        )
        return
    try:
        schema = parse(name, files[name])
    except InputError as error:
        yield Said(name, "", str(error))
        return
    faults = [Said(name, each.pointer, each.text) for each in lint(name, schema)]
    yield from faults
    if name in before and not structure(schema):
        yield from _edits(name, _released(name, before[name]), schema)


def _shared(files: Mapping[str, bytes]) -> Iterator[Said]:
    """Events of EventBridge that two types have; what is wrong with a schema alone is told with it."""
    found: dict[tuple[str, str], str] = {}
    for name, content in sorted(files.items()):
        with suppress(InputError, WrongDeclaration):
            for event in bus_types.declared(name, parse(name, content)):
                if event in found:
                    yield Said(name, f"/{bus_types.KEYWORD}", bus_types.shared(event, found[event]))
                found.setdefault(event, name)


def _released(name: str, content: bytes) -> dict[str, Any]:
    try:
        schema = parse(name, content)
    except InputError as error:
        raise InputError(f"as it was released, {error}; compare with a later revision (--against)") from None
    if broken := structure(schema):
        raise InputError(
            f"as it was released, {name}.json cannot be read: {broken[0]}; compare with a later revision (--against)"
        )
    return schema


def _edits(name: str, old: dict[str, Any], new: dict[str, Any]) -> Iterator[Said]:
    for change in compare(old, new):
        what = f"{change.what}: {change.edit}"
        if not change.breaks:
            yield Said(name, change.pointer, f"{what}; compatible", is_fault=False)
            continue
        who = " and ".join(sorted(change.breaks, reverse=True))
        yield Said(
            name,
            change.pointer,
            f"{what}; breaks {who}; take it back, and make {event_type.next_version(name)} beside it",
            tuple(sorted(change.breaks)),
        )
