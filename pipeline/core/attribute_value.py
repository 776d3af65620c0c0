"""DynamoDB AttributeValues and JSON values, both ways, in two dialects.

plain   `from_json` and `to_json`: what arrived as JSON is stored natively and read back as JSON.
tagged  `tagged` and `untagged`: a table's image as JSON without loss. What JSON holds exactly is plain; the rest is
        an object with one tag: `{"@number": "0.1234567890123456789"}`, `{"@binary": "<base64>"}`, `{"@set": [...]}`.
        An item's own map that looks like a tag is wrapped: `{"@map": {...}}`. `untagged(tagged(image))` is the image.

Limits are DynamoDB's (developer guide, "Constraints"): 38 digits, magnitudes from 1E-130 to below 1E+126, 32 levels.
"""

from __future__ import annotations

import base64
import math
import re
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING, Any, Final

import orjson

from pipeline.errors import Rejection
from pipeline.model import Reason

if TYPE_CHECKING:
    from collections.abc import Callable

    from pipeline.model import AttributeValue, Image, Json

MAX_DEPTH: Final = 32
MAX_DIGITS: Final = 38
_LARGEST: Final = Decimal("9.9999999999999999999999999999999999999E+125")
_SMALLEST: Final = Decimal("1E-130")
_MAX_NUMBER_CHARACTERS: Final = 200
_NUMBER: Final = re.compile(r"-?[0-9]+(\.[0-9]+)?([eE][+-]?[0-9]+)?")
_INT64: Final = range(-(2**63), 2**63)
TAGS: Final = frozenset({"@number", "@binary", "@set", "@map"})


# plain ----------------------------------------------------------------------------------------------------------------


def from_json(value: Json, depth: int = 1) -> AttributeValue:
    """The AttributeValue of a JSON value at the given level of an item.

    Raises Rejection: `too_deep`, `number_out_of_range`, `schema_invalid` for an empty name, which no item can have.
    """
    if isinstance(value, dict):
        if depth >= MAX_DEPTH or "" in value:
            _check_depth(depth)
            _check_names(value)
        inner = depth + 1
        # Most values are text: what is not called for them is most of the time.
        return {"M": {name: {"S": e} if type(e) is str else from_json(e, inner) for name, e in value.items()}}
    if isinstance(value, list):
        _check_depth(depth)
        return {"L": [from_json(each, depth + 1) for each in value]}
    if type(value) is int and value in _INT64:
        return {"N": str(value)}
    return _from_scalar(value)


def _from_scalar(value: Json) -> AttributeValue:
    if isinstance(value, str):
        return {"S": value}
    if isinstance(value, bool):
        return {"BOOL": value}
    return {"N": _number_text(value)} if isinstance(value, (int, float)) else {"NULL": True}


def to_json(value: AttributeValue) -> Json:
    """The JSON value to show for an AttributeValue: sets become lists, binary base64, inexact numbers strings."""
    ((kind, content),) = value.items()
    match kind:
        case "N":
            exact = _exact_number(content)
            return content if exact is None else exact
        case "B":
            return _base64(content)
        case "NS" | "SS" | "BS":
            return [to_json({kind[0]: each}) for each in content]
        case "M":
            return {name: to_json(each) for name, each in content.items()}
        case "L":
            return [to_json(each) for each in content]
    return _scalar(kind, content)


def image_json(image: Image) -> bytes:
    """An item as DynamoDB reads it in a request: JSON, with binary in base64."""
    # Adding what JSON passes over copies it to its size: the bytes that orjson returns take up four times as much.
    return orjson.dumps(image, default=_base64) + b"\n"


# tagged ---------------------------------------------------------------------------------------------------------------


def tagged_image(image: Image) -> dict[str, Json]:
    """A whole item, tagged. The item's own attribute names stay as they are."""
    return {name: tagged(value) for name, value in image.items()}


def tagged(value: AttributeValue) -> Json:
    """The lossless JSON form of an AttributeValue; binary may be bytes (boto3) or base64 text (Lambda's JSON)."""
    ((kind, content),) = value.items()
    match kind:
        case "N":
            exact = _exact_number(content)
            return {"@number": content} if exact is None else exact
        case "B":
            return {"@binary": _base64(content)}
        case "NS" | "SS" | "BS":
            return {"@set": [tagged({kind[0]: each}) for each in content]}
        case "M":
            inner = tagged_image(content)
            return {"@map": inner} if len(inner) == 1 and TAGS.issuperset(inner) else inner
        case "L":
            return [tagged(each) for each in content]
    return _scalar(kind, content)


def untagged_image(image: dict[str, Json], depth: int = 1) -> dict[str, AttributeValue]:
    """The item that `tagged_image` was given."""
    _check_names(image)
    return {name: untagged(value, depth) for name, value in image.items()}


def untagged(value: Json, depth: int = 1) -> AttributeValue:
    """The AttributeValue that `tagged` was given; numbers may differ in form, never in value.

    Raises Rejection: `schema_invalid` for a tag with the wrong content and for an empty name, `too_deep`,
    `number_out_of_range`.
    """
    if isinstance(value, dict):
        if len(value) == 1:
            ((name, content),) = value.items()
            read = _UNTAG.get(name)
            if read is not None:
                return read(content, depth)
        return _untag_map(value, depth)
    if isinstance(value, list):
        _check_depth(depth)
        return {"L": [untagged(each, depth + 1) for each in value]}
    return from_json(value, depth)


def _untag_number(content: Json, _depth: int) -> AttributeValue:
    if not isinstance(content, str) or len(content) > _MAX_NUMBER_CHARACTERS or not _NUMBER.fullmatch(content):
        raise Rejection(Reason.SCHEMA_INVALID, "@number must hold a number as text")
    try:
        number = Decimal(content)
    except InvalidOperation:
        raise Rejection(Reason.NUMBER_OUT_OF_RANGE, "@number has an exponent that no number has") from None
    _check_number(number)
    return {"N": content}


def _untag_binary(content: Json, _depth: int) -> AttributeValue:
    try:
        return {"B": base64.b64decode(content, validate=True)}  # type: ignore[arg-type] # a TypeError is caught
    except (TypeError, ValueError):
        raise Rejection(Reason.SCHEMA_INVALID, "@binary must hold base64 text") from None


def _untag_set(content: Json, depth: int) -> AttributeValue:
    _check_depth(depth - 1)  # a set counts as a scalar
    members = [untagged(each, depth + 1) for each in content] if isinstance(content, list) else []
    kinds = {kind for member in members for kind in member}
    if len(kinds) != 1 or not kinds <= {"S", "N", "B"}:
        raise Rejection(Reason.SCHEMA_INVALID, "@set must hold strings, or numbers, or binaries, at least one")
    (kind,) = kinds
    return {f"{kind}S": [member[kind] for member in members]}


def _untag_map(content: Json, depth: int) -> AttributeValue:
    if not isinstance(content, dict):
        raise Rejection(Reason.SCHEMA_INVALID, "@map must hold an object")
    _check_depth(depth)
    return {"M": untagged_image(content, depth + 1)}


# numbers and scalars --------------------------------------------------------------------------------------------------


def _exact_number(text: str) -> int | float | None:
    """The JSON number with exactly this value, if a 64-bit integer or a float has it."""
    number = Decimal(text)
    if number == number.to_integral_value() and abs(number) < 2**64 and (whole := int(number)) in _INT64:
        return whole
    approximate = float(text)
    return approximate if math.isfinite(approximate) and Decimal(repr(approximate)) == number else None


def _number_text(value: float) -> str:
    if isinstance(value, int):
        if abs(value) > _LARGEST:
            raise Rejection(Reason.NUMBER_OUT_OF_RANGE, "a number lies outside ±9.99E+125")
    elif not math.isfinite(value):
        raise Rejection(Reason.NUMBER_OUT_OF_RANGE, "NaN and infinities are not numbers in JSON or DynamoDB")
    text = repr(value)
    _check_number(Decimal(text))
    return text


def _check_number(number: Decimal) -> None:
    if not number.is_finite() or (number and not _SMALLEST <= number.copy_abs() <= _LARGEST):
        raise Rejection(Reason.NUMBER_OUT_OF_RANGE, "a number lies outside ±1E-130 … ±9.99E+125")
    if len("".join(map(str, number.as_tuple().digits)).rstrip("0")) > MAX_DIGITS:
        raise Rejection(Reason.NUMBER_OUT_OF_RANGE, f"a number has more than {MAX_DIGITS} digits")


def _check_depth(depth: int) -> None:
    if depth >= MAX_DEPTH:
        raise Rejection(Reason.TOO_DEEP, f"data is nested deeper than the {MAX_DEPTH} levels of an item")


def _check_names(value: dict[str, Json]) -> None:
    if "" in value:
        raise Rejection(Reason.SCHEMA_INVALID, "an attribute has an empty name")


def _base64(content: bytes | str) -> str:
    return content if isinstance(content, str) else base64.b64encode(content).decode("ascii")


def _scalar(kind: str, content: Any) -> Json:  # noqa: ANN401 - the kind says what it is
    if kind == "NULL":
        return None
    if kind in {"S", "BOOL"}:
        scalar: Json = content
        return scalar
    raise ValueError(f"{kind} is not a kind of AttributeValue")


def size_bytes(image: Image) -> int:
    """An upper bound of the item's size as DynamoDB counts it (developer guide, "Item sizes and formats")."""
    return sum(len(name.encode()) + _value_bytes(value) for name, value in image.items())


def bound_bytes(value: Json) -> int:
    """What a JSON value weighs at most in an item, plain or untagged, before it is made one.

    Twice its JSON: text is no shorter in JSON, and what weighs more in an item than in JSON is a small number or an
    empty object in a list, which take 4 bytes there instead of 2 or 3 (a digit alone takes 3 instead of 1).
    """
    return 2 * len(orjson.dumps(value)) + 1


def _value_bytes(value: AttributeValue) -> int:
    ((kind, content),) = value.items()
    match kind:
        case "S" | "B":
            return len(content.encode() if isinstance(content, str) else content)
        case "N":
            return len(content) // 2 + 3
        case "M":
            return 3 + len(content) + size_bytes(content)
        case "L" | "SS" | "NS" | "BS":
            members = content if kind == "L" else [{kind[0]: each} for each in content]
            return 3 + sum(1 + _value_bytes(each) for each in members)
    return 1


_UNTAG: Final[dict[str, Callable[[Json, int], AttributeValue]]] = {
    "@number": _untag_number,
    "@binary": _untag_binary,
    "@set": _untag_set,
    "@map": _untag_map,
}
