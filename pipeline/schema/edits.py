"""The table of what an edit of a schema breaks.

Writers put events as the old schema has them: they break when something is refused that was accepted. So does a
replay of what lies in the archive, and a record that is on its way while a function is deployed.

Readers rely on what the old schema promised of the events they get: they break when something is accepted that was
refused. They pass over properties that they do not know, so one more of them breaks nobody; a name that was not
declared in an open object belonged to nobody either. Without these two no type could ever grow.
"""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, Final, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping


class Edit(StrEnum):
    """What an edit does to the values that are accepted."""

    NARROWER = "refuses what was accepted"
    WIDER = "accepts what was refused"
    UNLIKE = "what is accepted by one alone cannot be told"
    GROWN = "a property that nobody relied on"


WRITERS: Final = frozenset({"writers"})
READERS: Final = frozenset({"readers"})

BREAKS: Final[Mapping[Edit, frozenset[str]]] = {
    Edit.NARROWER: WRITERS,
    Edit.WIDER: READERS,
    Edit.UNLIKE: WRITERS | READERS,
    Edit.GROWN: frozenset(),
}


class Row(NamedTuple):
    """What it is to add a keyword (or a value to its list), to remove it, and to change it.

    For what has an order, `changed` is to raise it, and to lower it is the opposite.
    """

    added: Edit
    removed: Edit
    changed: Edit = Edit.UNLIKE


_CEILING: Final = Row(Edit.NARROWER, Edit.WIDER, changed=Edit.WIDER)
_FLOOR: Final = Row(Edit.NARROWER, Edit.WIDER, changed=Edit.NARROWER)
_RULE: Final = Row(Edit.NARROWER, Edit.WIDER)
_CHOICE: Final = Row(Edit.WIDER, Edit.NARROWER)

BOUNDS: Final[Mapping[str, Row]] = {
    "maximum": _CEILING,
    "exclusiveMaximum": _CEILING,
    "maxLength": _CEILING,
    "maxItems": _CEILING,
    "maxProperties": _CEILING,
    "maxContains": _CEILING,
    "minimum": _FLOOR,
    "exclusiveMinimum": _FLOOR,
    "minLength": _FLOOR,
    "minItems": _FLOOR,
    "minProperties": _FLOOR,
    "minContains": _FLOOR,
}
"""One number; absent, or these defaults, it bounds nothing."""
DEFAULTS: Final[Mapping[str, int]] = {"minLength": 0, "minItems": 0, "minProperties": 0, "minContains": 1}

RULES: Final[Mapping[str, Row]] = {"pattern": _RULE, "format": _RULE, "multipleOf": _RULE, "uniqueItems": _RULE}
"""The same or not, as far as can be told."""

LISTS: Final[Mapping[str, Row]] = {
    "required": _RULE,
    "dependentRequired": _RULE,
    "type": _CHOICE,
    "enum": _CHOICE,
}
"""Names or values, one by one; `const` is an `enum` of one."""

BRANCHES: Final[Mapping[str, Row]] = {"allOf": _RULE, "anyOf": _CHOICE}
"""Schemas in a list of which the order says nothing."""

SCHEMAS: Final[Mapping[str, Row]] = {
    "propertyNames": _RULE,
    "contains": _RULE,
    "dependentSchemas": _RULE,
    "patternProperties": _RULE,
    "not": _RULE,
}
"""Schemas; a change within is told at its own place, and turned around below `not`."""

WHOLE: Final[Mapping[str, Row]] = {
    "oneOf": _RULE,
    "if": Row(Edit.UNLIKE, Edit.UNLIKE),
    "then": Row(Edit.UNLIKE, Edit.UNLIKE),
    "else": Row(Edit.UNLIKE, Edit.UNLIKE),
    "unevaluatedProperties": Row(Edit.UNLIKE, Edit.UNLIKE),
    "unevaluatedItems": Row(Edit.UNLIKE, Edit.UNLIKE),
}
"""Where any change within can turn the result either way."""
