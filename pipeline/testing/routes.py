"""The project's own schemas and routes, tried with data: what would become of events on the stream."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING

from pipeline.core.process import finish, prepare
from pipeline.core.records import read
from pipeline.environment import read_schemas
from pipeline.project import SCHEMAS
from pipeline.routes import process_stages
from pipeline.testing.lambda_events import kinesis_event

if TYPE_CHECKING:
    from pipeline.model import Facts, Json, Processed


def processed(name: str, *data: Json, facts: Facts = MappingProxyType({})) -> Processed:
    """What becomes of events of this type with these data: deliveries and dead letters; else it is dropped.

    Lookups know these facts, and no other.
    """
    stages = process_stages(read_schemas(SCHEMAS))
    events = [
        {
            "specversion": "1.0",
            "id": f"e-{number}",
            "source": "//example",
            "type": name,
            "time": "2026-11-23T10:00:00Z",
            "subject": "key",
            "data": each,
        }
        for number, each in enumerate(data, 1)
    ]
    return finish(prepare(read(kinesis_event(*events)), stages), facts, stages)
