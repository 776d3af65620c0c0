"""What the consumer would say to a collected event."""

from __future__ import annotations

from typing import TYPE_CHECKING

import orjson

from pipeline import routes
from pipeline.core.encode import cloudevent
from pipeline.core.submission import Ready, Rules, check
from pipeline.core.validate import compile_schemas
from pipeline.environment import read_schemas
from pipeline.project import SCHEMAS

if TYPE_CHECKING:
    from pipeline.model import Event

_RULES = Rules(compile_schemas(read_schemas(SCHEMAS)), routes.PROCESS)


def is_taken(event: Event) -> bool:
    """Whether it goes all its way once it is on the stream."""
    return isinstance(check(orjson.loads(orjson.dumps(cloudevent(event))), _RULES, 1_764_000_000.0), Ready)
