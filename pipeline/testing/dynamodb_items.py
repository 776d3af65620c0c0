"""What DynamoDB takes as an item, written down on its own: nothing of it is shared with the code that is tested.

Limits are the developer guide's, "Constraints in Amazon DynamoDB" and "Item sizes and formats"; DynamoDB Local refuses
the same.
"""

from __future__ import annotations

import base64
import json
import re
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final

import orjson

from pipeline.testing.aws_errors import aws_error

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from pipeline.model import Image

MAX_ITEM_BYTES: Final = 400 * 1024
MAX_KEY_BYTES: Final = {"pk": 2048, "sk": 1024}
MAX_LEVELS: Final = 32
MAX_DIGITS: Final = 38
_LARGEST: Final = Decimal("9.9999999999999999999999999999999999999E+125")
_SMALLEST: Final = Decimal("1E-130")
_NUMBER: Final = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?")


def read_item(item: Image | orjson.Fragment | bytes) -> Image:
    """An item, or what it is in JSON, as boto3 gives it: with bytes for binary."""
    if isinstance(item, orjson.Fragment):
        item = orjson.dumps(item)
    return json.loads(item, object_hook=_with_bytes) if isinstance(item, bytes) else item


def _with_bytes(value: dict[str, Any]) -> dict[str, Any]:
    """An AttributeValue of binary; any other, or a map of them, is left as it is."""
    match value:
        case {"B": str(content)}:
            return {"B": base64.b64decode(content)}
        case {"BS": [*members]}:
            return {"BS": [base64.b64decode(each) for each in members]}
    return value


def check_item(item: Image) -> None:
    """Raise ValidationException for what DynamoDB does not take as an item with the keys `pk` and `sk`."""
    for name, most_bytes in MAX_KEY_BYTES.items():
        value = item.get(name, {})
        _refuse_unless(value.keys() == {"S"}, "a key is missing, or of another type")
        _refuse_unless(1 <= len(value["S"].encode()) <= most_bytes, "a key is empty or too long")
    size = _map_bytes(item, level=1)
    _refuse_unless(size <= MAX_ITEM_BYTES, "Item size has exceeded the maximum allowed size")


def _map_bytes(attributes: Mapping[str, Any], level: int) -> int:
    size = 0
    for name, value in attributes.items():
        _refuse_unless(name, "Empty attribute name")
        size += len(name.encode()) + _value_bytes(value, level)
    return size


def _value_bytes(value: Mapping[str, Any], level: int) -> int:
    """Its size, once it is found to be in order; `level` is that of the value."""
    ((kind, content),) = value.items()
    _refuse_unless(level <= MAX_LEVELS, "Nesting Levels have exceeded supported limits")
    return _SIZES[kind](content, level)


def _number_bytes(text: str, _level: int = 0) -> int:
    _refuse_unless(_NUMBER.fullmatch(text), "A value provided cannot be converted into a number")
    number = Decimal(text)
    digits = "".join(map(str, number.as_tuple().digits)).strip("0")
    _refuse_unless(len(digits) <= MAX_DIGITS, "DynamoDB only supports precision up to 38 digits")
    _refuse_unless(not number or _SMALLEST <= number.copy_abs() <= _LARGEST, "Number overflow or underflow")
    return (len(digits) + 1) // 2 + 1


def _text_bytes(text: str, _level: int = 0) -> int:
    return len(text.encode())


def _binary_bytes(content: bytes, _level: int = 0) -> int:
    return len(content)


def _set_bytes(member_bytes: Callable[[Any], int]) -> Callable[[Any, int], int]:
    def size(members: list[Any], _level: int) -> int:
        _refuse_unless(members, "a set may not be empty")
        _refuse_unless(len(set(members)) == len(members), "a set contains duplicates")
        return 3 + sum(1 + member_bytes(each) for each in members)

    return size


def _list_bytes(members: list[Any], level: int) -> int:
    return 3 + sum(1 + _value_bytes(each, level + 1) for each in members)


def _refuse_unless(is_right: object, text: str) -> None:
    if not is_right:
        raise aws_error("ValidationException", text=text)


_SIZES: Final[dict[str, Callable[[Any, int], int]]] = {
    "S": _text_bytes,
    "N": _number_bytes,
    "B": _binary_bytes,
    "BOOL": lambda _, __: 1,
    "NULL": lambda _, __: 1,
    "SS": _set_bytes(_text_bytes),
    "NS": _set_bytes(_number_bytes),
    "BS": _set_bytes(_binary_bytes),
    "L": _list_bytes,
    "M": lambda content, level: 3 + len(content) + _map_bytes(content, level + 1),
}
