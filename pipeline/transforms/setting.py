"""The settings of a transform are checked when it is made, so that a wrong one fails at import, before any record."""

from __future__ import annotations

import inspect
from traceback import walk_stack
from typing import TYPE_CHECKING, Final

import orjson

from pipeline.errors import WrongDeclaration

if TYPE_CHECKING:
    from collections.abc import Callable, Collection

    from pipeline.model import Json

# What is declared with these is wrong where it is declared.
_OURS: Final = ("pipeline.transforms", "pipeline.lookups")


def wrong(what: str) -> WrongDeclaration:
    """The error of a setting: the place where the transform is declared, its name, and what to set instead.

    >>> wrong("most is 0; set it to 1 or more")  # doctest: +ELLIPSIS
    WrongDeclaration('...: most is 0; set it to 1 or more')
    """
    frames = [*walk_stack(inspect.currentframe())]
    outside = next(index for index, (frame, _) in enumerate(frames) if not _is_ours(frame.f_globals))
    frame, line = frames[outside]
    return WrongDeclaration(f"{frame.f_code.co_filename}:{line}: {frames[outside - 1][0].f_code.co_name}: {what}")


def check_callable(name: str, *functions: Callable[..., object]) -> None:
    """Raise WrongDeclaration unless all can be called."""
    for function in functions:
        if not callable(function):
            raise wrong(f"{name} has {function!r}; set it to a function")


def check_whole(name: str, number: object, *, least: int, most: int) -> None:
    """Raise WrongDeclaration unless it is a whole number within the bounds."""
    if not isinstance(number, int) or isinstance(number, bool) or not least <= number <= most:
        raise wrong(f"{name} is {number!r}; set it to a whole number from {least} to {most}")


def check_choice(name: str, value: str, known: Collection[str]) -> None:
    """Raise WrongDeclaration unless the value is one of those known."""
    if value not in known:
        raise wrong(f"{name} is {value!r}; set it to one of {', '.join(known)}")


def check_text(name: str, value: object, most: int = 256) -> None:
    """Raise WrongDeclaration unless it is text that is not empty, of at most so many characters."""
    if not isinstance(value, str) or not 1 <= len(value) <= most:
        raise wrong(f"{name} is {str(value)[:most]!r}; set it to text of 1 to {most} characters")


def check_json(name: str, value: Json) -> None:
    """Raise WrongDeclaration unless the value is one of JSON."""
    try:
        is_json = orjson.loads(orjson.dumps(value)) == value
    except (TypeError, ValueError):
        is_json = False
    if not is_json:
        raise wrong(f"{name} is {value!r}; set it to a value of JSON: text, number, true, null, list or dict of them")


def _is_ours(names: dict[str, object]) -> bool:
    return str(names.get("__name__", "")).startswith(_OURS)
