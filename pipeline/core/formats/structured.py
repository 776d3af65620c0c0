"""NDJSON: each line is a JSON object. It is the body as an object, which can be asked for by field.

Only JSON that is kept exactly is taken apart: an object with a number that readers change is the body as text. An
object with `specversion` is an event already.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import orjson

from pipeline.core.decode import parse as parse_json
from pipeline.core.formats.parsed import from_fields
from pipeline.errors import InputError, Rejection
from pipeline.model import Reason

if TYPE_CHECKING:
    from pipeline.core.formats.parsed import LocalTime, Parsed
    from pipeline.core.lines import Line
    from pipeline.model import Json


def parse(line: Line, local: LocalTime) -> Parsed:
    """A record that is a JSON object. Raises InputError, when it is none."""
    fields, inexact = _object(line.content)
    parsed, _ = from_fields(fields, local, line.content.decode() if inexact else fields)
    return parsed._replace(fields=fields, is_event="specversion" in fields, inexact=inexact)


def _object(content: bytes) -> tuple[dict[str, Json], str | None]:
    """The object, and which of its numbers is not exact."""
    inexact = None
    try:
        value = parse_json(content)
    except Rejection as rejection:
        if rejection.reason is not Reason.NUMBER_OUT_OF_RANGE:
            raise InputError(rejection.detail, rejection.reason) from None
        inexact = rejection.detail
        try:
            value = orjson.loads(content)
        except orjson.JSONDecodeError:  # beyond every float, too
            raise InputError(inexact, Reason.NUMBER_OUT_OF_RANGE) from None
    if not isinstance(value, dict):
        raise InputError("a JSON value that is no object")
    return value, inexact
