"""Where two JSON values differ."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.cli.trial.changes import changes

if TYPE_CHECKING:
    from pipeline.model import Json

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(0, 3) | st.text(max_size=3),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=2), inner, max_size=3),
    max_leaves=12,
)


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        ({"a": 1}, {"a": 1}, []),
        ({"a": 1}, {"a": 2}, [{"pointer": "/a", "before": 1, "after": 2}]),
        ({"a": 1}, {}, [{"pointer": "/a", "before": 1}]),
        ({}, {"a": None}, [{"pointer": "/a", "after": None}]),
        ({"a": {"b/c": [1, 2]}}, {"a": {"b/c": [1]}}, [{"pointer": "/a/b~1c/1", "before": 2}]),
        ([1], [1, {}], [{"pointer": "/1", "after": {}}]),
        ({"a": 1}, {"a": True}, [{"pointer": "/a", "before": 1, "after": True}]),
        ({"a": []}, {"a": {}}, [{"pointer": "/a", "before": [], "after": {}}]),
        ({"a": 1, "b": 2}, {"b": 2, "c": 1}, [{"pointer": "/a", "before": 1}, {"pointer": "/c", "after": 1}]),
    ],
)
def test_changes(before: Json, after: Json, expected: list[Any]) -> None:
    """Each place by its pointer, a side that is absent left out."""
    assert expected == [each.as_json() for each in changes(before, after)]


@given(VALUES, VALUES)
def test_only_what_differs(before: Any, after: Any) -> None:  # noqa: ANN401 - JSON
    """There are none where the JSON is the same, and some where it is not."""
    assert (repr(before) != repr(after)) >= bool(list(changes(before, after)))
    assert [] == list(changes(before, before))
    assert (before != after) <= bool(list(changes(before, after)))
