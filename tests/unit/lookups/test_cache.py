from __future__ import annotations

from dataclasses import dataclass

import pytest

from pipeline.lookups.cache import Cache


@dataclass
class Clock:
    at: float = 0.0

    def __call__(self) -> float:
        return self.at


def cache(most: int = 3, most_bytes: int = 100) -> tuple[Cache[str, str], Clock]:
    clock = Clock()
    return Cache(clock, most, most_bytes), clock


def held(made: Cache[str, str], keys: str = "abcdef") -> str:
    """The keys that it has, without touching what was asked for last but once each in order."""
    return "".join(key for key in keys if made.get(key, None) is not None)


def test_until_its_time_is_over() -> None:
    """A value is there for so long, and not a moment longer; then it takes up no room."""
    made, clock = cache()
    made.put("a", "x", seconds=10, size_bytes=5)
    clock.at = 9.9
    assert ("x", 5, 1) == (made.get("a", None), made.size_bytes, len(made))
    clock.at = 10.0
    assert (None, 0, 0) == (made.get("a", None), made.size_bytes, len(made))


def test_what_was_asked_for_lately_stays() -> None:
    """When there are too many, what was not asked for the longest goes."""
    made, _ = cache(most=3)
    for key in "abc":
        made.put(key, key, seconds=10, size_bytes=1)
    made.get("a", None)
    made.put("d", "d", seconds=10, size_bytes=1)
    assert "acd" == held(made)


@pytest.mark.parametrize(
    ("size_bytes", "left", "total"), [(60, "bcd", 100), (61, "cd", 81), (81, "d", 81), (100, "d", 100)]
)
def test_bytes(size_bytes: int, left: str, total: int) -> None:
    """All values together keep within the room; as many go as it takes."""
    made, _ = cache(most=9)
    for key in "abc":
        made.put(key, key, seconds=10, size_bytes=20)
    made.put("d", "d", seconds=10, size_bytes=size_bytes)
    assert (left, total) == (held(made), made.size_bytes)


def test_larger_than_all_the_room() -> None:
    """It is not remembered, nor is what it would replace; the others stay."""
    made, _ = cache()
    for key in "ab":
        made.put(key, key, seconds=10, size_bytes=20)
    made.put("a", "new", seconds=10, size_bytes=101)
    assert ("b", 20) == (held(made), made.size_bytes)


def test_put_again() -> None:
    """It replaces the value, its size and its end."""
    made, clock = cache()
    made.put("a", "x", seconds=10, size_bytes=50)
    clock.at = 9.0
    made.put("a", "y", seconds=10, size_bytes=7)
    clock.at = 18.0
    assert ("y", 7, 1) == (made.get("a", None), made.size_bytes, len(made))
