"""The severity of a log, as the OpenTelemetry log data model numbers and names it.

https://opentelemetry.io/docs/specs/otel/logs/data-model/#field-severitynumber
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from msgspec.structs import replace

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pipeline.model import Event

RANGES: Final = ("TRACE", "DEBUG", "INFO", "WARN", "ERROR", "FATAL")
_RANGE_SIZE: Final = 4
NUMBERS: Final = {
    **{name: 1 + _RANGE_SIZE * index for index, name in enumerate(RANGES)},
    "VERBOSE": 1,
    "FINEST": 1,
    "FINE": 5,
    "INFORMATION": 9,
    "INFORMATIONAL": 9,
    "NOTICE": 10,
    "WARNING": 13,
    "ERR": 17,
    "SEVERE": 17,
    "CRIT": 18,
    "CRITICAL": 18,
    "ALERT": 19,
    "PANIC": 21,
    "EMERG": 21,
    "EMERGENCY": 21,
}


def normalise(event: Event) -> Sequence[Event]:
    """The log with both number and name where either is known; an unknown name stays, without a number.

    >>> number_of("warning"), name_of(13)
    (13, 'WARN')
    """
    data = event.data
    text, number = data.get("severity_text"), data.get("severity_number")
    if isinstance(number, float):
        number = int(number)  # JSON Schema takes 9.0 for an integer
    if not isinstance(number, int):
        number = number_of(text) if isinstance(text, str) else None
    if number is None:
        return (event,)
    name = name_of(number)
    if text == name and number is data.get("severity_number"):
        return (event,)
    return (replace(event, data={**data, "severity_number": number, "severity_text": name}),)


def number_of(text: str) -> int | None:
    """The severity number of a name in any case, or None."""
    return NUMBERS.get(text) or NUMBERS.get(text.strip().upper())


def name_of(number: int) -> str:
    """The name of a severity number, 1 to 24; 2, 3 and 4 within a range share its name."""
    index = (number - 1) // _RANGE_SIZE
    return RANGES[index] if 0 <= index < len(RANGES) else RANGES[0 if index < 0 else -1]
