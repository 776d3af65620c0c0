"""The keywords of JSON Schema 2020-12 (its meta-schemas), and where schemas lie within schemas.

https://json-schema.org/draft/2020-12/json-schema-core, -validation
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Iterator

DIALECT: Final = "https://json-schema.org/draft/2020-12/schema"
INVALID_EXAMPLES: Final = "x-invalid-examples"

# A keyword that holds one schema, schemas by name, or a list of them.
ONE: Final = frozenset(
    [
        "additionalProperties",
        "items",
        "contains",
        "propertyNames",
        "not",
        "if",
        "then",
        "else",
        "unevaluatedItems",
        "unevaluatedProperties",
        "contentSchema",
    ]
)
NAMED: Final = frozenset(["properties", "patternProperties", "$defs", "dependentSchemas"])
LISTED: Final = frozenset(["allOf", "anyOf", "oneOf", "prefixItems"])
# Those whose schemas are about the same value as the schema that they stand in.
IN_PLACE: Final = frozenset(["allOf", "anyOf", "oneOf", "not", "if", "then", "else", "dependentSchemas"])

# They say something about the data, and refuse none of it.
ANNOTATIONS: Final = frozenset(
    [
        "$schema",
        "$id",
        "$comment",
        "$anchor",
        "$defs",
        "title",
        "description",
        "default",
        "examples",
        "deprecated",
        "readOnly",
        "writeOnly",
        "contentEncoding",
        "contentMediaType",
        "contentSchema",
    ]
)
ASSERTIONS: Final = frozenset(
    [
        "$ref",
        "type",
        "enum",
        "const",
        "multipleOf",
        "maximum",
        "exclusiveMaximum",
        "minimum",
        "exclusiveMinimum",
        "maxLength",
        "minLength",
        "pattern",
        "maxItems",
        "minItems",
        "uniqueItems",
        "maxContains",
        "minContains",
        "maxProperties",
        "minProperties",
        "required",
        "dependentRequired",
        "format",
    ]
)
KNOWN: Final = ANNOTATIONS | ASSERTIONS | ONE | NAMED | LISTED
# Of the standard, and refused: they make what a schema says depend on where it is read from, or on who reads it.
REFUSED: Final = frozenset(["$dynamicRef", "$dynamicAnchor", "$vocabulary"])
# Of the standard; any other name of a format is passed over by validators without a word.
FORMATS: Final = frozenset(
    [
        "date-time",
        "date",
        "time",
        "duration",
        "email",
        "idn-email",
        "hostname",
        "idn-hostname",
        "ipv4",
        "ipv6",
        "uri",
        "uri-reference",
        "iri",
        "iri-reference",
        "uuid",
        "uri-template",
        "json-pointer",
        "relative-json-pointer",
        "regex",
    ]
)

type Place = tuple[str | int, ...]
"""The names and indexes that lead to a schema within a schema."""


def inner(schema: object) -> Iterator[tuple[Place, Any]]:
    """The schemas that stand directly in a schema, each with the way to it."""
    if not isinstance(schema, dict):
        return
    for keyword, value in schema.items():
        if keyword in ONE:
            yield (keyword,), value
        elif keyword in NAMED and isinstance(value, dict):
            for name, each in value.items():
                yield (keyword, name), each
        elif keyword in LISTED and isinstance(value, list):
            for index, each in enumerate(value):
                yield (keyword, index), each


def all_in(schema: object, place: Place = ()) -> Iterator[tuple[Place, Any]]:
    """The schema and all schemas in it, each with the way to it."""
    yield place, schema
    for step, each in inner(schema):
        yield from all_in(each, (*place, *step))


def referred(root: dict[str, Any], reference: str) -> object:
    """What a `$ref` within a schema leads to. Raises LookupError or ValueError when that is nothing."""
    if not reference.startswith("#"):
        raise LookupError(reference)
    found: Any = root
    if reference.startswith("#/"):
        for part in reference[2:].split("/"):
            name = part.replace("~1", "/").replace("~0", "~")
            if not isinstance(found, dict | list):
                raise LookupError(reference)  # noqa: TRY004 - it leads nowhere, as any other
            found = found[int(name)] if isinstance(found, list) else found[name]
        return found
    if reference == "#":
        return root
    for _, each in all_in(root):
        if isinstance(each, dict) and each.get("$anchor") == reference[1:]:
            return each
    raise LookupError(reference)
