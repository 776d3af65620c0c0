"""Records → a schema that all of them follow, in memory that does not grow with their number.

Each record is looked at once and forgotten; what is kept is, per field, the types that were seen, how often, the
formats that no text has contradicted yet, and the few texts of which it may be an enum. Nothing is claimed that a next
record is likely to contradict: no ranges, no lengths, no closed objects, and of what was always null nothing at all.
The same records give the same schema.

A field with more names than `MAX_PROPERTIES` is taken for a map: its names are data, its values have one schema.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

import jsonschema_rs

if TYPE_CHECKING:
    from collections.abc import Iterable

    from pipeline.model import Json

MAX_PROPERTIES: Final = 200
MAX_FIELDS: Final = 5_000
# What an item of DynamoDB can hold; below it anything is taken as it is.
MAX_LEVELS: Final = 30
# A text is one of an enum when there are few, all short, each seen often enough to expect no other.
MAX_ENUM_VALUES: Final = 10
MAX_ENUM_CHARACTERS: Final = 40
SEEN_PER_ENUM_VALUE: Final = 5

# The most particular first: of several that no text contradicts, the first is taken.
FORMATS: Final = ("date-time", "date", "uuid", "ipv4", "ipv6", "email", "uri")
_VALIDATORS: Final = {
    name: jsonschema_rs.Draft202012Validator({"format": name}, validate_formats=True) for name in FORMATS
}
_NAMES: Final[dict[type, str]] = {
    dict: "object",
    list: "array",
    str: "string",
    int: "integer",
    float: "number",
    bool: "boolean",
    type(None): "null",
}


@dataclass
class Room:
    """How many fields may still be told apart, over the whole schema."""

    fields: int = MAX_FIELDS


@dataclass
class Field:
    """What was seen of one field, or of all elements of an array."""

    room: Room
    level: int = 0
    seen: dict[str, int] = field(default_factory=dict)
    formats: tuple[str, ...] = FORMATS
    texts: dict[str, int] | None = field(default_factory=dict)
    properties: dict[str, Field] = field(default_factory=dict)
    values: Field | None = None
    items: Field | None = None

    def add(self, value: Json) -> None:
        """Look at one more value."""
        name = type_of(value)
        self.seen[name] = self.seen.get(name, 0) + 1
        if isinstance(value, str):
            self._add_text(value)
        elif self.level >= MAX_LEVELS:
            return
        elif isinstance(value, dict):
            self._add_object(value)
        elif isinstance(value, list):
            if self.items is None:
                self.items = self._inner()
            for each in value:
                self.items.add(each)

    def schema(self) -> dict[str, Any]:
        """What all of the values follow; `{}` where there were none."""
        if self.seen.keys() == {"null"}:
            return {}
        taken = self.seen.keys() - ({"integer"} if "number" in self.seen else set())
        types = [name for name in _NAMES.values() if name in taken]
        found: dict[str, Any] = {"type": types[0] if len(types) == 1 else types} if types else {}
        if "string" in types:
            found |= self._text_schema(is_nullable="null" in types, is_only=set(types) <= {"string", "null"})
        if "object" in types:
            found |= self._object_schema()
        if self.items is not None and self.items.seen:
            found["items"] = self.items.schema()
        return found

    def _inner(self) -> Field:
        return Field(self.room, self.level + 1)

    def _add_text(self, text: str) -> None:
        self.formats = tuple(name for name in self.formats if _has_format(text, name))
        if self.texts is None:
            return
        if len(text) > MAX_ENUM_CHARACTERS or (text not in self.texts and len(self.texts) == MAX_ENUM_VALUES):
            self.texts = None
        else:
            self.texts[text] = self.texts.get(text, 0) + 1

    def _add_object(self, value: dict[str, Json]) -> None:
        for name, each in value.items():
            if self.values is None and name not in self.properties:
                if len(self.properties) == MAX_PROPERTIES or not self.room.fields:
                    self._become_map()
                else:
                    self.room.fields -= 1
                    self.properties[name] = self._inner()
            (self.properties[name] if self.values is None else self.values).add(each)

    def _become_map(self) -> None:
        self.values = self._inner()
        for each in self.properties.values():
            self.values.merge(each)
        self.properties = {}

    def merge(self, other: Field) -> None:
        """As if the values of the other had been added here."""
        for name, count in other.seen.items():
            self.seen[name] = self.seen.get(name, 0) + count
        self.formats = tuple(name for name in self.formats if name in other.formats)
        if self.texts is not None and other.texts is not None and len({**self.texts, **other.texts}) <= MAX_ENUM_VALUES:
            for text, count in other.texts.items():
                self.texts[text] = self.texts.get(text, 0) + count
        else:
            self.texts = None
        for name, each in other.properties.items():
            self.properties.setdefault(name, self._inner()).merge(each)
        if other.values is not None or len(self.properties) > MAX_PROPERTIES:
            if self.values is None:
                self._become_map()
            if self.values is not None and other.values is not None:
                self.values.merge(other.values)
        if other.items is not None:
            if self.items is None:
                self.items = self._inner()
            self.items.merge(other.items)

    def _text_schema(self, *, is_nullable: bool, is_only: bool) -> dict[str, Any]:
        if self.formats:
            return {"format": self.formats[0]}
        count = self.seen["string"]
        if is_only and self.texts and len(self.texts) > 1 and count >= SEEN_PER_ENUM_VALUE * len(self.texts):
            return {"enum": [*sorted(self.texts), *([None] if is_nullable else [])]}
        return {}

    def _object_schema(self) -> dict[str, Any]:
        if self.values is not None:
            return {"additionalProperties": self.values.schema()}
        count = self.seen["object"]
        required = [name for name, each in self.properties.items() if sum(each.seen.values()) == count]
        found: dict[str, Any] = {"required": required} if required else {}
        if self.properties:
            found["properties"] = {name: each.schema() for name, each in self.properties.items()}
        return found


def infer(records: Iterable[dict[str, Json]]) -> Field:
    """What was seen of all records."""
    root = Field(Room())
    for record in records:
        root.add(record)
    return root


def type_of(value: Json) -> str:
    """The type of a value as JSON Schema calls it; a number that was written with a point is no integer."""
    return _NAMES[type(value)]


def _has_format(text: str, name: str) -> bool:
    if name == "uri" and "://" not in text:
        return False  # a:b is one as well, and hardly ever meant
    return _VALIDATORS[name].is_valid(text)
