"""What a schema must be; each row spoils one thing of a schema that is well made."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.environment import read_schemas
from pipeline.project import SCHEMAS
from pipeline.schema.compatibility import compare
from pipeline.schema.keywords import KNOWN
from pipeline.schema.lint import MAX_LEVELS, MAX_PATTERN_CHARACTERS, lint, structure

WORDS = st.sampled_from([*sorted(KNOWN), "a", "x-invalid-examples", "value", "error", "pointer", "rule"])
GOOD: dict[str, Any] = {
    "$schema": "https://json-schema.org/draft/2020-12/schema",
    "$id": "urn:kinesis-pipeline:a.v1",
    "title": "a.v1",
    "description": "An a.",
    "type": "object",
    "properties": {"n": {"type": "integer", "maximum": 3}},
    "examples": [{"n": 1}],
    "x-invalid-examples": [{"value": {"n": 4}, "error": {"pointer": "/n", "rule": "maximum"}}],
    "x-own": "is passed over",
}
BUS = {"source": "aws.s3", "detail-type": ["Object Created", "Object Deleted"]}


def deep(levels: int) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for _ in range(levels):
        found = {"items": found}
    return found


def doubling(levels: int) -> dict[str, Any]:
    """A schema that says everything twice, so many times over."""
    names = [f"a{level}" for level in range(levels)]
    steps = pairwise(names)
    return {name: {"allOf": [{"$ref": f"#/$defs/{inner}"}] * 2} for name, inner in steps} | {names[-1]: {}}


@pytest.mark.parametrize("name", read_schemas(SCHEMAS))
def test_the_shipped_schemas_are_well_made(name: str) -> None:
    """Nothing is to be said of any."""
    assert [] == lint(name, read_schemas(SCHEMAS)[name])


@pytest.mark.parametrize(
    "schema",
    [
        {"$defs": {"b": {"type": "string", "pattern": "^[a-z]{1,20}$", "$anchor": "b"}}, "not": {"$ref": "#b"}},
        {"properties": {"n": {}, "next": {"$ref": "#"}}, "x-invalid-examples": [
            {"value": {"next": {"next": 7}}, "error": {"pointer": "/next/next", "rule": "type"}}]},
        {"$defs": doubling(6), "allOf": [{"$ref": "#/$defs/a0"}]},
        {"x-eventbridge": {"events": [BUS]}},
        {"x-eventbridge": {"events": [BUS], "subject": ["/id"]}, "examples": [{"id": "a"}, {"id": "b"}]},
        {"patternProperties": {"^x-": {"format": "uuid"}}, "default": {"requried": 1}, "enum": [{"n": 1}],
         "x-invalid-examples": [{"value": {}, "error": {"pointer": "", "rule": "enum"}}]},
    ],
)  # fmt: skip
def test_well_made(schema: dict[str, Any]) -> None:
    """References within, steps into the data, and words that are data are no slips."""
    assert [] == lint("a.v1", {**GOOD, **schema})


@pytest.mark.parametrize(
    ("change", "pointer", "text"),
    [
        ({"$schema": "http://json-schema.org/draft-07/schema#"}, "/$schema", "2020-12/schema"),
        ({"$id": "a"}, "/$id", 'must be "urn:kinesis-pipeline:a.v1"'),
        ({"title": "b.v1"}, "/title", 'must be "a.v1"'),
        ({"type": ["object"]}, "/type", 'must be "object"'),
        ({"description": " "}, "/description", "say in a sentence"),
        ({"requried": ["n"]}, "/requried", "did you mean required?"),
        ({"definitions": {}}, "/definitions", "is no keyword of JSON Schema 2020-12"),
        ({"not": {"qqqq": 1}}, "/not/qqqq", "a keyword of your own begins with x-"),
        ({"$dynamicRef": "#a"}, "/$dynamicRef", "use $defs and $ref"),
        ({"items": {"$id": "b"}}, "/items/$id", "a schema is one document"),
        ({"items": {"format": "datetime"}}, "/items/format", "known: date, date-time"),
        ({"items": {"pattern": "a" * (MAX_PATTERN_CHARACTERS + 1)}}, "/items/pattern", "the limit is"),
        ({"items": {"pattern": "(?=a)"}}, "/items/pattern", "linear time"),
        ({"items": {"pattern": r"(a)\1"}}, "/items/pattern", "linear time"),
        ({"items": {"pattern": "("}}, "/items/pattern", "is no"),
        ({"patternProperties": {"(?!a)": {}}}, "/patternProperties/(?!a)", "linear time"),
        ({"items": {"type": "text"}}, "/items/type", "(JSON Schema 2020-12)"),
        ({"required": "n"}, "/required", 'not of type "array"'),
        ({"items": {"$ref": "https://example.com/b"}}, "/items/$ref", "leads out of the file"),
        ({"items": {"$ref": "b.v1.json"}}, "/items/$ref", "put it into $defs"),
        ({"items": {"$ref": "#/$defs/b"}}, "/items/$ref", "leads nowhere"),
        ({"items": {"$ref": "#/title/b"}}, "/items/$ref", "leads nowhere"),
        ({"items": {"$ref": "#/examples/x"}}, "/items/$ref", "leads nowhere"),
        ({"items": {"$ref": "#b"}}, "/items/$ref", "leads nowhere"),
        ({"$ref": "#"}, "/$ref", "leads back to itself"),
        ({"$defs": {"b": {"anyOf": [{"$ref": "#/$defs/b"}]}}}, "/$defs/b/anyOf/0/$ref", "leads back to itself"),
        ({"$defs": doubling(9), "items": {"$ref": "#/$defs/a0"}}, "/items/$ref", "more than 1000"),
        (deep(MAX_LEVELS + 1), "", "nested deeper than"),
        ({"examples": []}, "/examples", "give at least one"),
        ({"examples": [{"n": 1}, {"n": 4}]}, "/examples/1/n", "the value is greater than the maximum of 3 [maximum]"),
        ({"x-invalid-examples": 7}, "/x-invalid-examples", "must be a list"),
        ({"x-invalid-examples": []}, "/x-invalid-examples", "must be a list"),
        ({"x-invalid-examples": [{"value": 1, "error": "bad"}]}, "/x-invalid-examples/0", "and no more"),
        ({"x-invalid-examples": [{**GOOD["x-invalid-examples"][0], "data": 1}]}, "/x-invalid-examples/0", "no more"),
        ({"x-invalid-examples": [{"value": {"n": 1}, "error": {"pointer": "", "rule": "type"}}]},
         "/x-invalid-examples/0", "is valid; change the value"),
        ({"x-invalid-examples": [{"value": {"n": 4}, "error": {"pointer": "/n", "rule": "type"}}]},
         "/x-invalid-examples/0", 'for another reason: {"pointer": "/n", "rule": "maximum"}'),
        ({"x-eventbridge": {"events": []}}, "/x-eventbridge", 'x-eventbridge must be {"events": '),
        ({"x-eventbridge": {"events": [BUS], "subject": ["/n"]}}, "/examples/0", "has no text where x-eventbridge has"),
    ],
)  # fmt: skip
def test_a_fault(change: dict[str, Any], pointer: str, text: str) -> None:
    """One line says where it is, and what to do."""
    (found,) = lint("a.v1", {**GOOD, **change})
    assert (pointer, True) == (found.pointer, text in found.text)
    assert str(found).startswith(f"{pointer}: " if pointer else found.text)


def test_what_is_said_is_bounded() -> None:
    """Long names and values make no long lines, and many faults of an example few lines."""
    found = lint("a.v1", {**GOOD, "properties": {"p" * 1000: {"format": "f" * 1000}}})
    assert all(len(str(each)) < 1000 for each in found)
    many = {f"n{index}": False for index in range(50)}
    assert 3 == len(lint("a.v1", {**GOOD, "properties": many | GOOD["properties"], "examples": [dict.fromkeys(many)]}))


def test_what_follows_is_not_said() -> None:
    """A schema that is none has no examples to try."""
    spoiled = {**GOOD, "items": {"type": "text"}, "examples": [{"n": 4}]}
    assert ["/items/type"] == [each.pointer for each in lint("a.v1", spoiled)]


JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-1, 3)
    | st.sampled_from(["", "#", "#/$defs/a", "object", "^a", "(", "uuid"]),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(WORDS, inner, max_size=3),
    max_leaves=8,
)


@given(st.dictionaries(WORDS, JSON, max_size=5), st.dictionaries(WORDS, JSON, max_size=5))
def test_any_json(one: dict[str, Any], other: dict[str, Any]) -> None:
    """Whatever is in a file, it is told, and what can be read can be compared."""
    assert isinstance(lint("a.v1", {**GOOD, **one}), list)
    if not structure(one) and not structure(other):
        assert isinstance(compare(one, other), list)
