from __future__ import annotations

import pytest

from pipeline.core.event_type import closest, is_name, split, unknown

KNOWN = ["log.v1", "log.v9", "log.v10", "change.v1", "shop.order.v2"]


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("log.v1", True),
        ("shop.order-line_2.v9999", True),
        ("v1", False),
        (".v1", False),
        ("log.v10000", False),
        ("log..a.v1", False),
        ("log.v1.json", False),
        ("../log.v1", False),
        ("lög.v1", False),
        ("log.v1\n", False),
        ("a" * 61 + ".v1", True),
        ("a" * 62 + ".v1", False),
    ],
)
def test_names(name: str, expected: bool) -> None:  # noqa: FBT001 - a column of the table
    """A name is one that a file, a module and a partition of the archive can have."""
    assert expected == is_name(name)


@pytest.mark.parametrize(
    ("name", "expected"), [("log.v12", ("log", 12)), ("log.v²", ("log.v²", 0)), (".v1", (".v1", 0)), ("", ("", 0))]
)
def test_split(name: str, expected: tuple[str, int]) -> None:
    """A version is a number behind `.v`."""
    assert expected == split(name)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("log.v11", "log.v10"),
        ("log", "log.v10"),
        ("Log.v1", "log.v10"),
        ("chang.v1", "change.v1"),
        ("shop.orders.v1", "shop.order.v2"),
        ("zebra.v1", None),
        ("", None),
        ("x" * 100_000 + ".v" + "9" * 10_000, None),
    ],
)
def test_closest(name: str, expected: str | None) -> None:
    """The last version of what reads alike; that the version is the same makes no likeness."""
    assert expected == closest(name, KNOWN)


def test_what_is_said_is_bounded() -> None:
    """Neither a long name nor many types make a long detail."""
    assert 300 > len(unknown("z" * 100_000, [f"q{n}.v1" for n in range(1000)]))
    assert "type 'z' has no schema; known: a.v1, b.v1" == unknown("z", ["b.v1", "a.v1"])
