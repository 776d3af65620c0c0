from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from pipeline.errors import WrongDeclaration
from pipeline.transforms import setting, shape

if TYPE_CHECKING:
    from collections.abc import Callable

CYCLE: list[object] = []
CYCLE.append(CYCLE)


@pytest.mark.parametrize(
    ("check", "remedy"),
    [
        (lambda: setting.check_callable("by", len, 7), "by has 7; set it to a function"),  # type: ignore[arg-type] # wrong
        (lambda: setting.check_whole("most", 0, least=1, most=9), "most is 0; set it to a whole number from 1 to 9"),
        (lambda: setting.check_whole("most", 1e3, least=0, most=9), r"most is 1000\.0; set"),
        (lambda: setting.check_whole("most", 1.5, least=0, most=9), "most is 1.5; set"),
        (lambda: setting.check_choice("to", "int", ("a", "b")), "to is 'int'; set it to one of a, b"),
        (lambda: setting.check_text("name", ""), "name is ''; set it to text of 1 to 256 characters"),
        (lambda: setting.check_text("name", 7), "name is '7'; set"),
        (lambda: setting.check_json("value", {1, 2}), r"value is {1, 2}; set it to a value of JSON"),  # type: ignore[arg-type] # wrong
        (lambda: setting.check_json("value", float("nan")), r"value is nan; set it to a value of JSON"),
        (lambda: setting.check_json("value", CYCLE), "set it to a value of JSON"),  # type: ignore[arg-type] # wrong
    ],
)
def test_wrong(check: Callable[[], None], remedy: str) -> None:
    """A setting that cannot be right is refused with what it is and what to set."""
    with pytest.raises(WrongDeclaration, match=remedy):
        check()


def test_right() -> None:
    """What can be right passes."""
    setting.check_callable("by", len)
    setting.check_whole("most", 1, least=1, most=9)
    setting.check_choice("to", "a", ("a", "b"))
    setting.check_text("name", "x")
    setting.check_json("value", {"a": [1, 1.5, "x", None, True]})


def test_the_place() -> None:
    """The error names the line of the declaration and the transform, not where the check is."""
    with pytest.raises(WrongDeclaration, match=r"test_setting\.py:\d+: rename: 'x' is no place"):
        shape.rename("x", "y")
