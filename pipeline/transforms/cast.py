"""Values of one JSON type → another, or a Rejection: nothing is guessed, and nothing is cut off.

integer   2.0, "2", "-2"                 not 2.5, "2.5", "1_000", " 2", true
number    2, "2.5", "1e3"                not "nan", "inf", ""
boolean   "true", "FALSE", "1", 0        not 2, "yes"
string    2.5 → "2.5", true → "true"     a list or an object becomes JSON text
"""

from __future__ import annotations

import math
import re
from typing import TYPE_CHECKING, Final, Literal

import orjson

from pipeline.model import Reason
from pipeline.transforms.field import changed
from pipeline.transforms.path import compiled, kind, unfit
from pipeline.transforms.setting import check_choice

if TYPE_CHECKING:
    from collections.abc import Callable

    from pipeline.model import Json
    from pipeline.ports import Transform

type Type = Literal["integer", "number", "boolean", "string"]

INT64: Final = range(-(2**63), 2**63)
_INTEGER: Final = re.compile(r"[+-]?+\d{1,19}", re.ASCII)
_NUMBER: Final = re.compile(r"[+-]?+(?:\d{1,40}+(?:\.\d{0,40}+)?+|\.\d{1,40}+)(?:[eE][+-]?+\d{1,4})?+", re.ASCII)
_BOOLEANS: Final[dict[Json, bool]] = {"true": True, "false": False, "1": True, "0": False}


def cast(pointer: str, to: Type) -> Transform:
    """A field has another type: "integer", "number", "boolean" or "string". Raises Rejection for what is none.

    >>> after(cast("/status", "integer"), {"status": "404"})
    [{'status': 404}]
    """
    path = compiled(pointer)
    check_choice("to", to, CASTS)
    read = CASTS[to]

    def change(value: Json) -> Json:
        made = read(value)
        if made is None:
            raise unfit(path, f"this {kind(value).removeprefix('a ').removeprefix('an ')} is no {to}")
        if isinstance(made, int) and made not in INT64:
            raise unfit(path, "an integer of more than 64 bits", Reason.NUMBER_OUT_OF_RANGE)
        return made

    return changed(path, change)


def _integer(value: Json) -> Json:
    if isinstance(value, bool):
        return None
    if isinstance(value, int):
        return value
    if isinstance(value, float):
        return int(value) if value.is_integer() else None
    return int(value) if isinstance(value, str) and _INTEGER.fullmatch(value) else None


def _number(value: Json) -> Json:
    if isinstance(value, int | float):
        return None if isinstance(value, bool) else value
    if not isinstance(value, str) or not _NUMBER.fullmatch(value):
        return None
    if _INTEGER.fullmatch(value):
        return int(value)
    number = float(value)
    return number if math.isfinite(number) else None


def _boolean(value: Json) -> Json:
    if isinstance(value, bool):
        return value
    if isinstance(value, str):
        return _BOOLEANS.get(value.lower())
    return bool(value) if isinstance(value, int | float) and value in (0, 1) else None


def _string(value: Json) -> Json:
    return value if isinstance(value, str) else orjson.dumps(value).decode()


CASTS: Final[dict[str, Callable[[Json], Json]]] = {
    "integer": _integer,
    "number": _number,
    "boolean": _boolean,
    "string": _string,
}
