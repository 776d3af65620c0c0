"""What a schema must be for a user to rely on it; every finding says where, and what to do.

First that it is a schema that the functions can compile, named after its file; then what a validator would pass over
without a word (a slip in a keyword, an unknown format); then that its examples are what they are said to be, and that
what it says of EventBridge can be done.
"""

from __future__ import annotations

import difflib
import math
from contextlib import suppress
from itertools import islice
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import jsonschema_rs

from pipeline.core import bus_types
from pipeline.core.violation import compiled, pointer, violations
from pipeline.errors import WrongDeclaration
from pipeline.schema.keywords import (
    DIALECT,
    FORMATS,
    IN_PLACE,
    INVALID_EXAMPLES,
    KNOWN,
    REFUSED,
    all_in,
    inner,
    referred,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pipeline.schema.keywords import Place

ID_PREFIX: Final = "urn:kinesis-pipeline:"
# An item of DynamoDB holds 32 levels; a schema takes two or three for each.
MAX_LEVELS: Final = 96
MAX_PATTERN_CHARACTERS: Final = 1000
MAX_STEPS: Final = 1000
_MAX_SAID: Final = 3
_MAX_CHARACTERS: Final = 200


class Finding(NamedTuple):
    """Something of a schema that has to change: where (a JSON pointer into the schema), and what to do."""

    pointer: str
    text: str

    def __str__(self) -> str:
        """As one line, without the schema's name."""
        return f"{self.pointer}: {self.text}" if self.pointer else self.text


def lint(name: str, schema: dict[str, Any]) -> list[Finding]:
    """All that is wrong with the schema of a type; of what follows from one thing, that thing only."""
    broken = structure(schema)
    if any(each.pointer == "" for each in broken):
        return broken
    found = [*_head(name, schema), *_keywords(schema), *broken]
    return found or [*_compiles(schema)] or [*_examples(schema), *_bus(name, schema)]


def structure(schema: dict[str, Any]) -> list[Finding]:
    """What keeps a schema from being read at all: it is none, it refers to nowhere, or there is no end to it."""
    if _levels(schema) > MAX_LEVELS:
        return [Finding("", f"nested deeper than {MAX_LEVELS} levels; make it flatter, or use $defs and $ref")]
    bad = _not_a_schema(schema)
    return [*_references(schema)] if bad is None else [bad]


def _levels(value: object) -> int:
    """How deep arrays and objects are nested; counting stops above the limit."""
    levels, inside = 0, [value]
    while inside and levels <= MAX_LEVELS:
        levels += 1
        groups = [each.values() if isinstance(each, dict) else each for each in inside if isinstance(each, dict | list)]
        inside = [each for group in groups for each in group]
    return levels


def _head(name: str, schema: dict[str, Any]) -> Iterator[Finding]:
    for keyword, expected in (("$schema", DIALECT), ("$id", ID_PREFIX + name), ("title", name), ("type", "object")):
        if schema.get(keyword) != expected:
            yield Finding(pointer(keyword), f'must be "{expected}"')
    description = schema.get("description")
    if not isinstance(description, str) or not description.strip():
        yield Finding("/description", "is missing; say in a sentence what an event of the type is")


def _keywords(schema: dict[str, Any]) -> Iterator[Finding]:
    for place, each in all_in(schema):
        if isinstance(each, dict):
            for keyword, value in each.items():
                if text := _keyword(keyword, value, is_root=not place):
                    yield Finding(_cut(pointer(*place, keyword)), text)


def _keyword(keyword: str, value: object, *, is_root: bool) -> str | None:
    if keyword in REFUSED or (keyword in {"$id", "$schema"} and not is_root):
        return "is not used here: a schema is one document; use $defs and $ref"
    if keyword not in KNOWN and not keyword.startswith("x-"):
        close = difflib.get_close_matches(keyword, KNOWN, n=1)
        hint = f"did you mean {close[0]}?" if close else "a keyword of your own begins with x-"
        return f"is no keyword of JSON Schema 2020-12, and would be passed over; {hint}"
    if keyword == "format" and isinstance(value, str) and value not in FORMATS:
        return (
            f"there is no format {_cut(repr(value))}, and it would be passed over; known: {', '.join(sorted(FORMATS))}"
        )
    if keyword == "pattern" and isinstance(value, str) and len(value) > MAX_PATTERN_CHARACTERS:
        return f"has {len(value)} characters; the limit is {MAX_PATTERN_CHARACTERS}"
    return None


def _not_a_schema(schema: dict[str, Any]) -> Finding | None:
    try:
        jsonschema_rs.meta.validate({**schema, "$schema": DIALECT})
    except jsonschema_rs.ValidationError as error:
        return Finding(_cut(pointer(*error.instance_path)), f"{_cut(error.message)} (JSON Schema 2020-12)")
    return None


def _references(schema: dict[str, Any]) -> Iterator[Finding]:
    for place, each in all_in(schema):
        if isinstance(each, dict) and "$ref" in each:
            where, reference = _cut(pointer(*place, "$ref")), each["$ref"]
            if not reference.startswith("#"):
                yield Finding(where, "leads out of the file, and nothing is ever fetched; put it into $defs")
                continue
            try:
                referred(schema, reference)
            except (LookupError, ValueError):
                yield Finding(where, f"{_cut(reference)} leads nowhere")
                continue
            steps = _steps(schema, each, (), {})
            if steps == math.inf:
                yield Finding(where, "leads back to itself without a step into the data; a value can never be decided")
            elif steps > MAX_STEPS:
                yield Finding(where, f"leads to more than {MAX_STEPS} schemas for one value; let fewer lead to others")


def _steps(root: dict[str, Any], schema: object, above: tuple[int, ...], known: dict[int, float]) -> float:
    """How many schemas one and the same value is held against; endless where one of them comes back to itself."""
    if not isinstance(schema, dict):
        return 1
    if id(schema) in above:
        return math.inf
    if id(schema) not in known:
        follow = [each for step, each in inner(schema) if step[0] in IN_PLACE]
        if "$ref" in schema:
            with suppress(LookupError, ValueError):  # told at its own place
                follow.append(referred(root, schema["$ref"]))
        known[id(schema)] = 1 + sum(_steps(root, each, (*above, id(schema)), known) for each in follow)
    return known[id(schema)]


def _compiles(schema: dict[str, Any]) -> Iterator[Finding]:
    """Patterns, above all: those that could take endless time are none for this validator."""
    for place, each in all_in(schema):
        patterns: list[tuple[Place, str]] = []
        if isinstance(each, dict):
            patterns = [(("pattern",), each["pattern"])] if "pattern" in each else []
            patterns += [(("patternProperties", name), name) for name in each.get("patternProperties", ())]
        for step, pattern in patterns:
            try:
                compiled({"pattern": pattern})
            except ValueError:
                yield Finding(
                    _cut(pointer(*place, *step)),
                    "is no regular expression that takes linear time: no look-around, no back-reference, and no "
                    "repetition of repetitions by the thousand",
                )
                return
    try:
        compiled(schema)
    except ValueError as error:
        yield Finding("", f"cannot be compiled: {_cut(str(error))}")


def _examples(schema: dict[str, Any]) -> Iterator[Finding]:
    validator = compiled(schema)
    examples = schema.get("examples")
    if not examples:
        yield Finding("/examples", "is missing; give at least one, as input of tests and for those who read")
    for index, value in enumerate(examples or ()):
        for each in islice(violations(validator, value), _MAX_SAID):
            yield Finding(pointer("examples", index) + each.pointer, f"the example is not valid: {each.detail}")
    invalid = schema.get(INVALID_EXAMPLES)
    if not isinstance(invalid, list) or not invalid:
        yield Finding(
            pointer(INVALID_EXAMPLES),
            'must be a list of at least one {"value": …, "error": {"pointer": "/field", "rule": "type"}}',
        )
        return
    for index, stated in enumerate(invalid):
        if text := _invalid_example(validator, stated):
            yield Finding(pointer(INVALID_EXAMPLES, index), text)


def _bus(name: str, schema: dict[str, Any]) -> Iterator[Finding]:
    """What is said of EventBridge: it must be well made, and the subject must be found in the examples."""
    try:
        declared = bus_types.declared(name, schema)
    except WrongDeclaration as error:
        yield Finding(pointer(bus_types.KEYWORD), _cut(str(error)))
        return
    for bus_type in {*declared.values()}:
        for index, example in enumerate(schema.get("examples") or ()):
            if bus_type.subject and bus_type.subject_of(example) is None:
                yield Finding(pointer("examples", index), f"has no text where {bus_types.KEYWORD} has its subject")


def _invalid_example(validator: jsonschema_rs.Draft202012Validator, stated: object) -> str | None:
    match stated:
        case {"value": value, "error": {"pointer": str(where), "rule": str(rule), **others}, **more} if not (
            others or more
        ):
            first = next(violations(validator, value), None)
        case _:
            return 'must be {"value": …, "error": {"pointer": "/field", "rule": "type"}}, and no more'
    if first is None:
        return "is valid; change the value so that it breaks the rule that it states"
    if (first.pointer, first.rule) != (where, rule):
        return (
            f'is refused for another reason: {{"pointer": "{first.pointer}", "rule": "{first.rule}"}}: {first.message}'
        )
    return None


def _cut(text: str) -> str:
    return text if len(text) <= _MAX_CHARACTERS else f"{text[: _MAX_CHARACTERS - 1]}…"
