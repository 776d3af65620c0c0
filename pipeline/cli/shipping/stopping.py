"""Ctrl-C and SIGTERM: the first is noted, so that what was read is sent; the second leaves at once."""

from __future__ import annotations

import signal
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

from pipeline.cli.shipping.tally import say

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from types import FrameType

    from pipeline.cli.shipping.tally import Tally

# What each does where nobody has taken it over; where somebody has, they go on listening.
_DEFAULTS: Final[dict[signal.Signals, Callable[[int, FrameType | None], None] | signal.Handlers]] = {
    signal.SIGINT: signal.default_int_handler,
    signal.SIGTERM: signal.SIG_DFL,
}


@contextmanager
def stopping(tally: Tally) -> Iterator[None]:
    """Set `stopped_by` at the first signal; let the second raise KeyboardInterrupt."""
    mine = [each for each, default in _DEFAULTS.items() if signal.getsignal(each) is default]

    def note(number: int, _frame: object) -> None:
        for each in mine:
            signal.signal(each, signal.default_int_handler)
        tally.stopped_by = number
        say("stopping: sending what was read (Ctrl-C again leaves at once)")

    for each in mine:
        signal.signal(each, note)
    try:
        yield
    finally:
        for each in mine:
            signal.signal(each, _DEFAULTS[each])
