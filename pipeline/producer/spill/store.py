"""The spill itself: segments from front to end, how far they are done, and the place of whoever reads them."""

from __future__ import annotations

import contextlib
import threading
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final, NamedTuple, Self

from pipeline.producer.spill import segment as segments
from pipeline.producer.spill.errors import SpillFull, SpillUnusable, told
from pipeline.producer.spill.frame import Kept, Whole, encode
from pipeline.producer.spill.place import Place

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from types import TracebackType

    from pipeline.producer.spill.segment import Segment

LIMIT_BYTES: Final = 1024 * 1024 * 1024
SEGMENT_BYTES: Final = 8 * 1024 * 1024
# Room comes back a segment at a time: even a small spill has several.
_SEGMENTS_AT_LEAST: Final = 8


class Taken(NamedTuple):
    """A record out of the spill, with the number that `done` takes."""

    number: int
    kept: Kept


@dataclass(frozen=True, slots=True)
class Damage:
    """What cannot be read any more: at least so many records; the files, and where they lie once the rest was sent."""

    records: int
    size_bytes: int
    files: tuple[Path, ...]

    def __bool__(self) -> bool:
        return self.records > 0

    def __str__(self) -> str:
        kept = f"; what is left of them is kept in {', '.join(map(str, self.files))}" if self.files else ""
        return f"at least {self.records:,} records of the spill are damaged{kept}"


class Spill:
    """A queue of records on disk, for one process. Threads may share it: one waits for the other.

    Args:
        directory: where; made when it is not there. Nothing else should be in it.
        limit_bytes: the most that its segments take, 33 bytes a record included. Room comes back a segment at a time.
        segment_bytes: the size from which on a new segment is begun; an eighth of the limit if that is less.
        fsync: whether an append is on the disk when it returns, and so survives a failure of the machine. Without, it
            is with the operating system: it survives the end of this process, and is many times faster.

    Raises SpillUnusable; SpillFull where the disk has no room for even an empty one; ValueError for no room at all.
    """

    def __init__(
        self,
        directory: Path | str,
        *,
        limit_bytes: int = LIMIT_BYTES,
        segment_bytes: int = SEGMENT_BYTES,
        fsync: bool = True,
    ) -> None:
        if limit_bytes < 1:
            raise ValueError("limit_bytes must be at least 1")
        self.directory = Path(directory)
        self.limit_bytes = limit_bytes
        self._segment_bytes = min(segment_bytes, limit_bytes // _SEGMENTS_AT_LEAST or 1)
        self._fsync = fsync
        self._closed = False
        self._lock = threading.RLock()
        self._lost: list[tuple[int, int]] = []
        self._damaged: dict[Path, int] = {}
        self._segments: list[Segment] = []
        self._writing: Segment | None = None
        with told(self.directory):
            self._place = self._own()
            try:
                self._recover()
            except BaseException:
                self._place.close()
                raise
        self.rewind()

    def _own(self) -> Place:
        if not self.directory.is_dir():
            self.directory.mkdir(mode=0o700, parents=True, exist_ok=True)
            if self._fsync:
                segments.sync_directory(self.directory.parent)
        place = Place(self.directory, fsync=self._fsync)
        if self._fsync:
            segments.sync_directory(self.directory)
        return place

    def _recover(self) -> None:
        self._segments = segments.left(self.directory)
        if not self._place.sure:
            done = max([self._place.number, *(each.first - 1 for each in self._segments[:1])])
            self._place.move(done)
            self._place.move(done)
        self._look()
        for each in self._segments:
            if each.last < each.first:
                each.remove()
        self._segments = [each for each in self._segments if each.last >= each.first]
        self._settle()

    # adding -----------------------------------------------------------------------------------------------------------

    def append(self, records: Sequence[Kept]) -> int:
        """Keep all of them, or none: the number of the last one. They are kept when this returns.

        Raises SpillFull; SpillUnusable; ValueError for a record that is larger than the format takes.
        """
        with self._disk():
            segment = self._open_segment()
            numbered = enumerate(records, self.last + 1)
            block = b"".join(encode(kept, number, segment.salt) for number, kept in numbered)
            if self.size_bytes + len(block) > self.limit_bytes:
                raise SpillFull(
                    f"the spill {self.directory} is full: it holds {self.size_bytes:,} of at most "
                    f"{self.limit_bytes:,} bytes; allow it more, or wait for the stream"
                )
            if block:
                segment.add(block, self.last + len(records), fsync=self._fsync)
        return self.last

    def _open_segment(self) -> Segment:
        segment = self._writing
        if segment is not None and segment.torn:
            raise SpillUnusable(
                f"{segment.path} could not be written to its end: start again, and what is whole is sent"
            )
        if segment is None or segment.size_bytes >= self._segment_bytes:
            if segment is not None:
                segment.close()
            segment = self._writing = segments.new(self.directory, self.last + 1)
            self._segments.append(segment)
        return segment

    # reading ----------------------------------------------------------------------------------------------------------

    def take(self, most_bytes: int) -> list[Taken]:
        """The next records, in order: at most so many bytes of data, keys and ids, but at least one while there is one.

        Each is given out once, until `rewind`. Raises SpillUnusable: rewind then, for some may count as given out.
        """
        taken: list[Taken] = []
        with self._disk():
            for whole in self._from_here():
                most_bytes -= sum(map(len, whole.kept))
                if taken and most_bytes < 0:
                    return taken
                self._notice(whole.number)
                taken.append(Taken(whole.number, whole.kept))
                self._next = whole.number + 1
            self._notice(self.last + 1)
            if not taken:
                self._settle()
        return taken

    def rewind(self) -> None:
        """Give out again, from the front, what was taken and is not done."""
        with self._lock:
            self._next = self._place.number + 1
            self._offset = (0, 0)

    def _from_here(self) -> Iterator[Whole]:
        for segment in self._segments.copy():
            if segment.last < self._next:
                continue
            first, offset = self._offset
            for found in segment.scan(offset if first == segment.first else 0):
                if isinstance(found, Whole) and found.number >= self._next:
                    yield found
                    self._offset = (segment.first, found.end)

    def _notice(self, number: int) -> None:
        """The next record is this one: any before it that was not known to be lost has been damaged just now."""
        expected = self._next
        for first, last in self._lost:
            if first <= expected <= last:
                expected = last + 1
        if expected < number:
            self._look()
            self._settle()

    # done -------------------------------------------------------------------------------------------------------------

    def done(self, number: int) -> None:
        """Everything up to this number needs no keeping any more; it is never given out again, and never goes back.

        Raises SpillUnusable; ValueError for a number that was not taken.
        """
        with self._disk():
            if number >= self._next:
                raise ValueError(f"number {number} was not taken; the next is {self._next}")
            if number > self._place.number:
                self._place.move(number)
                self._settle()

    def _settle(self) -> None:
        """Pass by what is lost behind the last one done, and delete the segments that are done with."""
        for first, last in self._lost:
            if first <= self._place.number + 1 <= last:
                self._place.move(last)
        while self._segments and self._segments[0].last <= self._place.number:
            segment = self._segments.pop(0)
            if segment is self._writing:
                self._writing = None
            segment.remove()

    # what is in it ----------------------------------------------------------------------------------------------------

    @property
    def last(self) -> int:
        """The number of the newest record."""
        with self._lock:
            return self._segments[-1].last if self._segments else self._place.number

    @property
    def waiting(self) -> int:
        """How many records are not done, damaged ones included until all before them are."""
        with self._lock:
            return self.last - self._place.number

    @property
    def size_bytes(self) -> int:
        """What the segments take on disk; those put aside are not counted."""
        with self._lock:
            return sum(segment.size_bytes for segment in self._segments)

    @property
    def damage(self) -> Damage:
        """What was found to be damaged since this spill was opened; look at it after opening, and after `take`."""
        with self._lock:
            records = sum(last - first + 1 for first, last in self._lost)
            return Damage(max(records, len(self._damaged)), sum(self._damaged.values()), tuple(self._damaged))

    def _look(self) -> None:
        """Read everything: what is the last of each segment, what is damaged, and which numbers are lost."""
        done = self._place.number
        expected, lost = done + 1, []
        for segment in self._segments:
            segment.broken_bytes = 0
            for found in segment.scan():
                if not isinstance(found, Whole):
                    segment.broken_bytes += found.size_bytes
                    continue
                segment.last = max(segment.last, found.number)
                if found.number > expected:
                    lost.append((expected, found.number - 1))
                expected = max(expected, found.number + 1)
            if segment.broken_bytes:
                self._damaged[segment.aside] = segment.broken_bytes
        if expected <= self.last:
            lost.append((expected, self.last))
        self._lost = [*(each for each in self._lost if each[1] <= done), *lost]

    # open and closed --------------------------------------------------------------------------------------------------

    def close(self) -> None:
        """Let go of the directory. What is not done is given out by the next that opens it. Closing twice is fine."""
        with self._lock:
            self._closed = True
            if self._writing is not None:
                self._writing.close()
            self._place.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    @contextlib.contextmanager
    def _disk(self) -> Iterator[None]:
        with self._lock, told(self.directory):
            if self._closed:
                raise ValueError(f"the spill {self.directory} is closed")
            yield
