"""The option that names event types: those that have a schema, and the closest one for a slip of the pen."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pipeline.core.event_type import closest
from pipeline.core.violation import compiled
from pipeline.errors import InputError
from pipeline.project import SCHEMAS
from pipeline.schema.document import parse

if TYPE_CHECKING:
    from pathlib import Path

    import click
    import jsonschema_rs


def known(schemas: Path = SCHEMAS) -> list[str]:
    """The types that the project ships, by their files `<type>.json`."""
    return sorted(path.stem for path in schemas.glob("*.json"))


def check(name: str, types: list[str]) -> str:
    """The name, if there is such a type. Raises InputError."""
    if name in types:
        return name
    meant = closest(name, types)
    hint = f"; did you mean {meant}?" if meant else ""
    raise InputError(f"there is no event type {name!r}{hint} (known: {', '.join(types) or 'none'})")


def validator(name: str, schemas: Path = SCHEMAS) -> jsonschema_rs.Draft202012Validator:
    """What data of a type that the project ships must follow. Raises InputError."""
    try:
        return compiled(parse(name, (schemas / f"{name}.json").read_bytes()))
    except ValueError:
        raise InputError(f"{name}.json is no schema; `pipeline schema check` says why") from None


def one(_context: click.Context, _parameter: click.Parameter, value: str) -> str:
    """A click callback for one type."""
    return check(value, known())


def several(_context: click.Context, _parameter: click.Parameter, values: tuple[str, ...]) -> frozenset[str]:
    """A click callback for any number of types."""
    return frozenset(check(value, known()) for value in values)
