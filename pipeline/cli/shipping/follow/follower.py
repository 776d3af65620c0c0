"""One look at all files: `step` finds new ones, tells what became of known ones, and ships what has come.

Nothing here waits or knows the time by itself: whoever calls decides when the next look is.
"""

from __future__ import annotations

import os
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Final

from pipeline.cli.shipping.follow import matching
from pipeline.cli.shipping.follow.bookmark import NO_FILE, NOTHING, FileId
from pipeline.cli.shipping.follow.content import looked_into, open_content
from pipeline.cli.shipping.follow.tailed import Tailed, go_on
from pipeline.cli.shipping.follow.whereabouts import candidates, look_at, whereabouts
from pipeline.cli.shipping.inputs import reason
from pipeline.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from pipeline.cli.shipping.follow.arrivals import Arrivals
    from pipeline.cli.shipping.follow.bookmark import Bookmark
    from pipeline.cli.shipping.follow.content import Content
    from pipeline.cli.shipping.follow.whereabouts import Found
    from pipeline.cli.shipping.shipper import Shipper
    from pipeline.core.lines import Line, Overlong, Place
    from pipeline.producer import Producer

# The most that is read of one file before it is another one's turn.
TURN_BYTES: Final = 4 * 1024 * 1024
MAX_OPEN_FILES: Final = 256
# A file that was renamed to where nobody asks for it may be written to until its writer opens the new one.
LET_GO_AFTER_SECONDS: Final = 600.0
# How long outcomes are waited for; what has none then is read again after a restart, and by who goes on with its file.
SETTLE_SECONDS: Final = 1.0
ROOM_SECONDS: Final = 0.1


@dataclass
class Follower:
    """All files that are followed.

    Args:
        find: the files that are asked for, now.
        producer: where the records go.
        shipper: what counts them.
        arrivals: what tells who a new file is, and knows all bookmarks.
        now: epoch seconds.
        max_open_files: how many are kept open; others are opened when they grow.
    """

    find: Callable[[], Iterable[Path]]
    producer: Producer
    shipper: Shipper
    arrivals: Arrivals
    now: Callable[[], float]
    max_open_files: int = MAX_OPEN_FILES
    tailed: dict[FileId, Tailed] = field(default_factory=dict)
    _is_first: bool = True
    _open: dict[FileId, Tailed] = field(default_factory=dict)

    def step(self) -> bool:
        """Look once, and ship what has come; whether to look again at once. Raises Misconfiguration, InputError.

        While the producer is full, files are looked for, but not read: what is rotated twice meanwhile is not missed.
        """
        found = look_at(self.find())
        if self._is_first:
            self._is_first = False
            for bookmark in self.arrivals.known.unfinished():
                bookmark.is_done = self._look_for(bookmark) is None
        for tailed in [*self.tailed.values()]:
            self._locate(tailed, found)
            self._try(tailed, self._check)
        self.arrivals.forget(found.keys())
        for file_id, (path, status) in found.items():
            if file_id not in self.tailed and not self.arrivals.is_passed_over(file_id, status):
                self._meet(path, status)
        self.arrivals.known.save_new()
        has_moved = [self._try(tailed, self._read) for tailed in self._readable()]
        self.shipper.tally.behind_bytes = sum(each.behind_bytes for each in self.tailed.values())
        if self.shipper.has_room(self.producer):
            return any(has_moved)
        self.shipper.settle(self.producer, ROOM_SECONDS)
        return not self.shipper.tally.trouble

    def save(self) -> None:
        """Wait a moment for the outcome of all that was sent, and remember. Raises Misconfiguration, InputError."""
        self._settle()
        self.remember()

    def remember(self) -> None:
        """Put on the disk how far all files have an outcome. Raises InputError."""
        if self.shipper.rejects is not None:
            self.shipper.rejects.sync()
        for tailed in self.tailed.values():
            self._move(tailed, is_there=True)
        self.arrivals.known.save([each.bookmark for each in self.tailed.values()])

    def close(self) -> None:
        """Let all files go."""
        for tailed in self.tailed.values():
            tailed.close()

    # Where is it now? -------------------------------------------------------------------------------------------------

    def _locate(self, tailed: Tailed, found: Found) -> None:
        tailed.is_lost = tailed.file_id not in found
        path = whereabouts(tailed.path, tailed.file_id, found)
        if path is None:
            tailed.is_deleted = tailed.content is None or os.fstat(tailed.content.descriptor).st_nlink == 0
            return
        tailed.path = path
        tailed.bookmark.path = tailed.track.name = str(path)

    def _look_for(self, bookmark: Bookmark, but: FileId = NO_FILE) -> Tailed | None:
        """The file that goes on where the bookmark is, beside where it was; followed, if there is one."""
        # While it was followed, a file that took its name has to be longer than a few bytes to be the same.
        taken = Path(bookmark.path) if but != NO_FILE and not bookmark.is_proven else None
        for path in candidates(bookmark):
            with looked_into(path) as content, suppress(OSError):
                if content is None or path == taken or content.file_id in {but, *self.tailed}:
                    continue
                if matching.continues(bookmark, content) and (tailed := self._follow(content, bookmark)):
                    return tailed
        return None

    # Who is it? -------------------------------------------------------------------------------------------------------

    def _meet(self, path: Path, status: os.stat_result) -> None:
        """A file that is not followed: it goes on where another one was, or it is new, or it has to wait."""
        try:
            content = open_content(path)
            if content is None:
                return
            try:
                bookmark = self.arrivals.bookmark_of(content, self.tailed.values())
                if bookmark is not None:
                    self._follow(content, bookmark)
            finally:
                os.close(content.descriptor)
        except FileNotFoundError:
            # It got another name just now: the next look finds it.
            return
        except OSError as error:
            self.shipper.tally.fail(f"{path}: {reason(error)}")
            self.arrivals.pass_over(FileId(status.st_dev, status.st_ino), status)

    def _follow(self, found: Content, bookmark: Bookmark) -> Tailed | None:
        track = self.shipper.track(str(found.path))
        tailed = go_on(found, bookmark, track, self.arrivals.reader, self.now())
        if tailed is None:
            self.shipper.drop(track)
            return None
        bookmark.path, bookmark.file_id, bookmark.is_done = str(tailed.path), tailed.file_id, False
        self.tailed[tailed.file_id] = tailed
        self._keep_few_open(tailed)
        return tailed

    # What has come? ---------------------------------------------------------------------------------------------------

    def _try(self, tailed: Tailed, part: Callable[[Tailed], bool]) -> bool:
        try:
            return part(tailed)
        except OSError as error:
            self._give_up(tailed, reason(error))
        except InputError as error:
            self._give_up(tailed, str(error))
        return True

    def _check(self, tailed: Tailed) -> bool:
        """Whether what was read of it is still there; before new files are met, for one may be a copy of it."""
        try:
            status = tailed.status()
        except FileNotFoundError:
            self._leave(tailed)
            return True
        if tailed.is_as_read(status):
            return False
        self._keep_few_open(tailed)
        if not tailed.is_replaced(status):
            return False
        self._leave(tailed, is_replaced=True)
        return True

    def _read(self, tailed: Tailed) -> bool:
        status = tailed.status()
        if tailed.is_as_read(status):
            return self._rest(tailed)
        self._keep_few_open(tailed)
        begun, before = tailed.disk_offset, -1
        while before < tailed.disk_offset < begun + TURN_BYTES:
            if not self._is_reading():
                return True
            before, block = tailed.disk_offset, tailed.block()
            if block is None:
                return True
            self.shipper.tally.count(len(block))
            for piece in tailed.pieces(block):
                self._ship(tailed, tailed.framing.feed(piece))
        tailed.changed_ns = status.st_mtime_ns
        if tailed.disk_offset == begun:
            return self._rest(tailed)
        tailed.read_at = self.now()
        return True

    def _readable(self) -> Iterator[Tailed]:
        """One after the other, until there is no use in reading on."""
        for tailed in [*self.tailed.values()]:
            if self._is_reading():
                yield tailed

    def _is_reading(self) -> bool:
        return not self.shipper.tally.is_over and self.shipper.has_room(self.producer)

    def _settle(self) -> None:
        self.shipper.settle(self.producer, SETTLE_SECONDS)

    def _rest(self, tailed: Tailed) -> bool:
        """Nothing has come."""
        has_more = self._ship(tailed, tailed.framing.idle())
        is_over = tailed.is_lost and self.now() - tailed.read_at >= LET_GO_AFTER_SECONDS
        if tailed.is_deleted or is_over:
            self._leave(tailed)
        return has_more

    def _ship(self, tailed: Tailed, lines: Iterator[Line | Overlong]) -> bool:
        place = tailed.framing.place
        is_any = False
        for line in lines:
            self.shipper.ship(self.producer, tailed.track, tailed.log, line, place)
            place, is_any = tailed.framing.place, True
        return is_any

    def _leave(self, tailed: Tailed, *, is_replaced: bool = False) -> None:
        """It was deleted, cut off or written anew: a copy of it may have what was not read of it yet."""
        bookmark = tailed.bookmark
        self._settle()
        self._move(tailed, is_there=not is_replaced)
        self._let_go(tailed)
        if self._look_for(bookmark, but=tailed.file_id) is None:
            if is_replaced:
                bookmark.file_id = NO_FILE
            self._end(tailed)
        self.shipper.drop(tailed.track)

    def _end(self, tailed: Tailed) -> None:
        """Nothing more comes: its last line may have no ending."""
        self._ship(tailed, tailed.framing.end())
        self._settle()
        self._move(tailed, is_there=False)
        tailed.bookmark.is_done = self.shipper.first_waiting(tailed.track) is None
        try:
            tailed.end()
        except InputError as error:
            self.shipper.tally.fail(f"{tailed.path}: {error}; what was read before is shipped")

    def _let_go(self, tailed: Tailed) -> None:
        tailed.close()
        self._open.pop(tailed.file_id, None)
        self.tailed.pop(tailed.file_id, None)

    def _give_up(self, tailed: Tailed, why: str) -> None:
        self.shipper.tally.fail(f"{tailed.path}: {why}; what was read before is shipped")
        with suppress(OSError):
            self.arrivals.pass_over(tailed.file_id, tailed.status())
        self._settle()
        self._move(tailed, is_there=True)
        self._let_go(tailed)
        self.shipper.drop(tailed.track)

    def _move(self, tailed: Tailed, *, is_there: bool) -> None:
        """Move the bookmark; the bytes before it are known while they are there."""
        place = self._place(tailed)
        if is_there:
            tailed.mark(place, self.now())
        elif place != tailed.bookmark.place:
            tailed.move(place, NOTHING, self.now())

    def _place(self, tailed: Tailed) -> Place:
        waiting = self.shipper.first_waiting(tailed.track)
        return tailed.framing.place if waiting is None else waiting

    def _keep_few_open(self, tailed: Tailed) -> None:
        """Close the one that has been silent the longest, when there would be too many."""
        self._open.pop(tailed.file_id, None)
        self._open[tailed.file_id] = tailed
        if len(self._open) > self.max_open_files:
            silent = next((each for each in self._open.values() if not each.is_lost), tailed)
            if silent is not tailed:
                self._move(silent, is_there=True)
                silent.close()
                self._open.pop(silent.file_id)
