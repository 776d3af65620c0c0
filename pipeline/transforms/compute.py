"""A field made of others. The functions here reject what they cannot take; an exception in your own is a bug.

What is computed has a bound like all else: an integer of 64 bits, a number that is finite, a text of 1 MiB.
"""

from __future__ import annotations

import math
import operator
from typing import TYPE_CHECKING, Final

from pipeline.errors import Rejection
from pipeline.model import Reason
from pipeline.transforms.cast import INT64
from pipeline.transforms.field import with_data
from pipeline.transforms.path import MISSING, compiled, kind, unfit
from pipeline.transforms.setting import check_callable, wrong

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from pipeline.model import Event, Json
    from pipeline.ports import Transform
    from pipeline.transforms.path import Path

MAX_TEXT_CHARACTERS: Final = 1024 * 1024
# A number is at most this long as text, whatever it is.
_LIKE_TEXT: Final = (str, int, float)


def compute(into: str, function: Callable[..., Json], *of: str) -> Transform:
    """A field is what the function makes of these fields; where one of them is absent, the event stays as it is.

    The function is given one value for each field, must always give the same for the same, and change none of them.
    Raises Rejection, when what it gives is out of bounds, and what the function raises.

    >>> after(compute("/total", multiply, "/price", "/count"), {"price": 2.5, "count": 4})
    [{'price': 2.5, 'count': 4, 'total': 10.0}]
    """
    target = compiled(into)
    check_callable("function", function)
    sources = [compiled(each) for each in of]
    if not sources:
        raise wrong("no field is named of which to compute; name them, or use shape.default for a constant")

    def transform(event: Event) -> Sequence[Event]:
        values: list[Json] = []
        for source in sources:
            value = source.get(event.data)
            if value is MISSING:
                return (event,)
            values.append(value)
        return with_data(event, target.put(event.data, _bounded(target, function(*values))))

    return transform


def add(*values: Json) -> Json:
    """The sum.

    >>> add(1, 2.5)
    3.5
    """
    return _folded(operator.add, values)


def subtract(*values: Json) -> Json:
    """The first less all others.

    >>> subtract(5, 2, 1)
    2
    """
    return _folded(operator.sub, values)


def multiply(*values: Json) -> Json:
    """The product.

    >>> multiply(2, 3)
    6
    """
    return _folded(operator.mul, values)


def divide(*values: Json) -> Json:
    """The first divided by all others. Raises Rejection for a division by zero.

    >>> divide(5, 2)
    2.5
    """
    return _folded(operator.truediv, values)


def join(separator: str) -> Callable[..., Json]:
    """Texts and numbers one after the other, with the separator between them.

    >>> join("-")("a", 1)
    'a-1'
    """

    def joined(*values: Json) -> Json:
        for value in values:
            if not isinstance(value, _LIKE_TEXT) or isinstance(value, bool):
                raise Rejection(Reason.REJECTED_BY_TRANSFORM, f"{kind(value)} is neither text nor a number")
        return separator.join(map(str, values))

    return joined


def lower(value: Json) -> Json:
    """A text in lower case.

    >>> lower("Ada")
    'ada'
    """
    return _text(value).lower()


def upper(value: Json) -> Json:
    """A text in upper case.

    >>> upper("Ada")
    'ADA'
    """
    return _text(value).upper()


def strip(value: Json) -> Json:
    r"""A text without the blanks around it.

    >>> strip(" Ada\n")
    'Ada'
    """
    return _text(value).strip()


def length(value: Json) -> Json:
    """How many characters, elements or fields there are.

    >>> length("Ada"), length([1, 2]), length({})
    (3, 2, 0)
    """
    if isinstance(value, str | list | dict):
        return len(value)
    raise Rejection(Reason.REJECTED_BY_TRANSFORM, f"{kind(value)} has no length")


def _folded(operation: Callable[[float, float], float], values: Sequence[Json]) -> Json:
    numbers = [_number(value) for value in values]
    made = numbers[0]
    for number in numbers[1:]:
        try:
            made = operation(made, number)
        except (ZeroDivisionError, OverflowError):
            raise Rejection(Reason.NUMBER_OUT_OF_RANGE, "a division by zero, or a number without end") from None
        if isinstance(made, int) and made not in INT64:
            raise Rejection(Reason.NUMBER_OUT_OF_RANGE, "an integer of more than 64 bits is computed")
    return made


def _number(value: Json) -> float:
    if isinstance(value, int | float) and not isinstance(value, bool):
        return value
    raise Rejection(Reason.REJECTED_BY_TRANSFORM, f"{kind(value)} is no number")


def _text(value: Json) -> str:
    if isinstance(value, str):
        return value
    raise Rejection(Reason.REJECTED_BY_TRANSFORM, f"{kind(value)} is no text")


def _bounded(target: Path, value: Json) -> Json:
    if isinstance(value, float) and not math.isfinite(value):
        raise unfit(target, "a number without end is computed", Reason.NUMBER_OUT_OF_RANGE)
    if isinstance(value, int) and value not in INT64:
        raise unfit(target, "an integer of more than 64 bits is computed", Reason.NUMBER_OUT_OF_RANGE)
    if isinstance(value, str) and len(value) > MAX_TEXT_CHARACTERS:
        raise unfit(target, f"a text of more than {MAX_TEXT_CHARACTERS} characters is computed", Reason.TOO_LARGE)
    return value
