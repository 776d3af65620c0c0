"""One line after the other → the producer; each has one outcome, in the tally and with its input.

An input (`Track`) knows which of its lines were put and have no outcome yet. What lies before the first of them needs
never be read again: it was accepted, or refused for good and told.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, NamedTuple

from pipeline.core.chunk import MAX_RECORD_BYTES
from pipeline.core.lines import Line, Overlong, Place, why_not_text
from pipeline.errors import InputError
from pipeline.model import Accepted, Position
from pipeline.producer import Full, TooLarge
from pipeline.producer.settings import BUFFER_BYTES

if TYPE_CHECKING:
    from collections.abc import Callable

    from pipeline.cli.shipping.rejects import Rejects
    from pipeline.cli.shipping.tally import Tally
    from pipeline.core.log_line import LogLines, Shipment
    from pipeline.producer import Producer, Report

# Whoever reads what can wait where it is leaves it there from here on, so that the rest is room for what was begun.
MOST_HELD_BYTES: Final = BUFFER_BYTES // 2


class Waiting(NamedTuple):
    """A line without an outcome: where a reader would begin to read it again, and itself, where it may be kept."""

    place: Place
    content: bytes


@dataclass
class Track:
    """An input, by the name that a person knows; `key` is its own. `waiting` is by the number of the line."""

    key: str
    name: str
    waiting: dict[int, Waiting] = field(default_factory=dict)


class Shipper:
    """Puts lines, and takes what the producer reports of them, from whichever thread.

    Args:
        tally: where every outcome is counted.
        rejects: where refused lines are written, if anywhere.
        tap: told each shipment before it is put.
        limit_bytes: the most that a record may have.
    """

    def __init__(
        self,
        tally: Tally,
        rejects: Rejects | None = None,
        tap: Callable[[Shipment], None] = lambda _: None,
        limit_bytes: int = MAX_RECORD_BYTES,
    ) -> None:
        self.tally = tally
        self.rejects = rejects
        self._tap = tap
        self._limit_bytes = limit_bytes
        self._tracks: dict[str, Track] = {}
        self._lock = threading.Lock()
        self._count = 0
        self._is_cut_off = False

    def track(self, name: str) -> Track:
        """A new input of that name."""
        self._count += 1
        track = Track(str(self._count), name)
        self._tracks[track.key] = track
        return track

    def ship(self, producer: Producer, track: Track, log: LogLines, line: Line | Overlong, place: Place) -> None:
        """Put a line, or refuse it. `place` is before it. Waits for room. Raises Misconfiguration."""
        if isinstance(line, Line) and not line.content.strip():
            return
        self.tally.lines += 1
        if isinstance(line, Overlong):
            self.tally.refuse(track.name, line.number, self._too_large(f"{line.size_bytes:,} bytes", is_raw=log.is_raw))
            return
        why_not = None if log.is_raw else why_not_text(line.content, is_whole=True)
        if why_not is not None:
            self._refuse(track.name, line.number, why_not, line.content)
            return
        try:
            shipment = log.read(line)
        except InputError as error:
            self._refuse(track.name, line.number, str(error), line.content)
            return
        if log.key_field is not None:
            self.tally.order(log.key_field, is_ordered=shipment.is_ordered)
        self._tap(shipment)
        with self._lock:
            track.waiting[line.number] = Waiting(place, line.content if self.rejects else b"")
        self._put(producer, shipment, Position(track.key, "", str(line.number)))

    def _put(self, producer: Producer, shipment: Shipment, position: Position) -> None:
        """Put it, unless one before it found no room: it would come before that one."""
        # An event says itself what it is in order with; what it is told apart by is no order.
        key = shipment.key if isinstance(shipment.record, bytes) else None
        while not self._is_cut_off:
            try:
                producer.put(shipment.record, key=key, position=position)
            except Full:
                self._is_cut_off = self.tally.is_hopeless
            else:
                return

    def note(self, report: Report) -> None:
        """The outcome of a line. One that was not sent goes on waiting, to be read again."""
        track, number = self._tracks[report.position.stream], int(report.position.sequence_number)
        if isinstance(report.outcome, Accepted):
            self.tally.accept()
        elif isinstance(report.outcome, TooLarge):
            why = self._too_large(
                f"{report.outcome.size_bytes:,} bytes in all", is_raw=isinstance(report.record, bytes)
            )
            self._refuse(track.name, number, why, track.waiting[number].content)
        else:
            self.tally.unsent_reason = self.tally.trouble or report.outcome.detail
            return
        with self._lock:
            track.waiting.pop(number, None)

    def settle(self, producer: Producer, seconds: float) -> None:
        """Wait a while for the outcome of all that was put; not while nothing has any. Raises Misconfiguration."""
        if self.tally.unsent:
            producer.flush(0 if self.tally.trouble else seconds)

    def has_room(self, producer: Producer) -> bool:
        """Whether more should be read."""
        return producer.metrics().held_bytes < MOST_HELD_BYTES

    def first_waiting(self, track: Track) -> Place | None:
        """Where to read again what has no outcome; None when all have one."""
        with self._lock:
            return next((each.place for each in track.waiting.values()), None)

    def drop(self, track: Track) -> None:
        """An input that is done, unless something of it still waits."""
        if self.first_waiting(track) is None:
            self._tracks.pop(track.key, None)

    def _too_large(self, size: str, *, is_raw: bool) -> str:
        if self._limit_bytes > MAX_RECORD_BYTES and not is_raw:
            return f"{size}; what is left in S3 is at most {self._limit_bytes:,}"
        why = f"{size}; a record on the stream is at most {MAX_RECORD_BYTES:,}"
        return why if is_raw else f"{why} (--oversize claim-check leaves more in S3)"

    def _refuse(self, name: str, number: int, why: str, content: bytes) -> None:
        if self.rejects is not None:
            self.rejects.write(content)
        self.tally.refuse(name, number, why, is_kept=self.rejects is not None)
