"""A schema file → the schema; or one line with the file and what to do. A key that is there twice is found."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final

from pipeline.core import event_type
from pipeline.errors import InputError

if TYPE_CHECKING:
    from pathlib import Path

# Far above any schema that a person wrote, and far below what would take a function's memory.
MAX_FILE_BYTES: Final = 256 * 1024


def read_folder(folder: Path) -> dict[str, bytes]:
    """The files `<type>.json` of a folder, by type. Raises InputError when there is none."""
    if not folder.is_dir():
        raise InputError(f"there is no folder {folder}; name the one that holds the schemas with --schemas")
    files = {path.name.removesuffix(".json"): path.read_bytes() for path in sorted(folder.glob("*.json"))}
    if not files:
        raise InputError(f"there is no schema in {folder}; `pipeline new orders.v1` writes one")
    return files


def parse(name: str, content: bytes) -> dict[str, Any]:
    """The schema in a file of this name. Raises InputError."""
    if not event_type.is_name(name):
        raise InputError(f"{name}.json is not named after an event type; one is {event_type.FORM}")
    if len(content) > MAX_FILE_BYTES:
        raise InputError(f"{name}.json has {len(content)} bytes; the limit is {MAX_FILE_BYTES}")
    try:
        schema = json.loads(content, object_pairs_hook=_object, parse_constant=_refuse)
    except (ValueError, RecursionError) as error:
        raise InputError(f"{name}.json is not JSON: {error}") from None
    if not isinstance(schema, dict):
        raise InputError(f"{name}.json is not a JSON object; a schema of events is one")
    return schema


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise ValueError(f"key {twice!r} is there twice in one object; keep one")
    return found


def _refuse(name: str) -> None:
    raise ValueError(f"{name} is no number of JSON")
