from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.transforms.parse.address import ip, query, url
from tests.unit.transforms.outcome import DATA, POINTERS, after, holds, is_linear, rejected

if TYPE_CHECKING:
    from pipeline.model import Json
    from pipeline.ports import Transform


@pytest.mark.parametrize(
    ("transform", "text", "expected"),
    [
        (url("/a"), "HTTPS://u:p@X.de:80", {"scheme": "https", "host": "x.de", "port": 80}),
        (url("/a"), "//x.de/a%20b?c=d#e", {"host": "x.de", "path": "/a%20b", "query": "c=d", "fragment": "e"}),
        (url("/a"), "http://[2001:db8::1]/", {"scheme": "http", "host": "2001:db8::1", "path": "/"}),
        (url("/a"), "/a?b", {"path": "/a", "query": "b"}),
        (url("/a"), "", {}),
        (query("/a"), "?b=1&b=2&c=%C3%A9+x&d", {"b": ["1", "2"], "c": "é x", "d": ""}),
        (query("/a"), "b=%FF", {"b": "\ufffd"}),
        (query("/a"), "", {}),
        (ip("/a"), "127.0.0.1", {"address": "127.0.0.1", "version": 4, "scope": "loopback"}),
        (ip("/a"), "169.254.1.1", {"address": "169.254.1.1", "version": 4, "scope": "link_local"}),
        (ip("/a"), "10.0.0.1", {"address": "10.0.0.1", "version": 4, "scope": "private"}),
        (ip("/a"), "224.0.0.1", {"address": "224.0.0.1", "version": 4, "scope": "multicast"}),
        (ip("/a"), "8.8.8.8", {"address": "8.8.8.8", "version": 4, "scope": "global"}),
        (ip("/a"), "2A00:0::1", {"address": "2a00::1", "version": 6, "scope": "global"}),
        (ip("/a"), "4000::1", {"address": "4000::1", "version": 6, "scope": "reserved"}),
        (ip("/a"), "::", {"address": "::", "version": 6, "scope": "private"}),
    ],
)
def test_address(transform: Transform, text: str, expected: Json) -> None:
    """An address becomes its parts, those that it has."""
    assert [{"a": expected}] == after(transform, {"a": text})


@pytest.mark.parametrize(
    ("transform", "value", "detail"),
    [
        (url("/a"), "http://secret:99999/", "/a: it is no URL"),
        (url("/a"), "http://secret:x/", "/a: it is no URL"),
        (url("/a"), "http://[secret/", "/a: it is no URL"),
        (url("/a"), 1, "/a: it is a number, not text"),
        (query("/a"), "a&" * 1_001, "too_large: /a: it has more than 1000 parameters"),
        (ip("/a"), "10.0.0.1:80", "/a: it is no IP address"),
        (ip("/a"), "010.0.0.1", "/a: it is no IP address"),
        (ip("/a"), "", "/a: it is no IP address"),
        (ip("/a"), "x" * 65, "more than 64 are not read"),
    ],
)
def test_rejections(transform: Transform, value: Json, detail: str) -> None:
    """What is no address is rejected, in words without it."""
    rejection = rejected(transform, {"a": value})
    assert detail in rejection
    assert "secret" not in rejection


@given(DATA, st.sampled_from(POINTERS))
def test_whatever_the_data(data: dict[str, Json], pointer: str) -> None:
    """Any data end in events or a rejection, twice the same, and are left as they were."""
    for transform in (url(pointer), query(pointer), ip(pointer)):
        holds(transform, data)


@given(st.text(max_size=20), st.text(alphabet=":/@[]?#&=%.0a1\u2100\t", max_size=20))
def test_whatever_the_text(text: str, like: str) -> None:
    """The same of any text, and of what is nearly an address."""
    for each in (text, like, f"http://{text}", f"http://{like}"):
        for transform in (url("/a"), query("/a"), ip("/a")):
            holds(transform, {"a": each})


@pytest.mark.parametrize("transform", [url("/a"), query("/a")])
@pytest.mark.parametrize("unit", ["a", "[", "//", "@", "?#", "%", "&", "http://"])
def test_hostile_text(transform: Transform, unit: str) -> None:
    """A text made to be slow takes time in proportion to its length."""
    assert is_linear(lambda size: rejected(transform, {"a": unit * size}), 1_000)
