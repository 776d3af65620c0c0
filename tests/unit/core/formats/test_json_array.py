"""A JSON array → its elements."""

from __future__ import annotations

import json
from itertools import islice

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.core.formats.json_array import Elements
from pipeline.core.lines import Line, Overlong


def cut(text: bytes, *, limit_bytes: int = 1000, step: int | None = None) -> list[Line | Overlong]:
    framing, step = Elements(limit_bytes), step or max(1, len(text))
    blocks = [text[at : at + step] for at in range(0, len(text), step)]
    return [each for block in blocks for each in framing.feed(block)] + list(framing.end())


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (b"", []),
        (b" [ ] \n", []),
        (b'[{"a": 1}]', [Line(1, 1, b'{"a": 1}')]),
        (b'\xef\xbb\xbf [\r\n {"a":1} ,\n {"b":[2,{}]}\n]\n', [Line(1, 8, b'{"a":1}'), Line(2, 19, b'{"b":[2,{}]}')]),
        (
            b'[{"a":"],}\\"\\\\"},7,"x,y",null]',
            [
                Line(1, 1, b'{"a":"],}\\"\\\\"}'),
                Line(2, 17, b"7"),
                Line(3, 19, b'"x,y"'),
                Line(4, 25, b"null"),
            ],
        ),
        (b"[{}]\n[{}]", [Line(1, 1, b"{}"), Line(2, 6, b"{}")]),
        (
            b'{\n "a": [1,\n 2]\n}\n{"b":2}{"c":3}',
            [
                Line(1, 0, b'{\n "a": [1,\n 2]\n}'),
                Line(2, 18, b'{"b":2}'),
                Line(3, 25, b'{"c":3}'),
            ],
        ),
        (b"text [x]\n{}", [Line(1, 0, b"text [x]"), Line(2, 9, b"{}")]),
        (b"}\n]\n,\n", [Line(1, 0, b"}"), Line(2, 2, b"]"), Line(3, 4, b",")]),
        (b"[}, {}]", [Line(1, 1, b"}"), Line(2, 4, b"{}")]),
        (b'[{"a":1', [Line(1, 1, b'{"a":1')]),
        (b'["a\n,{}]', [Line(1, 1, b'"a'), Line(2, 5, b"{}")]),
        (b'["a\\', [Line(1, 1, b'"a\\')]),
        (b"[,,1,,]", [Line(1, 3, b"1")]),
        (b"\\{}", [Line(1, 0, b"\\{}")]),
        (b'[{"a":1,\n{"b":[{},{}]}]', [Line(1, 1, b'{"a":1,'), Line(2, 9, b'{"b":[{},{}]}')]),
        (b'{"a":{"b":1},\n{"c":1}\n', [Line(1, 0, b'{"a":{"b":1},'), Line(2, 14, b'{"c":1}')]),
        (b'[{"a":[1},\n [2]]', [Line(1, 1, b'{"a":[1},'), Line(2, 12, b"[2]")]),
        (b'[{"a":[1,\n{}]},2]', [Line(1, 1, b'{"a":[1,\n{}]}'), Line(2, 15, b"2")]),
        (b'[{"a":1\n]', [Line(1, 1, b'{"a":1\n]')]),
    ],
    ids=[
        "empty",
        "empty array",
        "one",
        "indented",
        "strings and other values",
        "two arrays",
        "objects outside of an array",
        "text outside of an array",
        "stray brackets outside",
        "stray bracket inside",
        "cut off",
        "string that is not closed",
        "cut off within an escape",
        "commas",
        "stray backslash",
        "object that is not closed",
        "object within one that is not closed",
        "array within an object that is not closed",
        "array within an object",
        "last object that is not closed",
    ],
)
@pytest.mark.parametrize("step", [None, 1, 3], ids=["whole", "byte by byte", "by three"])
def test_elements(text: bytes, expected: list[Line], step: int | None) -> None:
    """The same elements come out however the bytes are cut into blocks; what is between them is theirs no more."""
    assert expected == cut(text, step=step)


@pytest.mark.parametrize("step", [None, 1])
def test_limit(step: int | None) -> None:
    """Of an element over the limit the beginning is kept, and the next one is read as ever."""
    assert [Line(1, 1, b'"12345678"'), Overlong(2, 12, 11, b'"123456789'), Line(3, 24, b"7")] == cut(
        b'["12345678","123456789",7]', limit_bytes=10, step=step
    )


def test_overlong_element_is_not_kept() -> None:
    """However long the element, no more than the limit is held."""
    framing = Elements(limit_bytes=100)
    assert [] == list(framing.feed(b'["'))
    for _ in range(1000):
        assert [] == list(framing.feed(b"x" * 100))
        assert len(framing._begun.content) <= 100  # noqa: SLF001 - the bound on memory is the point

    assert [Overlong(1, 1, 100_001, b'"' + b"x" * 99)] == list(framing.end())


@pytest.mark.parametrize("text", [b'[{"a":1}, {"b":2}, 3]\n[4]', b'{"a":1}\n{"b":2} [3]'])
def test_a_reader_goes_on_where_another_stopped(text: bytes) -> None:
    """The place holds whether it is within an array, and nothing comes twice."""
    every = cut(text)
    for stop in range(len(every) + 1):
        framing = Elements(1000)
        before = list(islice(framing.feed(text), stop))
        again = Elements(1000, framing.place)

        assert every == [*before, *again.feed(text[framing.place.offset :]), *again.end()]


def test_nothing_waits() -> None:
    """An element tells its end itself."""
    framing = Elements(1000)

    assert [] == [*framing.feed(b"[1"), *framing.idle()]
    assert [Line(1, 1, b"12")] == list(framing.feed(b"2,"))


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
)


@given(st.lists(JSON), st.integers(1, 50), st.sampled_from([None, 1]))
def test_what_is_written_is_read(values: list[object], step: int, indent: int | None) -> None:
    """Whatever the values, they are what is cut out of their array."""
    text = json.dumps(values, indent=indent, ensure_ascii=False, default=str).encode("utf-8", "surrogatepass")
    elements = [each for each in cut(text, limit_bytes=100_000, step=step) if isinstance(each, Line)]

    assert values == [json.loads(each.content.decode("utf-8", "surrogatepass")) for each in elements]
    assert all(text.startswith(each.content, each.offset) for each in elements)


@given(st.lists(st.dictionaries(st.text(), JSON, max_size=3), min_size=2, max_size=6), st.data())
def test_an_object_that_is_not_closed(values: list[object], data: st.DataObject) -> None:
    """It is one record that cannot be read, and takes no other with it."""
    indent, step = data.draw(st.sampled_from([None, 1])), data.draw(st.integers(1, 50))
    texts = [json.dumps(each, indent=indent) for each in values]
    broken = data.draw(st.integers(0, len(texts) - 2))
    texts[broken] = texts[broken].removesuffix("}")
    every = cut(f"[{',\n'.join(texts)}]".encode(), limit_bytes=100_000, step=step)
    contents = [each.content.decode() for each in every if isinstance(each, Line)]

    assert f"{texts[broken].rstrip()}," == contents.pop(broken).replace("\n,", ",")
    assert values[:broken] + values[broken + 1 :] == [json.loads(each) for each in contents]
