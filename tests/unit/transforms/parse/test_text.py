from __future__ import annotations

from typing import TYPE_CHECKING

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.errors import WrongDeclaration
from pipeline.transforms.parse.text import json_text, key_values, logfmt
from tests.unit.transforms.outcome import DATA, POINTERS, VALUES, after, holds, is_linear, rejected

if TYPE_CHECKING:
    from pipeline.model import Json
    from pipeline.ports import Transform


@pytest.mark.parametrize(
    ("transform", "text", "expected"),
    [
        (json_text("/a"), '{"b": [1, null]}', {"b": [1, None]}),
        (json_text("/a"), " 12 ", 12),
        (json_text("/a"), "null", None),
        (logfmt("/a"), "b=1 c", {"b": "1", "c": True}),
        (logfmt("/a"), 'b="x y" b=z', {"b": ["x y", "z"]}),
        (key_values("/a"), "b=1&c==2&b=3&&d=", {"b": ["1", "3"], "c": "=2", "d": ""}),
        (key_values("/a", between="; ", equals=": "), "b: 1; c: 2; ", {"b": "1", "c": "2"}),
        (key_values("/a"), "", {}),
    ],
)
def test_read(transform: Transform, text: str, expected: Json) -> None:
    """Text becomes what it says."""
    assert [{"a": expected}] == after(transform, {"a": text})


@pytest.mark.parametrize(
    ("transform", "value", "detail"),
    [
        (json_text("/a"), "{", "not_json: /a: "),
        (json_text("/a"), "", "not_json: /a: "),
        (json_text("/a"), "secret", "not_json: /a: "),
        (json_text("/a"), "[" * 200 + "]" * 200, "too_deep: /a: "),
        (json_text("/a"), '{"b": 1, "b": 2}', "duplicate_key: /a: "),
        (json_text("/a"), "9" * 20, "number_out_of_range: /a: "),
        (json_text("/a"), {"b": 1}, "rejected_by_transform: /a: it is an object, not text"),
        (logfmt("/a"), "just some words", "rejected_by_transform: /a: not logfmt: 3 words and 0 key=value: prose"),
        (logfmt("/a"), "=1", "/a: not logfmt: no key=value at character 0"),
        (key_values("/a"), "b=1&secret", "/a: pair 2 has no '='"),
        (key_values("/a"), "&" * 10_000, "too_large: /a: it has more than 10000 pairs"),
    ],
)
def test_rejections(transform: Transform, value: Json, detail: str) -> None:
    """What is not of the form is rejected, in words without the text."""
    rejection = rejected(transform, {"a": value})
    assert rejection.startswith(detail) or detail in rejection
    assert "secret" not in rejection


def test_longer_than_any_record(monkeypatch: pytest.MonkeyPatch) -> None:
    """A text longer than the bound is not read."""
    monkeypatch.setattr("pipeline.transforms.parse.text.MAX_CHARACTERS", 10)
    assert "/a: it has 11 characters; more than 10 are not read" in rejected(logfmt("/a"), {"a": "b=123456789"})


def test_into() -> None:
    """What is read can stand elsewhere, and the text stays; null is nothing to read."""
    assert [{"a": "1", "b": {"c": 1}}] == after(json_text("/a", "/b/c"), {"a": "1"})
    assert [{"a": None}] == after(json_text("/a", "/b"), {"a": None})


@pytest.mark.parametrize(("between", "equals"), [("=", "="), ("", "="), ("&", "")])
def test_wrong(between: str, equals: str) -> None:
    """Separators that are none, or the same, fail when the transform is made."""
    with pytest.raises(WrongDeclaration, match="key_values: "):
        key_values("/a", between=between, equals=equals)


@given(VALUES)
def test_json_there_and_back(value: Json) -> None:
    """Every JSON value that fits is read as what was written."""
    assert [{"a": value}] == after(json_text("/a"), {"a": orjson.dumps(value).decode()})


@given(DATA, st.sampled_from(POINTERS))
def test_whatever_the_data(data: dict[str, Json], pointer: str) -> None:
    """Any data end in events or a rejection, twice the same, and are left as they were."""
    for transform in (json_text(pointer), logfmt(pointer, "/a"), key_values(pointer), key_values(pointer, between=" ")):
        holds(transform, data)


@pytest.mark.parametrize("transform", [json_text("/a"), logfmt("/a"), key_values("/a", between=" ")])
@pytest.mark.parametrize("unit", ["[", '"', "a=", "a=1 ", '\\"', "a ", '="'])
def test_hostile_text(transform: Transform, unit: str) -> None:
    """A text made to be slow takes time in proportion to its length."""
    assert is_linear(lambda size: rejected(transform, {"a": unit * size}), 2_000)
