"""The table of what an edit breaks, row by row; and that what it lets through breaks nothing, by random schemas."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import jsonschema_rs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.schema.compatibility import compare

if TYPE_CHECKING:
    from pipeline.model import Json

W, R, WR, NOBODY = {"writers"}, {"readers"}, {"writers", "readers"}, set[str]()

S, N = {"type": "string"}, {"type": "number"}
ANY: dict[str, Any] = {}
# What is added, or lowered: keyword, without, with. The other way round it breaks the others.
NARROWING: list[tuple[dict[str, Any], dict[str, Any], str]] = [
    *[({}, {keyword: 3}, f"/{keyword}") for keyword in ("maximum", "exclusiveMaximum", "maxLength", "maxItems")],
    *[({}, {keyword: 3}, f"/{keyword}") for keyword in ("maxProperties", "maxContains")],
    *[({keyword: 3}, {keyword: 2}, f"/{keyword}") for keyword in ("maximum", "exclusiveMaximum", "maxLength")],
    *[({keyword: 3}, {keyword: 2}, f"/{keyword}") for keyword in ("maxItems", "maxProperties", "maxContains")],
    *[({}, {keyword: 3}, f"/{keyword}") for keyword in ("minimum", "exclusiveMinimum", "minLength", "minItems")],
    *[({}, {keyword: 3}, f"/{keyword}") for keyword in ("minProperties", "minContains")],
    *[({keyword: 2}, {keyword: 3}, f"/{keyword}") for keyword in ("minimum", "exclusiveMinimum", "minLength")],
    *[({keyword: 2}, {keyword: 3}, f"/{keyword}") for keyword in ("minItems", "minProperties", "minContains")],
    ({}, {"pattern": "^a"}, "/pattern"),
    ({}, {"format": "email"}, "/format"),
    ({}, {"multipleOf": 2}, "/multipleOf"),
    ({"multipleOf": 2}, {"multipleOf": 4}, "/multipleOf"),
    ({"multipleOf": 0.1}, {"multipleOf": 0.2}, "/multipleOf"),
    ({}, {"uniqueItems": True}, "/uniqueItems"),
    ({}, {"type": "string"}, "/type"),
    ({"type": ["string", "null"]}, {"type": "string"}, "/type"),
    ({"type": "number"}, {"type": "integer"}, "/type"),
    ({}, {"enum": ["a"]}, "/enum"),
    ({}, {"const": "a"}, "/enum"),
    ({"enum": ["a", "b"]}, {"enum": ["a"]}, "/enum"),
    ({"enum": ["a", "b"]}, {"const": "b"}, "/enum"),
    ({}, {"required": ["a"]}, "/required"),
    ({"required": ["a"]}, {"required": ["b", "a"]}, "/required"),
    ({}, {"dependentRequired": {"a": ["b"]}}, "/dependentRequired/a"),
    ({"dependentRequired": {"a": ["b"]}}, {"dependentRequired": {"a": ["b", "c"]}}, "/dependentRequired/a"),
    ({"properties": {"a": ANY}}, {"properties": {"a": S}}, "/properties/a/type"),
    ({"properties": {"a": ANY}}, {"properties": {"a": False}}, "/properties/a"),
    ({"properties": {"a/b": {"properties": {"c": ANY}}}}, {"properties": {"a/b": {"properties": {"c": S}}}},
     "/properties/a~1b/properties/c/type"),
    ({}, {"additionalProperties": S}, "/additionalProperties/type"),
    ({}, {"items": S}, "/items/type"),
    ({}, {"prefixItems": [ANY, S]}, "/prefixItems/1/type"),
    ({"items": S}, {"items": S, "prefixItems": [{"type": "string", "minLength": 1}]}, "/prefixItems/0/minLength"),
    ({}, {"propertyNames": {"maxLength": 3}}, "/propertyNames"),
    ({"propertyNames": {"maxLength": 3}}, {"propertyNames": {"maxLength": 2}}, "/propertyNames/maxLength"),
    ({}, {"contains": S}, "/contains"),
    ({"contains": ANY}, {"contains": S}, "/contains/type"),
    ({}, {"patternProperties": {"^a": S}}, "/patternProperties/^a"),
    ({"patternProperties": {"^a": ANY}}, {"patternProperties": {"^a": S}}, "/patternProperties/^a/type"),
    ({}, {"dependentSchemas": {"a": S}}, "/dependentSchemas/a"),
    ({}, {"not": S}, "/not"),
    ({"not": {"minLength": 2}}, {"not": {"minLength": 1}}, "/not/minLength"),
    ({}, {"allOf": [S]}, "/allOf"),
    ({"allOf": [S]}, {"allOf": [S, {"minLength": 1}]}, "/allOf/1"),
    ({"allOf": [{"minLength": 1}, S]}, {"allOf": [S, {"minLength": 2}]}, "/allOf/1/minLength"),
    ({}, {"anyOf": [S]}, "/anyOf"),
    ({"anyOf": [N, S]}, {"anyOf": [S]}, "/anyOf"),
    ({}, {"oneOf": [S]}, "/oneOf"),
    ({"$ref": "#/$defs/a", "$defs": {"a": ANY}}, {"$ref": "#/$defs/a", "$defs": {"a": S}}, "/type"),
    ({"items": {"$ref": "#a"}, "$defs": {"x": {"$anchor": "a"}}}, {"items": S}, "/items/type"),
    ({"$ref": "#/$defs/a", "minLength": 1, "$defs": {"a": ANY}},
     {"$ref": "#/$defs/b", "minLength": 1, "$defs": {"b": S}}, "/allOf/0/type"),
    ({"properties": {"a": {"$ref": "#"}}, "minProperties": 1}, {"properties": {"a": {"$ref": "#"}}, "minProperties": 2},
     "/minProperties"),
    ({"additionalProperties": ANY}, {"additionalProperties": ANY, "properties": {"a": False}}, "/properties/a"),
    ({"additionalProperties": N}, {"additionalProperties": N, "properties": {"a": {"type": "integer"}}},
     "/properties/a"),
    ({"anyOf": [{"properties": {"a": ANY}}]}, {"anyOf": [{"properties": {"a": ANY, "b": S}}]},
     "/anyOf/0/properties/b"),
]  # fmt: skip

SAME_FOR_ALL: list[tuple[dict[str, Any], dict[str, Any]]] = [
    ({}, {"title": "t", "description": "d", "examples": [1], "default": 1, "$comment": "c", "x-own": 1, "$id": "u"}),
    ({"minLength": 0}, {}),
    ({"uniqueItems": False}, {}),
    ({"enum": ["a", "b"]}, {"enum": ["b", "a"]}),
    ({"enum": ["a"]}, {"const": "a"}),
    ({"type": ["number", "integer"]}, {"type": "number"}),
    ({"properties": {"a": True}}, {"properties": {"a": {}}}),
    ({"allOf": [S, N]}, {"allOf": [N, S]}),
    ({"$ref": "#/$defs/a", "$defs": {"a": S}}, {"type": "string", "$defs": {"unused": N}}),
    ({"items": False}, {"items": False}),
    ({"oneOf": [S, N]}, {"oneOf": [{"type": "string", "title": "text"}, N]}),
    ({"properties": {"a": {"$ref": "#"}}}, {"properties": {"a": {"$ref": "#"}}, "title": "endless"}),
]

UNDECIDED: list[tuple[dict[str, Any], dict[str, Any], str]] = [
    ({"pattern": "^a"}, {"pattern": "^b"}, "/pattern"),
    ({"format": "email"}, {"format": "uuid"}, "/format"),
    ({"multipleOf": 2}, {"multipleOf": 3}, "/multipleOf"),
    ({"oneOf": [S, N]}, {"oneOf": [S]}, "/oneOf"),
    ({"oneOf": [{"$ref": "#/$defs/a"}], "$defs": {"a": S}}, {"oneOf": [{"$ref": "#/$defs/a"}], "$defs": {"a": N}},
     "/oneOf"),
    ({}, {"if": S}, "/if"),
    ({"then": S}, {"then": N}, "/then"),
    ({}, {"unevaluatedProperties": False}, "/unevaluatedProperties"),
    ({"maxContains": 1, "contains": S}, {"maxContains": 1, "contains": ANY}, "/contains"),
    ({"additionalProperties": False}, {"additionalProperties": False, "patternProperties": {"^a": S}},
     "/patternProperties/^a"),
    ({"patternProperties": {"^a": S}}, {"patternProperties": {"^a": S}, "properties": {"ab": S}}, "/properties/ab"),
    ({}, {"nobodyKnows": 1}, "/nobodyKnows"),
]  # fmt: skip

GROWN: list[tuple[dict[str, Any], dict[str, Any], str]] = [
    ({}, {"properties": {"a": S}}, "/properties/a"),
    ({"additionalProperties": False}, {"additionalProperties": False, "properties": {"a": S}}, "/properties/a"),
    ({"additionalProperties": False}, {}, "/additionalProperties"),
    ({"properties": {"b": {"additionalProperties": False}}}, {"properties": {"b": {}}},
     "/properties/b/additionalProperties"),
]  # fmt: skip


def broken(old: dict[str, Any], new: dict[str, Any]) -> tuple[set[str], set[str]]:
    """The pointers, and who breaks."""
    changes = compare(old, new)
    return {each.pointer for each in changes}, {who for each in changes for who in each.breaks}


@pytest.mark.parametrize(("wide", "narrow", "where"), NARROWING)
def test_narrower_and_wider(wide: dict[str, Any], narrow: dict[str, Any], where: str) -> None:
    """To refuse what was accepted breaks writers; the same edit taken back breaks readers."""
    assert ({where}, W) == broken(wide, narrow)
    (there, who) = broken(narrow, wide)
    assert (1, R) == (len(there), who)


@pytest.mark.parametrize(("old", "new"), SAME_FOR_ALL)
def test_what_is_the_same(old: dict[str, Any], new: dict[str, Any]) -> None:
    """What says the same of the data breaks nobody, in either direction."""
    assert [] == compare(old, new)
    assert [] == compare(new, old)


@pytest.mark.parametrize(("old", "new", "where"), UNDECIDED)
def test_what_cannot_be_decided(old: dict[str, Any], new: dict[str, Any], where: str) -> None:
    """It counts as a break for all, and its text says that it was not decided."""
    assert {where} == broken(old, new)[0]
    assert WR == broken(old, new)[1] == broken(new, old)[1]


@pytest.mark.parametrize(("old", "new", "where"), GROWN)
def test_growing(old: dict[str, Any], new: dict[str, Any], where: str) -> None:
    """A property more, which nobody has to send, is told and breaks nobody."""
    assert ({where}, NOBODY) == broken(old, new)


@pytest.mark.parametrize(("old", "new"), [({}, {"additionalProperties": False}), (GROWN[1][1], GROWN[1][0])])
def test_closing(old: dict[str, Any], new: dict[str, Any]) -> None:
    """To refuse names that were accepted breaks those who send them."""
    assert W == broken(old, new)[1]


def test_a_new_property_that_is_required() -> None:
    """Those who do not send it yet would be refused."""
    assert ({"/properties/a", "/required"}, W) == broken({}, {"properties": {"a": S}, "required": ["a"]})


# By random: schemas over few values, so that their edits and the values meet. -----------------------------------------

NAMES = st.sampled_from(["a", "b"])
SCALARS = st.sampled_from([None, True, 0, 1, 2, 2.5, "", "a", "ab", "abc"])
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=2),
    max_leaves=5,
)
NUMBERS = st.integers(0, 3)
LEAVES = st.fixed_dictionaries(
    {},
    optional={
        "type": st.lists(
            st.sampled_from(["string", "number", "integer", "object", "array", "null"]), min_size=1, unique=True
        ),
        "enum": st.lists(SCALARS, min_size=1, max_size=4),
        "maximum": NUMBERS,
        "minimum": NUMBERS,
        "multipleOf": st.integers(1, 4),
        "minLength": NUMBERS,
        "maxLength": NUMBERS,
        "pattern": st.sampled_from(["^a", "b$"]),
        "minItems": NUMBERS,
        "uniqueItems": st.booleans(),
        "required": st.lists(NAMES, unique=True),
        "dependentRequired": st.fixed_dictionaries({"a": st.just(["b"])}),
    },
)


def wrapped(inner: st.SearchStrategy[dict[str, Any]]) -> st.SearchStrategy[dict[str, Any]]:
    some = st.lists(inner, min_size=1, max_size=2)
    return st.fixed_dictionaries(
        {},
        optional={
            # Both names in all: that a name more breaks nobody is agreed, and not true of every value.
            "properties": st.fixed_dictionaries({"a": inner, "b": inner}),
            "additionalProperties": st.just(value=True) | inner,
            "items": inner | st.booleans(),
            "prefixItems": some,
            "contains": inner,
            "maxContains": NUMBERS,
            "propertyNames": inner,
            "patternProperties": st.fixed_dictionaries({}, optional={"^a": inner}),
            "dependentSchemas": st.fixed_dictionaries({"a": inner}),
            "allOf": some,
            "anyOf": some,
            "oneOf": some,
            "not": inner,
            "if": inner,
            "then": inner,
            "minLength": NUMBERS,
        },
    )


SCHEMAS = st.recursive(LEAVES, wrapped, max_leaves=4)


@st.composite
def edited(draw: st.DrawFn) -> tuple[dict[str, Any], dict[str, Any]]:
    """A schema, and itself with one or two of its keywords from another; names of properties stay."""
    old, other = draw(SCHEMAS), draw(SCHEMAS)
    new = {**old}
    for keyword in draw(st.lists(st.sampled_from(sorted({*old, *other} - {"properties"}) or ["type"]), max_size=2)):
        new.pop(keyword, None)
        if keyword in other:
            new[keyword] = other[keyword]
    return ({**new}, old) if draw(st.booleans()) else (old, new)


def grown(changes: list[Any]) -> bool:
    return any(not each.breaks for each in changes)


@given(edited(), st.lists(VALUES, min_size=5, max_size=20))
def test_what_is_let_through_breaks_nothing(pair: tuple[dict[str, Any], dict[str, Any]], values: list[Json]) -> None:
    """Whoever is said not to break finds every value as before, whatever the two schemas."""
    old, new = pair
    changes = compare(old, new)
    if grown(changes):
        return
    who = {each for change in changes for each in change.breaks}
    was, is_ = jsonschema_rs.Draft202012Validator(old), jsonschema_rs.Draft202012Validator(new)
    for value in values:
        before, after = was.is_valid(value), is_.is_valid(value)
        assert not (before and not after and "writers" not in who), (old, new, value)
        assert not (after and not before and "readers" not in who), (old, new, value)
