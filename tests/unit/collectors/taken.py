"""What the consumer would say to a collected event."""

from __future__ import annotations

import orjson

from pipeline import routes
from pipeline.core.encode import cloudevent
from pipeline.core.submission import Rules, check
from pipeline.core.validate import compile_schemas
from pipeline.environment import read_schemas
from pipeline.model import Event
from pipeline.project import SCHEMAS

_RULES = Rules(compile_schemas(read_schemas(SCHEMAS)), routes.PROCESS)


def is_taken(event: Event) -> bool:
    """Whether it goes all its way once it is on the stream."""
    return isinstance(check(orjson.loads(orjson.dumps(cloudevent(event))), _RULES, 1_764_000_000.0), Event)
