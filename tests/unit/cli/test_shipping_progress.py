"""How far it is: a bar on a terminal, plain lines otherwise."""

from __future__ import annotations

import io
import threading

import pytest
from rich.console import Console

from pipeline.cli.shipping.progress import Rate, bar, plain, shown
from pipeline.cli.shipping.tally import Tally, complain


def tally(**counts: object) -> Tally:
    made = Tally(now=lambda: 0.0)
    for name, value in counts.items():
        setattr(made, name, value)
    return made


@pytest.mark.parametrize(
    ("counts", "expected"),
    [
        ({"lines": 5, "accepted": 3}, "3 accepted, 7 lines/s, lag 2 lines, 0 refused"),
        (
            {"lines": 5, "accepted": 3, "read_bytes": 250, "total_bytes": 1000},
            "25% of 1.0 kB read, 3 accepted, 7 lines/s, lag 2 lines, 0 refused",
        ),
        (
            {"lines": 9, "accepted": 9, "read_bytes": 2000, "total_bytes": 1000},
            "100% of 1.0 kB read, 9 accepted, 7 lines/s, lag 0 lines, 0 refused",
        ),
        (
            {"lines": 9, "accepted": 3, "refused": 2, "failed_inputs": 1, "is_followed": True, "behind_bytes": 1500},
            "3 accepted, 7 lines/s, lag 4 lines and 1.5 kB unread, 2 refused, 1 input failed",
        ),
        (
            {"lines": 9, "accepted": 3, "trouble": "throttled"},
            "3 accepted, 7 lines/s, lag 6 lines, 0 refused, waiting: throttled",
        ),
    ],
)
def test_the_state_in_one_line(counts: dict[str, object], expected: str) -> None:
    """Rate, lag and failures."""
    assert expected == plain(tally(**counts), 7.0)


def test_the_bar_says_the_same() -> None:
    """In two lines, where the end is known."""
    console = Console(file=io.StringIO(), width=100, force_terminal=True, color_system=None)
    console.print(bar(tally(lines=5, accepted=3, read_bytes=500, total_bytes=1000), 7.0))
    console.print(bar(tally(lines=5, accepted=3), 7.0))
    assert isinstance(console.file, io.StringIO)
    first, second, third = console.file.getvalue().splitlines()

    assert "50% of 1.0 kB read" in first
    assert second.strip() == third.strip() == "3 accepted · 7 lines/s · lag 2 lines · 0 refused"


def test_the_rate_is_of_the_last_second() -> None:
    """Not of all the time before."""
    seconds = 0.0
    counted = Tally(now=lambda: seconds)
    rate = Rate(counted)
    counted.accepted, seconds = 100, 0.5
    assert 0.0 == rate.update()
    seconds = 2.0
    assert 50.0 == rate.update()
    counted.accepted, seconds = 110, 3.0
    assert 10.0 == rate.update()


def test_piped_there_is_a_line_now_and_then() -> None:
    """As often as asked; none is left behind at the end."""
    console, is_told = Console(file=io.StringIO(), force_terminal=False), threading.Event()
    counted = tally(lines=5, accepted=5)

    class Telling(Rate):
        def update(self) -> float:
            is_told.set()
            return 3.0

    with shown(counted, console, every_seconds=0.001, rate=Telling(counted)):
        assert is_told.wait(10)

    assert "progress" not in {each.name for each in threading.enumerate()}


def test_on_a_terminal_complaints_stand_above_the_bar() -> None:
    """The bar is gone at the end, and what was told stays."""
    console = Console(file=io.StringIO(), width=100, force_terminal=True, force_interactive=True, color_system=None)
    with shown(tally(lines=5, accepted=3), console):
        complain("x.log: there is no such file")
    assert isinstance(console.file, io.StringIO)
    text = console.file.getvalue()

    assert "error: x.log: there is no such file\n" in text
    assert "3 accepted" in text
