"""The schemas and routes to run with: the registered ones, and a route that is tried in place of one of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pipeline.cli import event_type
from pipeline.cli.trial.route import imported
from pipeline.core import change
from pipeline.core.bus_types import bus_types
from pipeline.core.log_line import LOG_TYPE
from pipeline.errors import InputError
from pipeline.project import SCHEMAS
from pipeline.schema.document import parse, read_folder

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path
    from typing import Any

    from pipeline.cli.trial.route import Tried
    from pipeline.core.process import Stages

# Where `relay_changes` would leave what is too large to travel.
_CLAIMS_BUCKET = "dry-run"


def read_schemas(folder: Path) -> dict[str, dict[str, Any]]:
    """The schema of each type. Raises InputError."""
    return {name: parse(name, content) for name, content in read_folder(folder).items()}


def type_of(given: str | None, tried: Tried | None, schemas: Mapping[str, object]) -> str | None:
    """The type of lines that do not say it; None for the usual one. Raises InputError for one without a schema."""
    name = given or (tried.type if tried else None)
    if name is None and tried is not None:
        raise InputError(f"{tried.place} has no TYPE; say with --type which events it is for")
    if name is not None and tried is not None and name not in schemas:
        raise InputError(
            f"{name} has no schema; write schemas/{name}.json (`pipeline schema infer` proposes one), "
            "or name the folder that it is in with --schemas"
        )
    return None if name is None else event_type.check(name, sorted(schemas))


def check() -> None:
    """See that functions can start with the schemas and routes of this checkout.

    Raises InputError or WrongDeclaration.
    """
    schemas = read_schemas(SCHEMAS)
    stages(schemas, LOG_TYPE, None)
    bus_types(schemas)


def stages(schemas: Mapping[str, dict[str, Any]], name: str, tried: Tried | None) -> tuple[Stages, Stages]:
    """Those of `process` and of `relay_changes`. Raises InputError or WrongDeclaration."""
    routes = imported("pipeline.routes")
    own = {**routes.PROCESS, **({name: tried.route} if tried else {})}
    known = {each: schema for each, schema in schemas.items() if each in own or not tried}
    changes = {change.TYPE: schemas.get(change.TYPE) or read_schemas(SCHEMAS)[change.TYPE]}
    try:
        return routes.process_stages(known, routes=own), routes.relay_changes_stages(changes, _CLAIMS_BUCKET)
    except ValueError as error:
        raise InputError(f"a schema is none ({error}); `pipeline schema check` says which") from None
