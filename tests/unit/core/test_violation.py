from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from pipeline.core.violation import MAX_MESSAGE_CHARACTERS, MAX_POINTER_CHARACTERS, Violation, compiled, violations

if TYPE_CHECKING:
    from pipeline.model import Json

SECRET = "4111111111111111"  # noqa: S105 - a card number that none of the texts may hold


@pytest.mark.parametrize(
    ("schema", "value", "expected"),
    [
        ({"type": "object"}, SECRET, Violation("", "type", 'the value is not of type "object"')),
        ({"enum": ["c", "u"]}, SECRET, Violation("", "enum", 'the value is not one of "c" or "u"')),
        ({"properties": {"a/b": {"items": {"maximum": 3}}}}, {"a/b": [1, 7]}, ("/a~1b/1", "maximum", "3")),
        ({"properties": {"a": False}}, {"a": SECRET}, ("/a", "false", "does not allow the value")),
        ({"propertyNames": {"maxLength": 3}}, {"name": 1}, ("", "propertyNames", "longer than 3")),
        ({"pattern": "^[a-z]+$"}, SECRET, ("", "pattern", '"^[a-z]+$"')),
        ({"format": "email"}, SECRET, ("", "format", '"email"')),
        ({"const": 5}, SECRET, ("", "const", "5 was expected")),
        ({"oneOf": [{"type": "null"}, {"type": "number"}]}, SECRET, ("", "oneOf", "not valid under any")),
        ({"not": {"type": "string"}}, SECRET, ("", "not", "is not allowed for the value")),
        ({"uniqueItems": True}, [SECRET, SECRET], ("", "uniqueItems", "non-unique")),
        ({"contains": {"type": "null"}}, [SECRET], ("", "contains", "None of the value")),
        ({"if": {"type": "string"}, "then": {"minLength": 20}}, SECRET, ("", "minLength", "20 characters")),
    ],
)
def test_what_is_said(schema: dict[str, Any], value: Json, expected: tuple[str, str, str]) -> None:
    """The pointer, the rule and what it asks for; never the value."""
    (found,) = violations(compiled(schema), value)
    assert expected[:2] == found[:2]
    assert expected[2] in found.message
    assert SECRET not in str(found)


def test_as_one_line() -> None:
    """Under the pointer to the value, if that is part of something."""
    (found,) = violations(compiled({"required": ["a"]}), {}, "/data")
    assert '/data: "a" is a required property [required]' == str(found)


def test_all_of_them() -> None:
    """Every rule that is broken is told."""
    schema = {"properties": {"a": {"type": "string", "minimum": 3}}, "required": ["b"]}
    assert {("/a", "minimum"), ("/a", "type"), ("", "required")} == {
        each[:2] for each in violations(compiled(schema), {"a": 1})
    }


def test_it_is_bounded() -> None:
    """However long names are, little is said; and that it was cut is seen."""
    schema = {"additionalProperties": {"properties": {"a": {}}, "additionalProperties": False}}
    (found,) = violations(compiled(schema), {"p" * 10_000: {"q" * 10_000: 1}})
    assert (MAX_POINTER_CHARACTERS, MAX_MESSAGE_CHARACTERS) == (len(found.pointer), len(found.message))
    assert (True, True) == (found.pointer.endswith("…"), found.message.endswith("…"))


@pytest.mark.parametrize(
    "schema",
    [
        {"pattern": r"(a)\1"},
        {"pattern": "(?=a)b"},
        {"pattern": "(((a{1000}){1000}){10})"},
        {"$ref": "https://example.com/other.json"},
        {"$ref": "#/$defs/none"},
    ],
)
def test_what_is_not_compiled(schema: dict[str, Any]) -> None:
    """Neither what can take endless time or memory, nor what leads out of the schema or nowhere."""
    with pytest.raises(ValueError, match=r"regex|Retrieval is disabled|does not exist"):
        compiled(schema)
