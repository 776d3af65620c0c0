"""What became of every line: counted, and told as it happens, without end of neither memory nor output."""

from __future__ import annotations

import signal
import sys
import threading
import time
from dataclasses import dataclass, field
from math import inf
from typing import TYPE_CHECKING, Final

import click

if TYPE_CHECKING:
    from collections.abc import Callable

MOST_COMPLAINTS: Final = 20
# A stream that takes nothing for so long is given up, unless files are followed.
PATIENCE_SECONDS: Final = 60.0
# The same once a signal has come: `docker stop`, for one, allows ten seconds.
LAST_PATIENCE_SECONDS: Final = 8.0


@dataclass
class Tally:
    """The counts; `accept` and `refuse` may be called from the thread of a producer.

    Args:
        lines: read and not blank.
        read_bytes: of the inputs, as they lie on the disk.
        total_bytes: of all inputs, where that is known.
        behind_bytes: what lies in the files that are followed and is not read yet.
        failed_inputs: what could not be read, or not to its end.
        stopped_by: the signal that ends the reading.
        trouble: why the stream takes nothing, while it takes nothing.
        unsent_reason: why it was given up.
        key_field: what lines were asked to be in order by; `ordered` are, and `unordered` have nothing there to be.
    """

    lines: int = 0
    accepted: int = 0
    refused: int = 0
    rejected: int = 0
    read_bytes: int = 0
    total_bytes: int | None = None
    behind_bytes: int = 0
    failed_inputs: int = 0
    is_followed: bool = False
    stopped_by: int | None = None
    trouble: str = ""
    unsent_reason: str = ""
    key_field: str | None = None
    ordered: int = 0
    unordered: int = 0
    is_enough: bool = False
    now: Callable[[], float] = time.monotonic
    _complaints: int = 0
    _notes: int = 0
    _hindered_at: float | None = None
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def __post_init__(self) -> None:
        self.started_at = self.now()

    @property
    def unsent(self) -> int:
        """Lines that were read and are not known to be on the stream."""
        return self.lines - self.accepted - self.refused

    @property
    def is_over(self) -> bool:
        """Whether there is no use in reading on."""
        return self.stopped_by is not None or bool(self.unsent_reason) or self.is_enough or self.is_hopeless

    @property
    def is_hopeless(self) -> bool:
        """Whether the stream has taken nothing for so long that there is no use in waiting on."""
        return self._hindered_at is not None and self.now() - self._hindered_at >= self._patience_seconds

    @property
    def exit_code(self) -> int:
        """0 only when everything was accepted; 128 and the signal when it was cut short, as in a shell.

        Following has no other end than a signal: asked to end by SIGTERM, it has done what it was there for.
        """
        if self.stopped_by is not None and not (self.is_followed and self.stopped_by == signal.SIGTERM):
            return 128 + self.stopped_by
        return 1 if self.failed_inputs or self.refused or self.unsent else 0

    @property
    def seconds(self) -> float:
        """Since the beginning."""
        return self.now() - self.started_at

    def count(self, size_bytes: int) -> None:
        """Bytes that were read."""
        self.read_bytes += size_bytes

    def accept(self) -> None:
        """A line is on the stream."""
        with self._lock:
            self.accepted += 1

    def hinder(self, why: str) -> None:
        """The stream took nothing of a call."""
        self.trouble = why
        if self._hindered_at is None:
            self._hindered_at = self.now()

    def flow(self) -> None:
        """The stream took something."""
        self.trouble, self._hindered_at = "", None

    def order(self, key_field: str, *, is_ordered: bool) -> None:
        """A line that is about to be put is in order by that field, or it has nothing there to be."""
        self.key_field = key_field
        self.ordered += is_ordered
        self.unordered += not is_ordered

    def refuse(self, name: str, number: int, why: str, *, is_kept: bool = False) -> None:
        """A line that will not be shipped; `is_kept` when it was written to the file of rejects."""
        with self._lock:
            self.refused += 1
            self.rejected += is_kept
            self._complaints += 1
            is_told = self._complaints <= MOST_COMPLAINTS
        if is_told:
            complain(f"{name}:{number}: {why}")

    def fail(self, why: str) -> None:
        """An input that cannot be read, or not to its end."""
        self.failed_inputs += 1
        complain(why)

    def note(self, what: str) -> None:
        """Something that was passed over on purpose."""
        self._notes += 1
        if self._notes <= MOST_COMPLAINTS:
            say(f"{click.style('note:', fg='yellow')} {what}")

    def warn(self) -> None:
        """What was asked for and could not be, on stderr."""
        if self.key_field is None or not self.unordered:
            return
        if self.ordered:
            total = self.ordered + self.unordered
            what = f"{self.unordered:,} of {lines(total)} have no text or number in the field {self.key_field!r}"
            end = "they were kept in order with nothing"
        else:
            what = f"no line has text or a number in the field {self.key_field!r}"
            end = "nothing was kept in order"
        say(f"{click.style('warning:', fg='yellow', bold=True)} {what}: {end}")

    def tell_more(self) -> None:
        """What was too much to be told as it happened, on stderr."""
        if self._notes > MOST_COMPLAINTS:
            say(f"{self._notes - MOST_COMPLAINTS:,} more notes")
        if self._complaints > MOST_COMPLAINTS:
            complain(f"{self._complaints - MOST_COMPLAINTS:,} more lines refused")

    def tell(self) -> None:
        """The summary, on stderr, if there is anything to sum up."""
        self.tell_more()
        if not self.lines:
            return
        if self.unsent:
            why = f": {self.unsent_reason}" if self.unsent_reason else ""
            complain(f"{lines(self.unsent)} not accepted{why}")
            say(self._advice())
        self.warn()
        parts = [f"{self.accepted:,} accepted", f"{self.refused:,} refused"]
        parts += [f"{self.unsent:,} not accepted"] if self.unsent else []
        rate = self.accepted / self.seconds if self.seconds > 0 else 0.0
        end = f"in {self.seconds:.1f} s ({rate:,.0f} lines/s)"
        say(f"{lines(self.lines)} read: {', '.join(parts)} {end}")

    @property
    def _patience_seconds(self) -> float:
        if self.stopped_by is not None:
            return LAST_PATIENCE_SECONDS
        return inf if self.is_followed else PATIENCE_SECONDS

    def _advice(self) -> str:
        if self.is_followed:
            return "follow the same files again when it is mended: it goes on where it was accepted"
        return "put the same files again when it is mended: what has arrived already has no effect"


def say(line: str) -> None:
    """One line on stderr, above a bar if there is one: rich takes over `sys.stderr`, which `err=True` would pass by."""
    click.echo(line, file=sys.stderr)


def complain(line: str) -> None:
    """One line on stderr that begins with `error:`."""
    say(f"{click.style('error:', fg='red', bold=True)} {line}")


def lines(count: int) -> str:
    """A number of lines, in words."""
    return f"{count:,} line{'' if count == 1 else 's'}"
