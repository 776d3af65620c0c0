from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.errors import WrongDeclaration
from pipeline.transforms.flatten import flatten
from pipeline.transforms.split import part_id, split
from tests.unit.transforms.outcome import DATA, POINTERS, after, an_event, holds, rejected, steps

if TYPE_CHECKING:
    from pipeline.model import Json
    from pipeline.ports import Transform


@pytest.mark.parametrize(
    ("transform", "data", "expected"),
    [
        (split("/a"), {"a": [1, None], "b": 2}, [{"a": 1, "b": 2}, {"a": None, "b": 2}]),
        (split("/a", "/c/d"), {"a": [1], "b": 2}, [{"b": 2, "c": {"d": 1}}]),
        (split("/a", ""), {"a": [{"x": 1}, {"y": 2}], "b": 2}, [{"x": 1}, {"y": 2}]),
        (split("/a/0"), {"a": [[1, 2], 3]}, [{"a": [1, 3]}, {"a": [2, 3]}]),
        (split("/a"), {"a": []}, [{"a": []}]),
        (split("/a"), {"a": None}, [{"a": None}]),
        (split("/a"), {"b": 1}, [{"b": 1}]),
    ],
)
def test_split(transform: Transform, data: dict[str, Json], expected: list[dict[str, Json]]) -> None:
    """Each element is an event of its own; where there is none, the event stays."""
    assert expected == after(transform, data)


@pytest.mark.parametrize(
    ("transform", "data", "detail"),
    [
        (split("/a"), {"a": {"b": 1}}, "rejected_by_transform: /a: it is an object, not a list"),
        (split("/a", most=2), {"a": [1, 2, 3]}, "too_large: /a: the list has 3 elements, more than 2"),
        (split("/a", ""), {"a": [{}, 1]}, "an object is needed for the whole of the data, not a number"),
        (split("/a"), {"a": [0] * 1000, "b": "x" * 10_000}, "too_large: /a: the parts come to more than 8388608 bytes"),
    ],
)
def test_rejections(transform: Transform, data: dict[str, Json], detail: str) -> None:
    """What is no list of a bounded size is rejected as a whole."""
    assert detail in rejected(transform, data)


def test_ids() -> None:
    """The parts are named after the event and their index, the same every time, and keep all else."""
    event = an_event({"a": ["x", "y"]}, id="a-1")
    parts = split("/a")(event)
    assert ["a-1#0000", "a-1#0001"] == [each.id for each in parts]
    assert parts == split("/a")(event)
    assert {(event.source, event.time, event.subject)} == {(each.source, each.time, each.subject) for each in parts}


def test_ids_have_the_order_of_the_list() -> None:
    """The ids of all the parts there can be are in order, and none is like another."""
    ids = [part_id("x", index) for index in range(10_000)]
    assert sorted(set(ids)) == ids


@pytest.mark.parametrize(("size_bytes", "is_readable"), [(507, True), (508, False), (512, False)])
def test_long_ids(size_bytes: int, *, is_readable: bool) -> None:
    """An id stays within what an event may have; one that would not is a digest, and no two are the same."""
    name = "x" * (size_bytes - 2) + "é"
    assert len(part_id(name, 3).encode()) <= 512
    assert is_readable == part_id(name, 3).endswith("é#0003")
    assert part_id(name, 3) != part_id(name, 4)


@pytest.mark.parametrize("most", [0, 10_001, True])
def test_wrong(most: int) -> None:
    """The bound is bounded."""
    with pytest.raises(WrongDeclaration, match=r"split: most is \w+; set it to a whole number from 1 to 10000"):
        split("/a", most=most)


@given(DATA, st.sampled_from(POINTERS), st.sampled_from([*POINTERS, "", None]))
def test_whatever_the_data(data: dict[str, Json], pointer: str, into: str | None) -> None:
    """Any data end in events or a rejection, twice the same, and are left as they were."""
    holds(split(pointer, into), data)
    holds(split(pointer, into, most=1), data)


def nested(levels: int) -> dict[str, Json]:
    data: dict[str, Json] = {"x": 1}
    for _ in range(levels):
        data = {"a": data}
    return data


@pytest.mark.parametrize(
    ("transform", "small", "large"),
    [
        (split("/a", most=10_000), {"a": [0] * 500}, {"a": [0] * 4000}),
        (flatten(), nested(12), nested(96)),
        (flatten(), {"a": {str(each): 1 for each in range(100)}}, {"a": {str(each): 1 for each in range(800)}}),
    ],
)
def test_steps(transform: Transform, small: dict[str, Json], large: dict[str, Json]) -> None:
    """Eight times the input takes about eight times the steps."""
    assert steps(transform, large) < 10 * steps(transform, small)
