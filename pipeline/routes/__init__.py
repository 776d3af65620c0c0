"""What happens to each event type: a file here for each, found at import. Adding one changes none of the others.

    schemas/orders.v1.json        what an event of the type looks like
    pipeline/routes/orders_v1.py  TYPE = "orders.v1"; ROUTE = Route(transforms in order, then destinations)

`pipeline new orders.v1` writes both. A declaration that cannot be right fails here, at import, so that no function
starts with it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from pipeline.core import change, decode, unpack
from pipeline.core.encode import stream_entry
from pipeline.core.process import Stages
from pipeline.core.route import Route
from pipeline.core.validate import compile_schemas
from pipeline.routes._declared import check_schemas, declared
from pipeline.transforms import own_writes

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

PROCESS: Final[Mapping[str, Route]] = declared(__path__, __name__)


def process_stages(
    schemas: Mapping[str, dict[str, Any]], claims_bucket: str = "", routes: Mapping[str, Route] = PROCESS
) -> Stages:
    """The stages of the function `process`; without a claims bucket no reference is followed.

    Raises WrongDeclaration when a type has a schema, but no route.
    """
    check_schemas(schemas, routes)
    return Stages(decode.decode, compile_schemas(schemas), routes, unpack.unpack, claims_bucket)


def relay_changes_stages(
    schemas: Mapping[str, dict[str, Any]], claims_bucket: str = "", results_table: str = ""
) -> Stages:
    """The stages of the function `relay_changes`; without a claims bucket every change travels whole, or not at all."""
    route = Route(transforms=(own_writes.drop,), destinations=(stream_entry(claims_bucket=claims_bucket),))
    validators = compile_schemas({change.TYPE: schemas[change.TYPE]})
    return Stages(change.decode, validators, {change.TYPE: route}, check=change.check_source(results_table))
