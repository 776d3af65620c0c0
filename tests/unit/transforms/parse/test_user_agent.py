from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.transforms.parse.user_agent import read, user_agent
from tests.unit.transforms.outcome import DATA, POINTERS, after, holds, is_linear, rejected

if TYPE_CHECKING:
    from pipeline.model import Json

M = "Mozilla/5.0"
K = "AppleWebKit/537.36 (KHTML, like Gecko)"
KEYS = ("name", "version", "os", "os_version", "device")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (f"{M} (Windows NT 10.0; Win64) {K} Chrome/124.0.0.0 Safari/537.36", "Chrome 124.0.0.0, Windows 10.0, desktop"),
        (f"{M} (Windows NT 10.0) {K} Chrome/1.0 Safari/537 Edg/124.0.1", "Edge 124.0.1, Windows 10.0, desktop"),
        (f"{M} (Linux; Android 14; SM-X200) {K} Chrome/124.0 Safari/537", "Chrome 124.0, Android 14, tablet"),
        (f"{M} (Linux; Android 14; Pixel) {K} Chrome/124.0 Mobile Safari/537", "Chrome 124.0, Android 14, mobile"),
        (
            f"{M} (iPhone; CPU iPhone OS 17_4 like Mac) Version/17.4 Mobile Safari/",
            "Safari 17.4, iOS 17.4, mobile",
        ),
        (f"{M} (iPad; CPU OS 17_4 like Mac OS X) Version/17.4 Mobile Safari/604", "Safari 17.4, iOS 17.4, tablet"),
        (f"{M} (Macintosh; Intel Mac OS X 10_15_7) Version/17.4 Safari/605", "Safari 17.4, macOS 10.15.7, desktop"),
        (f"{M} (X11; CrOS x86_64 14541.0.0) Firefox/1.", "Firefox 1, ChromeOS -, desktop"),
        (f"{M} (compatible; Googlebot/2.1; +http://www.google.com/bot.html)", "Googlebot 2.1, - -, bot"),
        (
            f"{M} (Linux; Android 6) Chrome (compatible; Googlebot/2.1; +http://x)",
            "Googlebot 2.1, Android 6, bot",
        ),
        (f"{M} (X11; Linux x86_64) HeadlessChrome/90.0 Safari/537.36", "Chrome 90.0, Linux -, bot"),
        (f"{M} (compatible; Windows Phone 10.0; MSIE 9)", "Internet Explorer 9, Windows Phone 10.0, mobile"),
        (f"{M} (X11; Linux x86_64)", "- -, Linux -, -"),
        ("curl/8.5.0", "curl 8.5.0, - -, -"),
        ("/1.0", "- -, - -, -"),
        ("-", "- -, - -, -"),
        ("", "- -, - -, -"),
    ],
)
def test_user_agent(text: str, expected: str) -> None:
    """The large families are told by their tokens, programs by what they call themselves; the rest is left out."""
    found = read(text)
    name, version, system, system_version, device = (found.get(each, "-") for each in KEYS)
    assert expected == f"{name} {version}, {system} {system_version}, {device}"
    assert set(KEYS) >= found.keys()


def test_what_is_read_twice() -> None:
    """What was read before is read from memory, and nobody's changes reach it."""
    first, second = (after(user_agent("/a"), {"a": "curl/8.5.0"})[0]["a"] for _ in range(2))
    assert first == second
    assert first is not second


def test_rejections() -> None:
    """What is no text, or longer than any header, is rejected."""
    assert "/a: it is a number, not text" in rejected(user_agent("/a"), {"a": 1})
    assert "more than 8192 are not read" in rejected(user_agent("/a"), {"a": "x" * 8_193})


@given(DATA, st.sampled_from(POINTERS), st.text(alphabet="Mozila/5.0 (;)Cbot", max_size=40))
def test_whatever_the_data(data: dict[str, Json], pointer: str, text: str) -> None:
    """Any data end in events or a rejection, twice the same, and are left as they were."""
    holds(user_agent(pointer, "/x"), {**data, "b": text})


@pytest.mark.parametrize("unit", ["a/", "bot", "Chrome/", "(", "1.", "Android "])
def test_hostile_text(unit: str) -> None:
    """A text made to be slow takes time in proportion to its length."""
    assert is_linear(lambda size: rejected(user_agent("/a"), {"a": (unit * size)[: 8 * size]}), 100)
