r"""Text of a known form → fields, by named patterns in the way of grok.

    %{IP:client} %{WORD:method} %{URIPATHPARAM:path} %{INT:status:integer} "%{DATA:agent}"

`%{NAME:field}` is a pattern of `pattern_names`, or one of your own, and the field that it becomes; `%{NAME}` alone must
fit, and is left out; `%{NAME:field:integer}` is cast, to what `cast` knows. What stands between is a regular
expression: `\[` is a bracket. The pattern must fit the whole text; `%{GREEDYDATA:rest}` takes what is left of it.

Unlike grok's, no pattern goes back into what it has taken, so a text takes time linear in its length (`pattern_check`).
`%{DATA}` takes everything up to the text that follows it, the first time that it does.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final, NamedTuple

from pipeline.transforms.cast import CASTS
from pipeline.transforms.field import read_text
from pipeline.transforms.parse.pattern_check import Unsafe, check
from pipeline.transforms.parse.pattern_names import NAMES
from pipeline.transforms.path import unfit
from pipeline.transforms.setting import check_choice, wrong

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pipeline.model import Json
    from pipeline.ports import Transform
    from pipeline.transforms.path import Path

MAX_CHARACTERS: Final = 64 * 1024
MAX_PATTERN_CHARACTERS: Final = 4 * 1024
_PLACE: Final = re.compile(r"%\{(\w{1,64})(?::([^:{}]{1,128}))?(?::(\w{1,16}))?\}", re.ASCII)
# Text that stands for itself: no sign of a regular expression, and none follows that would repeat its last character.
_LITERAL: Final = re.compile(r"(?:\\[^\w]|[^\\.^$*+?{}()\[\]|%])(?![*+?{])")


class _Form(NamedTuple):
    """A compiled pattern; its groups are the fields, in order, each with its cast."""

    expression: re.Pattern[str]
    fields: list[tuple[str, str | None]]


def pattern(pointer: str, form: str, into: str | None = None, *, names: Mapping[str, str] | None = None) -> Transform:
    r"""A text of this form becomes an object of its fields. Raises Rejection, when it is not of the form.

    `names` are patterns of your own, regular expressions that pass `pattern_check`.

    >>> after(pattern("/body", r"%{WORD:verb} %{NOTSPACE:path} \[%{INT:ms:integer}\]"), {"body": "GET /a [12]"})
    [{'body': {'verb': 'GET', 'path': '/a', 'ms': 12}}]
    """
    expression, fields = _compiled(form, {**NAMES, **(names or {})})

    def read(path: Path, text: str) -> Json:
        match = expression.fullmatch(text)
        if match is None:
            raise unfit(path, "it is not of the form of the pattern")
        found: dict[str, Json] = {}
        for (name, to), value in zip(fields, match.groups(), strict=True):
            if value is not None:
                found[name] = value if to is None else _cast(path, name, to, value)
        return found

    return read_text(pointer, into, read, MAX_CHARACTERS)


def _cast(path: Path, name: str, to: str, value: str) -> Json:
    made = CASTS[to](value)
    if made is None:
        raise unfit(path, f"its {name} is no {to}")
    return made


def _compiled(form: str, names: Mapping[str, str]) -> _Form:
    if not 1 <= len(form) <= MAX_PATTERN_CHARACTERS:
        raise wrong(f"the pattern has {len(form)} characters; write 1 to {MAX_PATTERN_CHARACTERS}")
    fields: list[tuple[str, str | None]] = []
    parts: list[str] = []
    unnamed: list[str] = []
    at = 0
    for place in _PLACE.finditer(form):
        name, field, to = place.groups()
        between = form[at : place.start()]
        inner = f"(?>{_named(name, names, form[place.end() :])})"
        plain = NAMES["GREEDYDATA"] if name == "DATA" else inner  # what is made for DATA takes no character twice
        if field is not None:
            if to is not None:
                check_choice(f"the cast of {field}", to, CASTS)
            if field in [known for known, _ in fields]:
                raise wrong(f"two places have the field {field!r}; name each once")
            fields.append((field, to))
        parts += [between, inner if field is None else f"({inner})"]
        unnamed += [between, plain]
        at = place.end()
    _check("".join([*unnamed, form[at:]]), "the pattern")
    return _Form(re.compile("".join([*parts, form[at:]])), fields)


def _named(name: str, names: Mapping[str, str], after: str) -> str:
    """The expression of a name; of DATA, one made of what follows."""
    if name == "DATA":
        return _up_to(after)
    if name not in names:
        raise wrong(f"%{{{name}}} is not known; write one of DATA, {', '.join(sorted(names))}, or give it in names")
    if name == "GREEDYDATA" and after:
        raise wrong("%{GREEDYDATA} takes all that is left; write it at the end, and %{DATA} elsewhere")
    _check(names[name], f"%{{{name}}}")
    return names[name]


def _up_to(after: str) -> str:
    if not after:
        return NAMES["GREEDYDATA"]
    first = _LITERAL.match(after)
    if first is None:
        raise wrong("%{DATA} is followed by no text of its own; write a blank, a quote or the like after it")
    rest, at = "", first.end()
    while match := _LITERAL.match(after, at):
        rest, at = rest + match[0], match.end()
    others = f"[^{re.escape(first[0].removeprefix('\\'))}]*+"
    return f"{others}(?:{first[0]}(?!{rest}){others})*+" if rest else others


def _check(expression: str, what: str) -> None:
    try:
        check(expression)
    except Unsafe as error:
        raise wrong(f"{what} cannot be used: {error}") from None
