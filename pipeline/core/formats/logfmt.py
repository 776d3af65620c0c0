"""logfmt: `level=info msg="order taken" total=12.5 cached`, as Heroku, Grafana, logrus and Go's slog write it.

The message is the body, and time, severity and trace are read by their usual names; any other pair is an attribute,
under its name and as text, for logfmt knows no other type. A key alone is true, a key that is there twice has both
values. There is no standard; what is accepted is what https://pkg.go.dev/github.com/go-logfmt/logfmt accepts, and `=`
within a value. A line with more words than pairs is prose.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

import orjson

from pipeline.core.formats.parsed import from_fields, text_of
from pipeline.errors import InputError

if TYPE_CHECKING:
    from pipeline.core.formats.parsed import LocalTime, Parsed
    from pipeline.core.lines import Line
    from pipeline.model import Json

MESSAGE_FIELDS: Final = ("msg", "message")
_PAIR: Final = re.compile(r'\s*+([^\s="]++)(?:=(?:"([^"\\]*+(?:\\.[^"\\]*+)*+)"|([^\s"]*+)))?(?=\s|\Z)')


def parse(line: Line, local: LocalTime) -> Parsed:
    """A line of pairs. Raises InputError, when it is none."""
    text = text_of(line)
    fields = pairs(text)
    parsed, used = from_fields(fields, local, text)
    message = next((name for name in MESSAGE_FIELDS if isinstance(fields.get(name), str)), None)
    attributes = {name: value for name, value in fields.items() if name not in used and name != message}
    body = text if message is None else str(fields[message])
    return parsed._replace(body=body, attributes=attributes, fields=fields)


def pairs(text: str) -> dict[str, Json]:
    """The pairs and bare keys of a line that consists of them. Raises InputError, when it does not."""
    fields: dict[str, Json] = {}
    pairs, words, at, end = 0, 0, 0, len(text.rstrip())
    while at < end:
        match = _PAIR.match(text, at)
        if match is None:
            raise InputError(f"no key=value at character {at}")
        name, quoted, bare = match.groups()
        is_word = quoted is None and bare is None
        words, pairs = words + is_word, pairs + (not is_word)
        add(fields, name, is_word or (bare if quoted is None else _unquoted(quoted)))
        at = match.end()
    if pairs == 0 or pairs < words:
        raise InputError(f"{words} words and {pairs} key=value: prose")
    return fields


def add(fields: dict[str, Json], name: str, value: Json) -> None:
    """Set a field, or make it a list of all its values in order."""
    if name not in fields:
        fields[name] = value
    elif isinstance(known := fields[name], list):
        known.append(value)
    else:
        fields[name] = [known, value]


def _unquoted(text: str) -> str:
    """The escapes are those of JSON; with one that is not, the text stays as it is written."""
    if "\\" not in text:
        return text
    try:
        return str(orjson.loads(f'"{text}"'))
    except orjson.JSONDecodeError:
        return text
