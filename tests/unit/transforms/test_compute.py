from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.transforms.compute import (
    add,
    compute,
    divide,
    join,
    length,
    lower,
    multiply,
    strip,
    subtract,
    upper,
)
from tests.unit.transforms.outcome import DATA, POINTERS, after, holds, rejected

if TYPE_CHECKING:
    from collections.abc import Callable

    from pipeline.model import Json

MOST = 2**63 - 1


@pytest.mark.parametrize(
    ("function", "values", "expected"),
    [
        (add, [1, 2], 3),
        (add, [1, 0.5], 1.5),
        (subtract, [1, 2.5], -1.5),
        (multiply, [3, 4], 12),
        (divide, [3, 4], 0.75),
        (join("/"), ["a", 1.5], "a/1.5"),
        (lambda first, second: [second, first], [1, "x"], ["x", 1]),
    ],
)
def test_compute(function: Callable[..., Json], values: list[Json], expected: Json) -> None:
    """A field is made of others, which stay."""
    assert [{"v": values, "r": expected}] == after(compute("/r", function, "/v/0", "/v/1"), {"v": values})


@pytest.mark.parametrize(
    ("function", "value", "expected"),
    [
        (lower, "ÄB", "äb"),
        (upper, "ß", "SS"),
        (strip, "\u00a0x ", "x"),
        (length, "äb", 2),
        (length, {}, 0),
        (add, 7, 7),
    ],
)
def test_of_one(function: Callable[..., Json], value: Json, expected: Json) -> None:
    """A field can be made anew in its own place."""
    assert [{"a": expected}] == after(compute("/a", function, "/a"), {"a": value})


@pytest.mark.parametrize(
    ("function", "values", "detail"),
    [
        (add, [1, "2"], "rejected_by_transform: text is no number"),
        (add, [True, 1], "rejected_by_transform: a boolean is no number"),
        (divide, [1, 0], "number_out_of_range: a division by zero"),
        (divide, [MOST, 5e-324], "number_out_of_range: /r: a number without end"),
        (add, [MOST, 1], "number_out_of_range: an integer of more than 64 bits"),
        (multiply, [1e308, 10], "number_out_of_range: /r: a number without end"),
        (join(""), [None, "x"], "rejected_by_transform: null is neither text nor a number"),
        (join("x" * 2**20), ["a", "b"], "too_large: /r: a text of more than 1048576 characters"),
        (lambda *_: lower(1), [1, 1], "rejected_by_transform: a number is no text"),
        (lambda *_: length(1), [1, 1], "rejected_by_transform: a number has no length"),
        (lambda *_: 2**63, [1, 1], "number_out_of_range: /r: an integer of more than 64 bits"),
    ],
)
def test_rejections(function: Callable[..., Json], values: list[Json], detail: str) -> None:
    """What cannot be computed, or has no bound, is rejected."""
    assert detail in rejected(compute("/r", function, "/v/0", "/v/1"), {"v": values})


def test_nothing_to_compute_of() -> None:
    """Where a field is absent, the event stays as it is."""
    assert [{"a": 1}] == after(compute("/r", add, "/a", "/b"), {"a": 1})


FUNCTIONS = [add, subtract, multiply, divide, join(","), lambda a, _: lower(a), lambda a, _: length(a)]


@given(DATA, st.sampled_from(POINTERS), st.sampled_from(POINTERS), st.sampled_from(FUNCTIONS))
def test_whatever_the_data(data: dict[str, Json], pointer: str, other: str, function: Callable[..., Json]) -> None:
    """Any data end in events or a rejection, twice the same, and are left as they were."""
    holds(compute("/r", function, pointer, other), data)
    holds(compute(pointer, function, pointer, pointer), data)
