"""What a line says of itself, and the values that several kinds of lines have."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pipeline.model import Json

INVOCATION_ID: Final = "faas.invocation_id"
ERROR: Final = "ERROR"
_MEBIBYTE: Final = 1024 * 1024
# A thousand years in milliseconds; so no number without end passes.
_LEAST_ABSURD: Final = 3.2e13
_TRACE: Final = re.compile(r"(?:Root=)?1-([0-9a-f]{8})-([0-9a-f]{24})(?:;.{0,256})?")
_SPAN: Final = re.compile(r"[0-9a-f]{16}")


class Said(NamedTuple):
    """What a line says.

    Args:
        attributes: to add.
        fields: of the log record, to be replaced: body, severity_text, trace_id, span_id.
    """

    attributes: Mapping[str, Json] = {}
    fields: Mapping[str, Json] = {}


def seconds(millis: Json) -> Json:
    """Milliseconds, a number or text, as seconds to the microsecond; of anything else None.

    >>> seconds("201.67"), seconds(3000), seconds("soon")
    (0.20167, 3.0, None)
    """
    number = _number(millis)
    return None if number is None else round(number / 1000, 6)


def mebibytes(count: Json) -> Json:
    """What Lambda calls MB, in bytes; of anything else None.

    >>> mebibytes("128"), mebibytes(None)
    (134217728, None)
    """
    number = _number(count)
    return None if number is None else int(number * _MEBIBYTE)


def trace_id(of_xray: Json) -> str | None:
    """A trace of X-Ray as W3C names it (X-Ray developer guide, "Trace ID format").

    >>> trace_id("1-5759e988-bd862e3fe1be46a994272793"), trace_id("Root=1-5759e988-bd862e3fe1be46a994272793;Sampled=1")
    ('5759e988bd862e3fe1be46a994272793', '5759e988bd862e3fe1be46a994272793')
    """
    match = _TRACE.fullmatch(of_xray) if isinstance(of_xray, str) else None
    return match and match[1] + match[2]


def span_id(of_xray: Json) -> str | None:
    """A segment of X-Ray as W3C names it: the same."""
    return of_xray if isinstance(of_xray, str) and _SPAN.fullmatch(of_xray) else None


def known(**fields: Json) -> dict[str, Json]:
    """Those that are known."""
    return {name: value for name, value in fields.items() if value is not None}


def _number(value: Json) -> float | None:
    if isinstance(value, str):
        try:
            value = float(value)
        except ValueError:
            return None
    if not isinstance(value, int | float) or isinstance(value, bool):
        return None
    return value if 0 <= value < _LEAST_ABSURD else None
