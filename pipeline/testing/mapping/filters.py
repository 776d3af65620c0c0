"""Filter criteria: which records a mapping delivers (developer guide, "Control which events Lambda sends").

A pattern is an object of the shape of the record; at its leaves stand lists of what a value may be: a value itself, or
`{"prefix": …}`, `{"suffix": …}`, `{"anything-but": […]}`, `{"equals-ignore-case": …}`, `{"exists": …}` or
`{"numeric": [">", 1, "<=", 5]}`. All names of a pattern must match; of a list, one. A Kinesis pattern speaks of
`partitionKey` and `data`: the data as JSON where the pattern's is an object, and then what is not JSON matches nothing.
"""

from __future__ import annotations

import base64
import operator
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

import orjson

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from pipeline.model import LambdaRecord

_MISSING: Final = object()
_COMPARE: Final[Mapping[str, Callable[[Any, Any], bool]]] = {
    "=": operator.eq,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}


def is_delivered(record: LambdaRecord, patterns: Sequence[Mapping[str, Any]]) -> bool:
    """Whether the record matches one of the patterns, or there are none.

    Raises ValueError or TypeError for a rule that is not known.
    """
    return not patterns or any(_matches_record(record, pattern) for pattern in patterns)


def _matches_record(record: LambdaRecord, pattern: Mapping[str, Any]) -> bool:
    if record["eventSource"] != "aws:kinesis":
        return _matches(record, pattern)
    subject = dict(record["kinesis"])
    if "data" in pattern:
        data = base64.b64decode(subject["data"])
        try:
            is_json, subject["data"] = True, orjson.loads(data)
        except orjson.JSONDecodeError:
            is_json, subject["data"] = False, data.decode(errors="replace")
        if is_json is not isinstance(pattern["data"], Mapping):
            return False
    return _matches(subject, pattern)


def _matches(value: object, pattern: Mapping[str, Any]) -> bool:
    return all(_member(value, name, rule) for name, rule in pattern.items())


def _member(value: object, name: str, rule: object) -> bool:
    inner = value.get(name, _MISSING) if isinstance(value, Mapping) else _MISSING
    if isinstance(rule, Mapping):
        return _matches(inner, rule)
    if not isinstance(rule, list):
        raise TypeError(f"{name}: a pattern has lists at its leaves, not {rule!r}")
    values = inner if isinstance(inner, list) else [inner]
    return any(_allowed(each, one) for each in values for one in rule)


def _allowed(value: object, rule: object) -> bool:
    if not isinstance(rule, Mapping):
        return value is not _MISSING and type(value) is type(rule) and value == rule
    ((name, argument),) = rule.items()
    if name not in _RULES:
        raise ValueError(f"a rule of a filter that is not known here: {name}")
    return _RULES[name](value, argument)


def _numeric(value: object, comparisons: Sequence[Any]) -> bool:
    pairs = zip(comparisons[::2], comparisons[1::2], strict=True)
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    return is_number and all(_COMPARE[sign](value, bound) for sign, bound in pairs)


def _anything_but(value: object, values: Iterable[object]) -> bool:
    return value is not _MISSING and value not in values


_RULES: Final[Mapping[str, Callable[[Any, Any], bool]]] = {
    "prefix": lambda value, start: isinstance(value, str) and value.startswith(start),
    "suffix": lambda value, end: isinstance(value, str) and value.endswith(end),
    "equals-ignore-case": lambda value, text: isinstance(value, str) and value.lower() == text.lower(),
    "anything-but": _anything_but,
    "exists": lambda value, wanted: (value is not _MISSING) is wanted,
    "numeric": _numeric,
}
