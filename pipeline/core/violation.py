"""What breaks a schema, said in one way to everybody: the place, what is wrong, and which rule says so.

    /data/severity_number: the value is greater than the maximum of 24 [maximum]

The value itself is never said: dead letters, answers and logs hold names and pointers, and no more of a record.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, NamedTuple

import jsonschema_rs

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pipeline.model import Json

MAX_POINTER_CHARACTERS: Final = 300
MAX_MESSAGE_CHARACTERS: Final = 240
# Patterns take time linear in the text, whoever wrote them: none that needs more can be compiled (look-around,
# back-references), and none that grows beyond the engine's 10 MB when it is.
_LINEAR: Final = jsonschema_rs.RegexOptions()
# The validator calls a schema `false` by this name, which is no keyword.
_RULES: Final = {"falseSchema": "false"}


class Violation(NamedTuple):
    """One rule that a value breaks.

    Args:
        pointer: where, a JSON pointer (RFC 6901), empty for the whole value; at most `MAX_POINTER_CHARACTERS`.
        rule: the keyword of the schema, such as `maximum`; `false` where nothing is allowed at all.
        message: what is wrong, at most `MAX_MESSAGE_CHARACTERS`.
    """

    pointer: str
    rule: str
    message: str

    @property
    def detail(self) -> str:
        """What is wrong, and the rule."""
        return f"{self.message} [{self.rule}]"

    def __str__(self) -> str:
        """The place, what is wrong, and the rule."""
        return f"{self.pointer}: {self.detail}"


def compiled(schema: dict[str, Any]) -> jsonschema_rs.Draft202012Validator:
    """The validator of a schema. Raises ValueError when it is none; nothing is ever fetched for it."""
    return jsonschema_rs.Draft202012Validator(
        schema, validate_formats=True, mask="the value", pattern_options=_LINEAR, offline=True
    )


def violations(validator: jsonschema_rs.Draft202012Validator, value: Json, root: str = "") -> Iterator[Violation]:
    """Every rule that the value breaks; `root` is the pointer to the value."""
    for error in validator.iter_errors(value):
        yield _violation(error, root)


def pointer(*parts: str | int) -> str:
    """The JSON pointer of these names and indexes.

    >>> pointer("a/b", 0, "c~d")
    '/a~1b/0/c~0d'
    """
    return "".join(f"/{str(part).replace('~', '~0').replace('/', '~1')}" for part in parts)


def _violation(error: jsonschema_rs.ValidationError, root: str) -> Violation:
    name = error.kind.name
    return Violation(
        _cut(root + pointer(*error.instance_path), MAX_POINTER_CHARACTERS),
        _RULES.get(name, name),
        _cut(error.message, MAX_MESSAGE_CHARACTERS),
    )


def _cut(text: str, most: int) -> str:
    return text if len(text) <= most else f"{text[: most - 1]}…"
