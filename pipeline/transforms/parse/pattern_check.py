"""Whether a regular expression takes time linear in the text, told before it ever sees one.

Python's `re` goes back: where a part does not fit, it tries every other way in which the parts before it could have
fitted. How many ways there are is counted on the parsed expression. What is possessive (`*+`, `++`, `?+`) or atomic
(`(?>…)`) has one. An expression passes when

    each unbounded repeat is possessive, so that it has one way, however long the text is;
    none of them stands in a repeat or in a look-around, where it would be gone through again and again;
    repeats within repeats have at most `MAX_BOUND` rounds together;
    all that is not possessive has at most `MAX_WAYS` ways together;
    it has no groups of its own, and so no references to them.

So the steps for a text are at most its length times a constant.
"""

from __future__ import annotations

import re
from importlib import import_module
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Iterable

MAX_WAYS: Final = 100
# A repeat of more rounds than this counts as unbounded.
MAX_BOUND: Final = 1_000

# The parser behind `re.compile`; `re` shows no other way to what an expression consists of.
_parser: Final[Any] = import_module("re._parser")
_REPEATS: Final = frozenset({"MAX_REPEAT", "MIN_REPEAT", "POSSESSIVE_REPEAT"})
_LOOKS: Final = frozenset({"ASSERT", "ASSERT_NOT"})


class Unsafe(ValueError):
    """An expression that can take more than linear time, or none at all; the text says what to write instead."""


def check(expression: str) -> None:
    r"""Raise Unsafe, unless the expression takes time linear in the text.

    >>> check(r"[A-Z]{2}-\d++"), check(r"(?>GET|PUT) /\S*+")
    (None, None)
    >>> check(r"(\d++)")
    Traceback (most recent call last):
    pipeline.transforms.parse.pattern_check.Unsafe: it has a group of its own; write (?:…)
    """
    try:
        tree = _parser.parse(expression)
    except (re.error, OverflowError, RecursionError) as error:
        raise Unsafe(f"it is no regular expression: {error}") from None
    _ways(tree, 0)


def _ways(nodes: Iterable[tuple[Any, Any]], rounds: int) -> int:
    """In how many ways these nodes, one after the other, can fit at one place; at most `MAX_WAYS`.

    `rounds` are those of the repeats that the nodes stand in, 0 outside of any.
    """
    ways = 1
    for operation, argument in nodes:
        ways *= _ways_of(str(operation), argument, rounds)
        if ways > MAX_WAYS:
            raise Unsafe(f"it can fit in more than {MAX_WAYS} ways; write possessive repeats (*+ ++ ?+) or (?>…)")
    return ways


def _ways_of(operation: str, argument: Any, rounds: int) -> int:  # noqa: ANN401 - the parser says no type
    if operation in _REPEATS:
        return _repeat(operation, argument, rounds)
    if operation == "BRANCH":
        return sum(_ways(branch, rounds) for branch in argument[1])
    if operation == "SUBPATTERN":
        group, _, _, inner = argument
        if group is not None:
            raise Unsafe("it has a group of its own; write (?:…)")
        return _ways(inner, rounds)
    if operation == "ATOMIC_GROUP":
        _ways(argument, rounds)
        return 1
    if operation in _LOOKS:
        _ways(argument[1], max(rounds, 1))
        return 1
    return 1


def _repeat(operation: str, argument: Any, rounds: int) -> int:  # noqa: ANN401 - the same
    least, most, inner = int(argument[0]), int(argument[1]), argument[2]
    is_unbounded = most > MAX_BOUND
    if is_unbounded and rounds:
        raise Unsafe("an unbounded repeat stands in another repeat or a look-around; write {0,9} instead of * or +")
    if is_unbounded and operation != "POSSESSIVE_REPEAT":
        raise Unsafe("an unbounded repeat is not possessive; write *+ for *, ++ for +")
    here = 1 if is_unbounded else max(most, 1)
    if max(rounds, 1) * here > MAX_BOUND:
        raise Unsafe(f"repeats within repeats have more than {MAX_BOUND} rounds; write smaller bounds")
    is_once = most == 1 and not rounds
    inner_ways = _ways(inner, 0 if is_once else max(rounds, 1) * here)
    ways = _count(inner_ways, least, least if operation == "POSSESSIVE_REPEAT" else most)
    return 1 if operation == "POSSESSIVE_REPEAT" else ways


def _count(inner_ways: int, least: int, most: int) -> int:
    ways = 0
    for rounds in range(least, most + 1):
        ways += 1 if inner_ways == 1 else inner_ways ** min(rounds, MAX_WAYS)
        if ways > MAX_WAYS:
            raise Unsafe(f"a repeat can fit in more than {MAX_WAYS} ways; write it possessive: {{1,9}}+")
    return ways
