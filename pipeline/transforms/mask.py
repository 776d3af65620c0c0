"""Personal data and secrets made unreadable before anything is stored; `conceal` says what can be found."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

import orjson
from msgspec.structs import replace

from pipeline.transforms.conceal import CUT, HIDDEN, anywhere, is_anywhere
from pipeline.transforms.field import with_data
from pipeline.transforms.path import MISSING, compiled
from pipeline.transforms.setting import check_callable, check_text, wrong

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from pipeline.model import Event, Json
    from pipeline.ports import Transform

# A local part begins where none is going on and is never given back (`++`), and a domain is bounded (RFC 5321 limits),
# so the time is linear in the text. Letters are those of any script (RFC 6531).
_EMAIL: Final = re.compile(r"(?<![\w.%+\-])[\w.%+\-]++@((?:[\w\-]{1,63}+\.){1,8}[^\W\d_]{2,63})")
_LONG: Final = 10**12  # no card number is shorter
_AT: Final = ord("@")  # a byte is found many times faster as a number than as bytes


def emails(event: Event) -> Sequence[Event]:
    """Mask the local part of every e-mail address in a log's body and attributes.

    >>> mask("mail from ada.l@example.com")
    'mail from ***@example.com'
    """
    if _AT not in orjson.dumps(event.data):  # JSON writes an @ as it is: without one, there is no address
        return (event,)
    masked = {name: mask(value) if name in {"body", "attributes"} else value for name, value in event.data.items()}
    return (event,) if masked == event.data else (replace(event, data=masked),)


def texts(*conceal: Callable[[str], str], within: Sequence[str] = ("",)) -> Transform:
    """Whatever these find is concealed in all texts, at any depth, of the fields `within`, by default of all data.

    An integer of which a part is found becomes text. The names of objects stay as they are: see `fields`.

    >>> after(texts(email, card, within=("/note",)), {"note": ["4111111111111111 of ada@example.com"], "id": "a@b.de"})
    [{'note': ['***1111 of ***@example.com'], 'id': 'a@b.de'}]
    """
    if not conceal or not within or isinstance(within, str):
        raise wrong('nothing to conceal, or nowhere; name functions such as mask.email, and within=("/body",)')
    check_callable("conceal", *conceal)
    paths = [compiled(each, whole=True) for each in within]

    is_at_once = all(is_anywhere(each) for each in conceal)

    def change(text: str) -> str:
        for each in conceal:
            text = each(text)
        return text

    def is_clean(value: Json) -> bool:
        return change(whole := CUT.join(_texts_in(value))) == whole

    def transform(event: Event) -> Sequence[Event]:
        data = event.data
        for path in paths:
            value = path.get(data)
            if value is MISSING or (is_at_once and isinstance(value, dict | list) and is_clean(value)):
                continue
            if (masked := mask(value, change)) is not value:
                data = path.put(data, masked)
        return with_data(event, data)

    return transform


def subject(*conceal: Callable[[str], str]) -> Transform:
    """Whatever these find is concealed in the event's subject, by which it is looked for later.

    >>> subject(email)(Event("1", "//a", "log.v1", "2026-11-23T10:00:00Z", {}, "ada@example.com"))[0].subject
    '***@example.com'
    """
    if not conceal:
        raise wrong("nothing to conceal; name functions such as mask.email")
    check_callable("conceal", *conceal)

    def transform(event: Event) -> Sequence[Event]:
        masked = event.subject
        for each in conceal if masked is not None else ():
            masked = each(str(masked))
        return (event,) if masked == event.subject else (replace(event, subject=masked),)

    return transform


def fields(*names: str) -> Transform:
    """Every field with one of these names, in any case and at any depth, has the value `***`, whatever it was.

    >>> after(fields("password", "authorization"), {"user": {"Password": "x", "id": 1}})
    [{'user': {'Password': '***', 'id': 1}}]
    """
    if not names:
        raise wrong("no field is named; name those to conceal")
    for name in names:
        check_text("name", name)
    hidden = frozenset(name.lower() for name in names)

    def transform(event: Event) -> Sequence[Event]:
        masked = _without(event.data, hidden)
        return with_data(event, masked if isinstance(masked, dict) else event.data)

    return transform


@anywhere
def email(text: str) -> str:
    """The e-mail addresses in a text, but for their domains.

    >>> email("mail from ada.l@example.com")
    'mail from ***@example.com'
    """
    return _EMAIL.sub(r"***@\1", text) if "@" in text else text


def mask(value: Json, conceal: Callable[[str], str] = email) -> Json:
    """The value with all texts in it concealed, at any depth, and integers too; one without any is the same value."""
    if isinstance(value, str):
        return conceal(value)
    if isinstance(value, dict):
        masked = value
        for name, each in value.items():
            if (made := mask(each, conceal)) is not each:
                masked = {**value} if masked is value else masked
                masked[name] = made
        return masked
    if isinstance(value, list):
        return _shared(value, [mask(each, conceal) for each in value])
    if isinstance(value, int) and not -_LONG < value < _LONG:
        return value if (text := conceal(str(value))) == str(value) else text
    return value


def _texts_in(value: Json) -> list[str]:
    """All that `mask` would look at, in any order."""
    found: list[str] = []
    inside = [value]
    for each in inside:
        if isinstance(each, str):
            found.append(each)
        elif isinstance(each, dict):
            inside.extend(each.values())
        elif isinstance(each, list):
            inside.extend(each)
        elif isinstance(each, int) and not -_LONG < each < _LONG:
            found.append(str(each))
    return found


def _without(value: Json, names: frozenset[str]) -> Json:
    if isinstance(value, dict):
        masked = {name: HIDDEN if name.lower() in names else _without(each, names) for name, each in value.items()}
        return masked if any(masked[name] is not each for name, each in value.items()) else value
    return _shared(value, [_without(each, names) for each in value]) if isinstance(value, list) else value


def _shared(value: list[Json], masked: list[Json]) -> list[Json]:
    """What was made, or the list itself when it is the same."""
    return masked if any(new is not old for new, old in zip(masked, value, strict=True)) else value
