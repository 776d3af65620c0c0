"""A file that is not followed yet: it goes on where another one was, or it is new, or it has to wait."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from pipeline.cli.shipping.follow import matching
from pipeline.cli.shipping.follow.whereabouts import is_rotated_name
from pipeline.cli.shipping.reading import FIRST_LINE_BYTES
from pipeline.core.formats.detect import SAMPLE_BYTES
from pipeline.core.signature import why_not_an_input

if TYPE_CHECKING:
    import os
    from collections.abc import Callable, Collection

    from pipeline.cli.shipping.follow.bookmark import Bookmark, FileId
    from pipeline.cli.shipping.follow.content import Content
    from pipeline.cli.shipping.follow.known import Known
    from pipeline.cli.shipping.follow.tailed import Tailed
    from pipeline.cli.shipping.reading import Reader


type Look = tuple[int, int]
"""Size and time of the last change."""


def look(status: os.stat_result) -> Look:
    """What is seen of a file from outside."""
    return status.st_size, status.st_mtime_ns


@dataclass
class Arrivals:
    """Tells who a file is; what is no text is noted, and passed over."""

    known: Known
    reader: Reader
    note: Callable[[str], None]
    _passed_over: dict[FileId, Look] = field(default_factory=dict)
    _packed: dict[FileId, Look] = field(default_factory=dict)
    _copies: dict[FileId, Look] = field(default_factory=dict)

    def pass_over(self, file_id: FileId, status: os.stat_result) -> None:
        """Let it be for as long as it is as it is: an inode is used again, and a file may become another one."""
        self._passed_over[file_id] = look(status)

    def is_passed_over(self, file_id: FileId, status: os.stat_result) -> bool:
        """Whether there is no need to look into it."""
        return self._passed_over.get(file_id) == look(status)

    def forget(self, found: Collection[FileId]) -> None:
        """Remember nothing of what is no longer there."""
        for looks in (self._passed_over, self._packed, self._copies):
            for file_id in looks.keys() - found:
                del looks[file_id]

    def bookmark_of(self, content: Content, followed: Collection[Tailed]) -> Bookmark | None:
        """Where to begin with a file; None when not now, or not at all."""
        seen = look(content.status)
        if content.is_packed and self._packed.get(content.file_id) != seen:
            # It may still be written: one more look.
            self._packed[content.file_id] = seen
            return None
        if self._is_copy(content, followed):
            self._copies[content.file_id] = seen
            return None
        if self._has_to_wait(content, followed):
            return None
        bookmark = self.known.match(content, [each.bookmark for each in followed])
        if bookmark is None and self._copies.get(content.file_id) == seen:
            # When both were looked at, all of it was in another file, which then had even more, and was shipped.
            self.pass_over(content.file_id, content.status)
            return None
        return bookmark or self._new(content)

    def _is_copy(self, content: Content, followed: Collection[Tailed]) -> bool:
        """Whether a rotation may just be copying it from a file that is followed: what becomes of that decides."""
        return any(
            each.content is not None and matching.is_copy(content, each.content)
            for each in followed
            if is_rotated_name(content.path, each.bookmark)
        )

    def _has_to_wait(self, content: Content, followed: Collection[Tailed]) -> bool:
        """Whether it goes on where another file is, which is still read: cut off just now, or replaced by it."""
        return any(
            matching.continues(each.bookmark, content)
            for each in followed
            if is_rotated_name(content.path, each.bookmark) or (each.is_deleted and content.path == each.path)
        )

    def _new(self, content: Content) -> Bookmark | None:
        start = content.start(SAMPLE_BYTES)
        if not start or (b"\n" not in start and len(start) < FIRST_LINE_BYTES and not content.is_packed):
            return None
        why = why_not_an_input(start)
        if why is not None:
            self.pass_over(content.file_id, content.status)
            self.note(f"{content.path}: not text ({why}), passed over")
            return None
        return self.known.add(content, start, self.reader.format_of(start))
