"""How far it is, on stderr: a bar that moves on a terminal, else a plain line every few seconds, when it is news."""

from __future__ import annotations

import sys
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

from rich.console import Console, Group
from rich.filesize import decimal
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from pipeline.cli.shipping.tally import say

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pipeline.cli.shipping.tally import Tally

PLAIN_EVERY_SECONDS: Final = 5.0
_FRAMES_A_SECOND: Final = 5
_BAR_COLUMNS: Final = 30


@contextmanager
def shown(
    tally: Tally,
    console: Console | None = None,
    *,
    every_seconds: float = PLAIN_EVERY_SECONDS,
    rate: Rate | None = None,
) -> Iterator[None]:
    """Show the tally while the block runs."""
    console = console or Console(file=sys.stderr, highlight=False)
    rate = rate or Rate(tally)
    if console.is_terminal:
        with Live(
            console=console,
            get_renderable=lambda: bar(tally, rate.update()),
            refresh_per_second=_FRAMES_A_SECOND,
            transient=True,
            redirect_stdout=False,
        ):
            yield
        return
    is_done = threading.Event()

    def tell() -> None:
        told = ""
        while not is_done.wait(every_seconds):
            line = plain(tally, rate.update())
            if line != told:
                say(line)
            told = line

    teller = threading.Thread(target=tell, name="progress", daemon=True)
    teller.start()
    try:
        yield
    finally:
        is_done.set()
        teller.join()


class Rate:
    """Lines accepted a second, over the last seconds rather than since the beginning."""

    def __init__(self, tally: Tally) -> None:
        self._tally = tally
        self._then = (tally.seconds, tally.accepted)
        self._rate = 0.0

    def update(self) -> float:
        """The rate now; it is measured anew once a second."""
        seconds, accepted = self._tally.seconds, self._tally.accepted
        if seconds - self._then[0] >= 1.0:
            self._rate = (accepted - self._then[1]) / (seconds - self._then[0])
            self._then = (seconds, accepted)
        return self._rate


def plain(tally: Tally, rate: float) -> str:
    """The state in one line, the same words as the bar's."""
    return ", ".join(part for part in (_share(tally), *_counts(tally, rate)) if part)


def bar(tally: Tally, rate: float) -> Group:
    """The state as a bar, where the end is known, and the counts below."""
    counts = Text(" · ".join(_counts(tally, rate)), no_wrap=True, overflow="ellipsis")
    if not tally.total_bytes:
        return Group(counts)
    row = Table.grid(padding=(0, 1))
    row.add_row(
        ProgressBar(total=tally.total_bytes, completed=min(tally.read_bytes, tally.total_bytes), width=_BAR_COLUMNS),
        Text(_share(tally)),
    )
    return Group(row, counts)


def _share(tally: Tally) -> str:
    if not tally.total_bytes:
        return ""
    return f"{min(1.0, tally.read_bytes / tally.total_bytes):.0%} of {decimal(tally.total_bytes)} read"


def _counts(tally: Tally, rate: float) -> list[str]:
    lag = f"lag {tally.unsent:,} lines"
    if tally.is_followed:
        lag += f" and {decimal(tally.behind_bytes)} unread"
    failures = f"{tally.refused:,} refused"
    if tally.failed_inputs:
        failures += f", {tally.failed_inputs:,} input{'' if tally.failed_inputs == 1 else 's'} failed"
    parts = [f"{tally.accepted:,} accepted", f"{rate:,.0f} lines/s", lag, failures]
    return [*parts, f"waiting: {tally.trouble}"] if tally.trouble else parts
