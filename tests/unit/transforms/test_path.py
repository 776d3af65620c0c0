from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.errors import Rejection, WrongDeclaration
from pipeline.transforms.path import MAX_PARTS, MISSING, Path, compiled
from tests.unit.transforms.outcome import DATA, NAMES, VALUES

if TYPE_CHECKING:
    from pipeline.model import Json

NESTED: dict[str, Json] = {"a": {"b.c": [1, {"d": None}]}, "": 2, "x/y": {"~": 3}, "0": 4}


@pytest.mark.parametrize(
    ("pointer", "expected"),
    [
        ("/a/b.c/0", 1),
        ("/a/b.c/1/d", None),
        ("/", 2),
        ("/x~1y/~0", 3),
        ("/0", 4),
        ("", NESTED),
        ("/z", MISSING),
        ("/a/b.c/2", MISSING),
        ("/a/b.c/-1", MISSING),
        ("/a/b.c/-", MISSING),
        ("/a/b.c/00", MISSING),
        ("/a/b.c/\u0661", MISSING),
        ("/a/b.c/9999999999", MISSING),
        ("/0/a", MISSING),
    ],
)
def test_get(pointer: str, expected: object) -> None:
    """A pointer names a field of an object or an element of a list, or nothing."""
    assert expected == compiled(pointer, whole=True).get(NESTED)


@pytest.mark.parametrize(
    ("pointer", "data", "expected"),
    [
        ("/a", {}, {"a": 9}),
        ("/a/b/c", {"a": {"d": 1}}, {"a": {"d": 1, "b": {"c": 9}}}),
        ("/a/1/b", {"a": [1, {"c": 2}]}, {"a": [1, {"c": 2, "b": 9}]}),
        ("/a/0", {}, {"a": {"0": 9}}),
    ],
)
def test_put(pointer: str, data: dict[str, Json], expected: dict[str, Json]) -> None:
    """What is not there on the way is made, as objects."""
    assert expected == compiled(pointer).put(data, 9)


@pytest.mark.parametrize(
    ("pointer", "data", "detail"),
    [
        ("/a/b", {"a": "x"}, "/a: it is text, so nothing can be put into it"),
        ("/a/b", {"a": None}, "/a: it is null, so nothing can be put into it"),
        ("/a/2/b", {"a": [1]}, "/a: it is a list without that index, so"),
        ("", {}, "the data: an object is needed for the whole of the data, not a number"),
    ],
)
def test_nothing_is_put_where_something_is_in_the_way(pointer: str, data: dict[str, Json], detail: str) -> None:
    """A value is not lost for another: the rejection says what is in the way."""
    with pytest.raises(Rejection, match=detail):
        compiled(pointer, whole=True).put(data, 9)


@pytest.mark.parametrize(
    ("pointer", "expected"),
    [("/a", {"b": [1, 2]}), ("/b/0", {"a": {"c": 1}, "b": [2]}), ("/a/c", {"a": {}, "b": [1, 2]})],
)
def test_without(pointer: str, expected: dict[str, Json]) -> None:
    """A field or an element is gone, and what held it stays."""
    assert expected == compiled(pointer).without({"a": {"c": 1}, "b": [1, 2]})


@pytest.mark.parametrize(
    ("pointer", "remedy"),
    [
        ("", "'' is no place in the data; write it as /body"),
        ("body", "'body' is no place"),
        (7, "'7' is no place"),
        ("/" + "a" * 2000, "is no place"),
        ("/a~b", "write ~0 for ~ and ~1 for /"),
        ("/~2", "write ~0 for ~"),
        ("/a" * (MAX_PARTS + 1), "has 33 parts; at most 32"),
    ],
)
def test_wrong(pointer: str, remedy: str) -> None:
    """A pointer that is none fails when it is compiled, with the place and the remedy."""
    with pytest.raises(WrongDeclaration, match=remedy) as caught:
        compiled(pointer)
    assert str(caught.value).startswith(__file__)


@given(st.lists(NAMES, max_size=4))
def test_there_and_back(parts: list[str]) -> None:
    """Every name can be said."""
    assert Path(tuple(parts)) == compiled(str(Path(tuple(parts))), whole=True)


@given(DATA, st.lists(NAMES, min_size=1, max_size=3), VALUES)
def test_put_get_without(data: dict[str, Json], parts: list[str], value: Json) -> None:
    """What was put is there; without what was put anew the data are as before, but for objects made on the way."""
    path = Path(tuple(parts))
    try:
        made = path.put(data, value)
    except Rejection:
        return
    assert value == path.get(made)
    if len(parts) == 1 and parts[0] not in data:
        assert data == path.without(made)
