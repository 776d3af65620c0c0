"""The names of event types: `<what>.v<version>`, in words of lower case, such as `log.v1` or `shop.order.v12`.

A type is found by its name in three places: `schemas/<type>.json`, its route's file, its events' `type`.
"""

from __future__ import annotations

import difflib
import re
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable

FORM: Final = "words of a-z and 0-9, joined by . _ or -, then .v and the version: orders.v1"
MAX_NAME_CHARACTERS: Final = 64
_NAME: Final = re.compile(r"[a-z][a-z0-9]*(?:[._-][a-z0-9]+)*\.v[1-9][0-9]{0,3}", re.ASCII)
_MOST_NAMED: Final = 10


def is_name(name: str) -> bool:
    """Whether a type can have this name.

    >>> is_name("orders.v1"), is_name("Orders.v1"), is_name("orders.v0"), is_name("orders")
    (True, False, False, False)
    """
    return len(name) <= MAX_NAME_CHARACTERS and _NAME.fullmatch(name) is not None


def module_name(name: str) -> str:
    """The module that declares the route of a type.

    >>> module_name("shop.order-line.v1")
    'shop_order_line_v1'
    """
    return re.sub(r"[.-]", "_", name)


def split(name: str) -> tuple[str, int]:
    """What a type is about, and its version; of what is no name, all of it and 0.

    >>> split("shop.order.v12"), split("shop")
    (('shop.order', 12), ('shop', 0))
    """
    stem, _, version = name.rpartition(".v")
    return (stem, int(version)) if stem and version.isdecimal() and version.isascii() else (name, 0)


def next_version(name: str) -> str:
    """The name of a type after a change that breaks it.

    >>> next_version("log.v1")
    'log.v2'
    """
    stem, version = split(name)
    return f"{stem}.v{version + 1}"


def closest(name: str, known: Iterable[str]) -> str | None:
    """The known type that was most likely meant: the last version of the same, or else of what reads alike.

    >>> closest("log.v3", ["log.v1", "log.v2", "blog.v3"]), closest("lgo.v1", ["log.v1"]), closest("zebra", ["log.v1"])
    ('log.v2', 'log.v1', None)
    """
    last = {split(each)[0]: each for each in sorted(known, key=split)}
    alike = difflib.get_close_matches(split(name[:MAX_NAME_CHARACTERS])[0], last, n=1, cutoff=0.6)
    return last[alike[0]] if alike else None


def unknown(name: str, known: Iterable[str]) -> str:
    """What to say of a type that has no schema, in bounded length; more would be the sender's own words.

    >>> unknown("log.v2", ["change.v1", "log.v1"])
    "type 'log.v2' has no schema; did you mean log.v1?"
    """
    types = sorted(known)
    meant = closest(name, types)
    if meant is None:
        more = ", …" if len(types) > _MOST_NAMED else ""
        hint = f"known: {', '.join(types[:_MOST_NAMED])}{more}"
    else:
        hint = f"did you mean {meant}?"
    return f"type {name[:MAX_NAME_CHARACTERS]!r} has no schema; {hint}"
