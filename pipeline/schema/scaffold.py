"""A type → the files to begin with: a schema, a route, a test. They pass every check as they are."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final

from pipeline.core import event_type
from pipeline.errors import InputError
from pipeline.schema.proposal import proposal

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

_BEGINNING: Final = {
    "required": ["id"],
    "properties": {"id": {"description": "What it is known by.", "type": "string", "minLength": 1}},
}

_ROUTE: Final = '''"""{name}: found by id and by key for 30 days, and archived."""

from typing import Final

from pipeline.core.encode import archive_line, event_item
from pipeline.core.route import Route
from pipeline.transforms import timestamps

TYPE: Final = "{name}"

ROUTE: Final = Route(
    transforms=(timestamps.to_utc,),
    destinations=(event_item(keep_days=30), archive_line),
)
'''

_TEST: Final = '''"""What becomes of {name}."""

from pipeline.environment import read_schemas
from pipeline.model import Item, Line, Reason
from pipeline.project import SCHEMAS
from pipeline.testing.routes import processed

TYPE = "{name}"
SCHEMA = read_schemas(SCHEMAS)[TYPE]


def test_where_it_goes() -> None:
    """Every example is found in the table and in the archive."""
    found = processed(TYPE, *SCHEMA["examples"])
    assert [] == found.dead_letters
    assert [Item, Line] * len(SCHEMA["examples"]) == [type(each) for each in found.deliveries]


def test_what_is_refused() -> None:
    """Data that break the schema become dead letters, and nothing of them is delivered."""
    data = [each["value"] for each in SCHEMA["x-invalid-examples"] if isinstance(each["value"], dict)]
    found = processed(TYPE, *data)
    assert [] == found.deliveries
    assert [Reason.SCHEMA_INVALID] * len(data) == [each.reason for each in found.dead_letters]
'''


def text_of(schema: Mapping[str, Any]) -> str:
    """A schema as the text of its file."""
    return f"{json.dumps(schema, indent=2, ensure_ascii=False)}\n"


def beginning(name: str) -> dict[str, Any]:
    """A schema to begin with."""
    return proposal(name, f"Say here what an event {name} is.", _BEGINNING)


def files(name: str, schema: Mapping[str, Any]) -> dict[str, str]:
    """The files of a new type, by their places in a checkout."""
    module = event_type.module_name(name)
    return {
        f"schemas/{name}.json": text_of(schema),
        f"pipeline/routes/{module}.py": _ROUTE.format(name=name),
        f"tests/unit/routes/test_{module}.py": _TEST.format(name=name),
    }


def write(root: Path, contents: Mapping[str, str]) -> None:
    """Write the files, or none. Raises InputError when one of them is there."""
    check_free(root, contents)
    for place, content in contents.items():
        path = root / place
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("x", encoding="utf-8") as file:
            file.write(content)


def check_free(root: Path, places: Mapping[str, object]) -> None:
    """Raise InputError when one of the files is there."""
    if taken := [place for place in places if (root / place).exists()]:
        raise InputError(f"nothing is overwritten, and there is {', '.join(taken)}; take another name or version")
