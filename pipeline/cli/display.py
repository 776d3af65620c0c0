"""A processed event, or a dead letter, as one line: coloured for a person, or JSON for a program.

What stands in a record comes from anywhere: control characters, and those that turn the direction of text, are shown
escaped, so that a log line cannot drive the terminal.
"""

from __future__ import annotations

import json
import re
import sys
from typing import TYPE_CHECKING, Any, Final

from rich.console import Console
from rich.text import Text

from pipeline.core.attribute_value import TAGS
from pipeline.transforms.severity import name_of

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from pipeline.model import Json

# C0, DEL and C1; line and paragraph separators; marks, embeddings, overrides and isolates of direction.
_UNSAFE: Final = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]")
# The least severity number of each style, from the highest (OpenTelemetry: FATAL 21, ERROR 17, WARN 13, INFO 9, …).
_SEVERITY_STYLES: Final = ((21, "bold white on red"), (17, "bold red"), (13, "yellow"), (9, "green"), (5, "cyan"))
_OPERATION_STYLES: Final = {"c": "green", "u": "yellow", "d": "red"}
_OPERATIONS: Final = {"c": "created", "u": "updated", "d": "deleted"}
# What structured logs call their text.
_BODY_FIELDS: Final = ("message", "msg", "event", "body")
_LABEL_WIDTH: Final = 7
# More than any terminal is wide: the rest of a part is not even laid out.
_MOST_CHARACTERS: Final = 1000


class Display:
    """Shows records on stdout as they come: readable on a terminal, else one JSON object a line."""

    def __init__(self, *, as_json: bool | None = None, console: Console | None = None) -> None:
        """`as_json` None: by whether stdout is a terminal."""
        self._console = console or Console(file=sys.stdout, highlight=False)
        self._as_json = not self._console.is_terminal if as_json is None else as_json

    def event(self, event: Mapping[str, Any]) -> None:
        """Show an event of the results table. Raises BrokenPipeError when nobody reads any more."""
        self._show(event, event_line)

    def dead_letter(self, letter: Mapping[str, Any]) -> None:
        """Show a dead letter as the bucket holds it. Raises BrokenPipeError when nobody reads any more."""
        self._show(letter, dead_letter_line)

    def _show(self, record: Mapping[str, Any], line: Callable[[Mapping[str, Any]], Text]) -> None:
        if self._as_json:
            self._console.file.write(f"{safe_json(record)}\n")
        else:
            self._console.print(line(record), no_wrap=True, overflow="ellipsis", crop=True)
        self._console.file.flush()


def event_line(event: Mapping[str, Any]) -> Text:
    """An event as `pipeline tail` shows it: time, what it is, its key, and its content; not yet cut to a width."""
    if "dataref" in event and "data" not in event:
        where = f"data in {event['dataref']} ({event.get('data_bytes')} bytes)"
        return styled(*_start(event, str(event.get("type")), "blue"), (where, "dim"))
    if not isinstance(event.get("data"), dict):
        return _any_event(event)
    return _CONTENTS.get(str(event.get("type")), _any_event)(event)


def dead_letter_line(letter: Mapping[str, Any]) -> Text:
    """A dead letter: its reason, where on the way it fell out, and what was wrong."""
    return styled(
        ("dead    ", "bold magenta"),
        (f"{letter.get('reason')}", "magenta"),
        (f" at {letter.get('stage')} ", "dim"),
        (f"{letter.get('detail')}", ""),
    )


def styled(*parts: tuple[str, str]) -> Text:
    """One line of parts, each with its style; not yet cut to a width."""
    text = Text(no_wrap=True, overflow="ellipsis", end="\n")
    for content, style in parts:
        text.append(safe(content[:_MOST_CHARACTERS]), style=style)
    text.rstrip()
    return text


def safe(text: str) -> str:
    r"""The text with what could drive a terminal escaped.

    >>> safe("a\x1b[31mb\n")
    'a\\x1b[31mb\\n'
    """
    return _UNSAFE.sub(lambda match: match[0].encode("unicode_escape").decode(), text)


def safe_json(value: object) -> str:
    """JSON on one line, readable beyond ASCII, and nothing in it that drives a terminal. Integers keep every digit."""
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    return _UNSAFE.sub(lambda match: f"\\u{ord(match[0]):04x}", text)


def _log(event: Mapping[str, Any]) -> Text:
    data = event["data"]
    number = data.get("severity_number")
    label = data.get("severity_text") or (name_of(number) if isinstance(number, int) else "log")
    body = _without_time(_body(data.get("body")), str(event.get("time")))
    return styled(*_start(event, str(label), _severity_style(number)), (body, ""))


def _change(event: Mapping[str, Any]) -> Text:
    data = event["data"]
    op = str(data.get("op"))
    parts = [*_start(event, _OPERATIONS.get(op, op), _OPERATION_STYLES.get(op, ""))]
    before, after = data.get("before"), data.get("after")
    if op == "d":
        source = data.get("source")
        is_expired = isinstance(source, dict) and source.get("deleted_by") == "ttl"
        return styled(*parts, ("by its time to live" if is_expired else "", "dim"))
    if isinstance(before, dict) and isinstance(after, dict):
        return styled(*parts, *_difference(before, after))
    return styled(*parts, (_values(after, data.get("key")), ""))


def _any_event(event: Mapping[str, Any]) -> Text:
    return styled(*_start(event, str(event.get("type")), "blue"), (safe_json(event.get("data")), ""))


def _start(event: Mapping[str, Any], label: str, style: str) -> list[tuple[str, str]]:
    time = str(event.get("time", "")).replace("T", " ")[:19]
    key = str(event.get("subject") or "") or _last_part(str(event.get("source") or ""))
    return [(f"{time} ", "dim"), (f"{label:<{_LABEL_WIDTH}} ", style), (f"{key} " if key else "", "blue")]


def _severity_style(number: object) -> str:
    if not isinstance(number, int):
        return ""
    return next((style for least, style in _SEVERITY_STYLES if number >= least), "dim")


def _body(body: Json) -> str:
    """A text as it is; of a structured log its text first, and then the rest."""
    if isinstance(body, str):
        return body
    if isinstance(body, dict):
        for name in _BODY_FIELDS:
            if isinstance(body.get(name), str):
                rest = {each: value for each, value in body.items() if each != name}
                return f"{body[name]} {safe_json(rest) if rest else ''}"
    return safe_json(body)


def _without_time(body: str, time: str) -> str:
    """A line that begins with the time that stands before it already, without it."""
    same = body[:10] == time[:10] and body[11:19] == time[11:19]
    return body[19:].lstrip("0123456789.,Z").lstrip() if same else body


def _last_part(source: str) -> str:
    """The file or service that a source ends with: `//web-1/var/log/app.log` is `app.log`."""
    return source.rstrip("/").rpartition("/")[2]


def _difference(before: dict[str, Json], after: dict[str, Json]) -> list[tuple[str, str]]:
    """Only what has changed: `status: new → paid`."""
    parts: list[tuple[str, str]] = []
    for name in [*before, *(each for each in after if each not in before)]:
        if name in before and name in after and before[name] == after[name]:
            continue
        parts.append((f"{name}: ", "dim"))
        if name in before:
            parts.append((_value(before[name]), "red"))
        if name in before and name in after:
            parts.append((" → ", "dim"))
        if name in after:
            parts.append((_value(after[name]), "green"))
        parts.append(("  ", ""))
    return parts


def _values(item: Json, key: Json) -> str:
    """A new item without its key, which stands before it."""
    if not isinstance(item, dict):
        return safe_json(item)
    names = key if isinstance(key, dict) else {}
    return "  ".join(f"{name}: {_value(value)}" for name, value in item.items() if name not in names)


def _value(value: Json) -> str:
    """A value; one that is tagged for exactness (see `core.attribute_value`) without its tag."""
    if isinstance(value, dict) and len(value) == 1 and TAGS.issuperset(value):
        (value,) = value.values()
    return value if isinstance(value, str) else safe_json(value)


_CONTENTS: Final[dict[str, Callable[[Mapping[str, Any]], Text]]] = {
    "access_log.v1": _log,
    "log.v1": _log,
    "change.v1": _change,
}
