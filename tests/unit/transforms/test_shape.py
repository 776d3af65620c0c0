from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.errors import WrongDeclaration
from pipeline.transforms.cast import cast
from pipeline.transforms.flatten import flatten
from pipeline.transforms.shape import copy, default, delete, merge, move, rename
from tests.unit.transforms.outcome import DATA, POINTERS, after, an_event, holds, rejected

if TYPE_CHECKING:
    from collections.abc import Callable

    from pipeline.model import Json
    from pipeline.ports import Transform


@pytest.mark.parametrize(
    ("transform", "data", "expected"),
    [
        (rename("/a", "b"), {"x": 1, "a": 2, "y": 3}, {"x": 1, "b": 2, "y": 3}),
        (rename("/a", "b"), {"b": 1, "a": 2}, {"b": 2}),
        (rename("/a/b", "c.d"), {"a": {"b": None}}, {"a": {"c.d": None}}),
        (rename("/a", "a"), {"a": 2}, None),
        (rename("/a/b", "c"), {"a": "text"}, None),
        (rename("/a/0", "c"), {"a": [1]}, None),
        (rename("/a", "b"), {"x": 1}, None),
        (move("/a", "/b/c"), {"a": 1}, {"b": {"c": 1}}),
        (move("/a", "/b"), {"a": 1, "b": 2}, {"b": 1}),
        (move("/a/0", "/b"), {"a": [1, 2]}, {"a": [2], "b": 1}),
        (move("/a", "/b"), {"b": 2}, None),
        (copy("/a", "/b"), {"a": [1]}, {"a": [1], "b": [1]}),
        (copy("/a", "/c/b"), {}, None),
        (copy("/a/b", "/a"), {"a": {"b": 1}}, {"a": 1}),
        (delete("/a", "/b/c", "/d"), {"a": None, "b": {"c": 1}}, {"b": {}}),
        (delete("/a", "/a/b"), {"a": {"b": 1}}, {}),
        (delete("/a"), {"b": 1}, None),
        (default("/a", 7), {}, {"a": 7}),
        (default("/a", 7), {"a": None}, None),
        (default("/a/b", [1]), {"a": {}}, {"a": {"b": [1]}}),
        (merge("/p"), {"a": 1, "p": {"b": 2}}, {"a": 1, "b": 2}),
        (merge("/p"), {"p": {"p": 2}}, {"p": 2}),
        (merge("/p", "/q"), {"p": {"b": 2}}, {"q": {"b": 2}}),
        (merge("/p", "/q"), {"p": {"b": 2}, "q": {"c": 3}}, {"q": {"c": 3, "b": 2}}),
        (merge("/p", wins="source"), {"a": 1, "p": {"a": 2}}, {"a": 2}),
        (merge("/p", wins="target"), {"a": 1, "p": {"a": 2}}, {"a": 1}),
        (merge("/p"), {"a": 1}, None),
        (flatten("/a"), {"a": {"b": {"c": 1, "d": {"e": [2]}}, "f": {}}}, {"a": {"b.c": 1, "b.d.e": [2], "f": {}}}),
        (flatten(separator="_"), {"a": {"b": 1}, "c": {"d": {}}}, {"a_b": 1, "c_d": {}}),
        (flatten("/a"), {"a": {"b": 1, "c": {}}}, None),
        (flatten("/a"), {"b": 1}, None),
        (flatten("/a"), {"a": None}, None),
    ],
)
def test_shape(transform: Transform, data: dict[str, Json], expected: dict[str, Json] | None) -> None:
    """Fields stand where they are put, in this order; what has none of them is the same event."""
    (event,) = transform(an_event(data))
    if expected is None:
        assert data is event.data
    else:
        assert [*expected.items()] == [*event.data.items()]


@pytest.mark.parametrize(
    ("transform", "data", "detail"),
    [
        (move("/a", "/b/c"), {"a": 1, "b": 2}, "/b: it is a number, so nothing can be put into it"),
        (copy("/a", "/b/c"), {"a": 1, "b": [2]}, "/b: it is a list without that index"),
        (default("/b/c", 1), {"b": "x"}, "/b: it is text"),
        (merge("/p"), {"p": 1}, "/p: it is a number, not an object"),
        (merge("/p", "/q"), {"p": {}, "q": None}, "/q: it is null, not an object"),
        (
            merge("/p"),
            {"p": {"a": 1, "b": 2, "c": 3}, "b": 0, "c": 0},
            "/p: 2 of its fields are there already, such as 'b'",
        ),
        (flatten("/a"), {"a": [1]}, "/a: it is a list, not an object"),
        (flatten(), {"a.b": 1, "a": {"b": 2}}, "the data: two fields come to have the name 'a.b'"),
        (
            flatten(),
            {"k" * 2_000: {str(each): each for each in range(600)}},
            "too_large: the data: the names come to more",
        ),
    ],
)
def test_rejections(transform: Transform, data: dict[str, Json], detail: str) -> None:
    """What would lose a value, or cannot be bounded, is rejected, in words without the value."""
    assert detail in rejected(transform, data)


@pytest.mark.parametrize(
    ("make", "remedy"),
    [
        (lambda: rename("/a", ""), "rename: name is ''"),
        (lambda: move("/a", "/a/b"), "move: '/a' and '/a/b' lie one within the other"),
        (lambda: move("/a/b", "/a"), "lie one within the other"),
        (lambda: copy("/a", "/a/b"), "copy: '/a/b' lies within '/a'"),
        (delete, "delete: no field is named"),
        (lambda: default("/a", object()), "default: value is <object"),  # type: ignore[arg-type] # wrong on purpose
        (lambda: merge("/a", "/a/b"), "merge: '/a/b' lies within '/a'"),
        (lambda: merge("/a", wins="both"), "merge: wins is 'both'; set it to one of neither, source, target"),  # type: ignore[arg-type] # the same
        (lambda: flatten("/a", ""), "flatten: separator is ''"),
        (lambda: cast("/a", "int"), "cast: to is 'int'; set it to one of integer, number, boolean, string"),  # type: ignore[arg-type] # the same
    ],
)
def test_wrong(make: Callable[[], Transform], remedy: str) -> None:
    """A setting that cannot be right fails when the transform is made."""
    with pytest.raises(WrongDeclaration, match=remedy):
        make()


@pytest.mark.parametrize(
    ("value", "integer", "number", "boolean", "string"),
    [
        ("12", 12, 12, None, "12"),
        ("-0012", -12, -12, None, "-0012"),
        ("+1", 1, 1, None, "+1"),
        ("1", 1, 1, True, "1"),
        ("2.5", None, 2.5, None, "2.5"),
        (".5", None, 0.5, None, ".5"),
        ("1e3", None, 1000.0, None, "1e3"),
        ("1e999", None, None, None, "1e999"),
        ("9" * 19, "range", "range", None, "9" * 19),
        ("9" * 41, None, None, None, "9" * 41),
        ("", None, None, None, ""),
        (" 1", None, None, None, " 1"),
        ("1\n", None, None, None, "1\n"),
        ("1_0", None, None, None, "1_0"),
        ("\u0661", None, None, None, "\u0661"),
        ("nan", None, None, None, "nan"),
        ("TRUE", None, None, True, "TRUE"),
        ("false", None, None, False, "false"),
        ("yes", None, None, None, "yes"),
        (7, 7, 7, None, "7"),
        (0, 0, 0, False, "0"),
        (2.0, 2, 2.0, None, "2.0"),
        (2.5, None, 2.5, None, "2.5"),
        (1e300, "range", 1e300, None, "1e+300"),
        (True, None, None, True, "true"),
        ([1], None, None, None, "[1]"),
        ({"a": None}, None, None, None, '{"a":null}'),
    ],
)
def test_cast(value: Json, integer: Json, number: Json, boolean: Json, string: Json) -> None:
    """A value of another type is exactly that value, or none; None here says that it is rejected."""
    for to, expected in (("integer", integer), ("number", number), ("boolean", boolean), ("string", string)):
        transform = cast("/a", to)  # type: ignore[arg-type] # each is one of the four
        if expected is None:
            assert rejected(transform, {"a": value}).endswith(f"is no {to}")
        elif expected == "range":
            assert "number_out_of_range: /a: an integer of more than 64 bits" == rejected(transform, {"a": value})
        else:
            (data,) = after(transform, {"a": value})
            assert (type(expected), expected) == (type(data["a"]), data["a"])


@pytest.mark.parametrize("data", [{"a": None}, {"b": 1}])
def test_nothing_to_cast(data: dict[str, Json]) -> None:
    """What is absent or null stays."""
    assert [data] == after(cast("/a", "integer"), data)


def every(pointer: str, other: str) -> list[Transform]:
    made = [rename(pointer, "n"), delete(pointer, other), default(pointer, [1]), flatten(pointer)]
    made += [cast(pointer, to) for to in ("integer", "number", "boolean", "string")]
    for make in (move, copy, merge):
        try:
            made.append(make(pointer, other))
        except WrongDeclaration:
            continue
    return made


@given(DATA, st.sampled_from(POINTERS), st.sampled_from(POINTERS))
def test_whatever_the_data(data: dict[str, Json], pointer: str, other: str) -> None:
    """Any data end in events or a rejection, twice the same, and are left as they were."""
    for transform in [*every(pointer, other), flatten()]:
        holds(transform, data)


def test_what_is_not_touched_is_shared() -> None:
    """Only the objects on the way to what changes are copied."""
    data: dict[str, Json] = {"big": {"x": [1]}, "a": 1}
    (made,) = after(move("/a", "/b"), data)
    assert data["big"] is made["big"]
