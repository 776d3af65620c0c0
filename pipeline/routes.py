"""What happens to each event type. Adding a type is one file in `schemas/` and one line here."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from pipeline.core import change, decode, unpack
from pipeline.core.encode import archive_line, entity_state, event_item, stream_entry
from pipeline.core.process import Stages
from pipeline.core.route import Route
from pipeline.core.validate import compile_schemas
from pipeline.transforms import mask, severity, timestamps
from pipeline.transforms.filter import drop_below

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

PROCESS: Final[Mapping[str, Route]] = {
    "log.v1": Route(
        transforms=(timestamps.to_utc, severity.normalise, drop_below(severity.NUMBERS["DEBUG"]), mask.emails),
        destinations=(event_item(keep_days=30), archive_line),
    ),
    "change.v1": Route(
        transforms=(timestamps.to_utc,),
        destinations=(event_item(keep_days=365), entity_state(keep_tombstone_days=90), archive_line),
    ),
}

RELAY_CHANGES: Final[Mapping[str, Route]] = {
    change.TYPE: Route(transforms=(), destinations=(stream_entry,)),
}


def process_stages(schemas: Mapping[str, dict[str, Any]], claims_bucket: str = "") -> Stages:
    """The stages of the function `process`; without a claims bucket no reference is followed."""
    return Stages(decode.decode, compile_schemas(schemas), PROCESS, unpack.unpack, claims_bucket)


def relay_changes_stages(schemas: Mapping[str, dict[str, Any]]) -> Stages:
    """The stages of the function `relay_changes`."""
    return Stages(change.decode, compile_schemas({change.TYPE: schemas[change.TYPE]}), RELAY_CHANGES)
