"""What was seen of records → the file of a new type, with examples, that passes `pipeline schema check` as it is.

The examples are made up from the schema: real records hold what is nobody else's business. An enum and the names of
properties are taken from the records all the same.
"""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING, Any, Final

from pipeline.core.violation import compiled, violations
from pipeline.schema.keywords import DIALECT, INVALID_EXAMPLES
from pipeline.schema.lint import ID_PREFIX

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from pipeline.model import Json

_MAX_INVALID: Final = 4
_FORMATTED: Final = {
    "date-time": "2026-01-01T00:00:00Z",
    "date": "2026-01-01",
    "uuid": "00000000-0000-4000-8000-000000000000",
    "ipv4": "192.0.2.1",
    "ipv6": "2001:db8::1",
    "email": "somebody@example.com",
    "uri": "https://example.com/",
}
_MADE_UP: Final[dict[str, Json]] = {
    "string": "text",
    "integer": 1,
    "number": 1.5,
    "boolean": True,
    "null": None,
    "array": [],
    "object": {},
}


def proposal(name: str, description: str, schema: dict[str, Any], examples: Sequence[Json] = ()) -> dict[str, Any]:
    """The schema of a type, whole: head, rules, and examples of both kinds (made up where none are given)."""
    whole = {
        "$schema": DIALECT,
        "$id": ID_PREFIX + name,
        "title": name,
        "description": description,
        "type": "object",
        **schema,
        "examples": [*examples] or [made_up({**schema, "type": "object"})],
    }
    whole[INVALID_EXAMPLES] = [*islice(_invalid(whole), _MAX_INVALID)]
    return whole


def made_up(schema: dict[str, Any]) -> Json:
    """A value that follows a schema of `inference`."""
    if "enum" in schema:
        first: Json = schema["enum"][0]
        return first
    types = schema.get("type", "string")
    name = types if isinstance(types, str) else types[0]
    if name == "object":
        found = {each: made_up(inner) for each, inner in schema.get("properties", {}).items()}
        is_map = isinstance(schema.get("additionalProperties"), dict)
        return {"name": made_up(schema["additionalProperties"])} if is_map else found
    if name == "array" and "items" in schema:
        return [made_up(schema["items"])]
    if name == "string" and "format" in schema:
        return _FORMATTED[schema["format"]]
    return _MADE_UP[name]


def _invalid(schema: dict[str, Any]) -> Iterator[dict[str, Json]]:
    """Values that the schema refuses, one for each rule that is broken first."""
    validator, told = compiled(schema), set()
    for value in _spoiled(schema, schema["examples"][0]):
        first = next(violations(validator, value), None)
        if first is not None and first.rule not in told:
            told.add(first.rule)
            yield {"value": value, "error": {"pointer": first.pointer, "rule": first.rule}}


def _spoiled(schema: dict[str, Any], good: dict[str, Json]) -> Iterator[Json]:
    for name in schema.get("required", ())[:1]:
        yield {each: value for each, value in good.items() if each != name}
    for name, inner in schema.get("properties", {}).items():
        if "type" in inner:
            yield {**good, name: next(iter(_other_than(inner["type"])), None)}
        if {"enum", "format"} & inner.keys():
            yield {**good, name: "neither of these"}
    yield []


def _other_than(types: str | list[str]) -> list[Json]:
    """Values of none of these types."""
    taken = {types} if isinstance(types, str) else set(types)
    taken |= {"integer"} if "number" in taken else set()
    return [value for name, value in _MADE_UP.items() if name not in taken]
