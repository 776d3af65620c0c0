"""Inputs → a stream, line by line: what cannot be shipped is told and counted, and holds nothing else back.

A file that does not begin as text is not shipped at all: half a binary file helps nobody. After that, each line stands
for itself. The report of what was refused is bounded, like everything else here.
"""

from __future__ import annotations

import signal
import time
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

import click

from pipeline.cli import sources
from pipeline.core.chunk import MAX_RECORD_BYTES
from pipeline.core.lines import Line, Overlong, Splitter, why_not_text
from pipeline.errors import InputError, Misconfiguration
from pipeline.model import Accepted, Position
from pipeline.producer import Producer, TooLarge

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from pipeline.cli.sources import Source
    from pipeline.core.log_line import LogLines
    from pipeline.ports import RecordStream
    from pipeline.producer import Pace, Report

MOST_COMPLAINTS: Final = 20
# A file is judged by this much of its beginning, as git does; later on, each line stands for itself.
TEXT_CHECK_BYTES: Final = 8000
_LIMIT: Final = f"{MAX_RECORD_BYTES:,}"


@dataclass
class Tally:
    """What became of every line so far."""

    lines: int = 0
    accepted: int = 0
    refused: int = 0
    unsent_reason: str = ""
    failed_inputs: int = 0
    is_interrupted: bool = False
    started_at: float = field(default_factory=time.monotonic)
    _complaints: int = 0

    @property
    def unsent(self) -> int:
        """Lines that were read and are not known to be on the stream."""
        return self.lines - self.accepted - self.refused

    @property
    def is_over(self) -> bool:
        """Whether there is no use in reading on."""
        return self.is_interrupted or bool(self.unsent_reason)

    @property
    def exit_code(self) -> int:
        """0 only when everything was accepted."""
        if self.is_interrupted:
            return 130
        return 1 if self.failed_inputs or self.refused or self.unsent else 0

    def note(self, report: Report) -> None:
        """The outcome of a line."""
        if isinstance(report.outcome, Accepted):
            self.accepted += 1
        elif isinstance(report.outcome, TooLarge):
            self.refuse(report.position.stream, report.position.sequence_number, str(report.outcome))
        else:
            self.unsent_reason = report.outcome.detail

    def refuse(self, name: str, number: object, why: str) -> None:
        """A line that will not be shipped."""
        self.refused += 1
        self._complain(f"{name}:{number}: {why}")

    def fail(self, why: str) -> None:
        """An input that cannot be read, or not to its end."""
        self.failed_inputs += 1
        complain(why)

    def _complain(self, line: str) -> None:
        self._complaints += 1
        if self._complaints <= MOST_COMPLAINTS:
            complain(line)

    def tell(self) -> None:
        """The summary, on stderr, if there is anything to sum up."""
        if not self.lines:
            return
        if self._complaints > MOST_COMPLAINTS:
            complain(f"{self._complaints - MOST_COMPLAINTS:,} more lines refused")
        if self.unsent:
            why = f": {self.unsent_reason}" if self.unsent_reason else ""
            complain(f"{_lines(self.unsent)} not accepted{why}")
            click.echo("put the same files again when it is mended: what has arrived already has no effect", err=True)
        seconds = time.monotonic() - self.started_at
        parts = [f"{self.accepted:,} accepted", f"{self.refused:,} refused"]
        parts += [f"{self.unsent:,} not accepted"] if self.unsent else []
        rate = self.accepted / seconds if seconds > 0 else 0.0
        click.echo(f"{_lines(self.lines)} read: {', '.join(parts)} in {seconds:.1f} s ({rate:,.0f} lines/s)", err=True)


def ship(
    names: Sequence[str], stream: RecordStream, reader: Callable[[Source], LogLines], pace: Pace | None = None
) -> Tally:
    """Ship every line of every input, tell what was refused as it happens, and the summary at the end.

    Ctrl-C stops reading and sends what was read; a second one leaves at once. When the stream takes nothing for a
    minute, or never will, the rest is not read.
    """
    tally = Tally()
    try:
        with _interruptible(tally), Producer(stream, tally.note, pace=pace) as producer:
            for name in names:
                if not tally.is_over:
                    _ship_input(name, producer, reader, tally)
    except Misconfiguration as error:
        tally.unsent_reason = str(error)
    finally:
        tally.tell()
    return tally


def complain(line: str) -> None:
    """One line on stderr that begins with `error:`."""
    click.echo(f"{click.style('error:', fg='red', bold=True)} {line}", err=True)


def _ship_input(name: str, producer: Producer, reader: Callable[[Source], LogLines], tally: Tally) -> None:
    try:
        with sources.opened(name) as source:
            log, lines_before = reader(source), tally.lines
            for line in _lines_of(source):
                if line is None:
                    producer.flush()
                else:
                    _ship_line(line, source.name, log, producer, tally)
                if tally.is_over:
                    return
            if tally.lines == lines_before:
                tally.fail(f"{source.name}: empty, there is nothing to ship")
    except InputError as error:
        tally.fail(str(error))


def _ship_line(line: Line | Overlong, name: str, log: LogLines, producer: Producer, tally: Tally) -> None:
    if isinstance(line, Line) and not line.content.strip():
        return
    tally.lines += 1
    if isinstance(line, Overlong):
        tally.refuse(name, line.number, f"{line.size_bytes:,} bytes; a record on the stream is at most {_LIMIT}")
        return
    why = None if log.is_raw else why_not_text(line.content, is_whole=True)
    if why is not None:
        tally.refuse(name, line.number, why)
        return
    try:
        record, key = log.read(line)
    except InputError as error:
        tally.refuse(name, line.number, str(error))
    else:
        producer.put(record, key=key, position=Position(name, "", str(line.number)))


def _lines_of(source: Source) -> Iterator[Line | Overlong | None]:
    """The lines of an input; None whenever it is silent. Raises InputError."""
    splitter, is_first = Splitter(MAX_RECORD_BYTES), True
    try:
        for block in source.blocks():
            if not block:
                yield None
                continue
            why = why_not_text(block[:TEXT_CHECK_BYTES], is_whole=False) if is_first else None
            if why is not None:
                raise InputError(f"{source.name}: not text ({why}); nothing of it was shipped")
            is_first = False
            yield from splitter.feed(block)
    except OSError as error:
        raise InputError(f"{source.name}: {error.strerror}; what was read before is shipped") from error
    yield from splitter.end()


@contextmanager
def _interruptible(tally: Tally) -> Iterator[None]:
    """The first Ctrl-C is noted, the second raises. Where somebody else listens to it, they go on doing so."""
    if signal.getsignal(signal.SIGINT) is not signal.default_int_handler:
        yield
        return

    def note(_signal: int, _frame: object) -> None:
        signal.signal(signal.SIGINT, signal.default_int_handler)
        tally.is_interrupted = True
        click.echo("stopping: sending what was read (Ctrl-C again leaves at once)", err=True)

    signal.signal(signal.SIGINT, note)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, signal.default_int_handler)


def _lines(count: int) -> str:
    return f"{count:,} line{'' if count == 1 else 's'}"
