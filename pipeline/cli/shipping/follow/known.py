"""The bookmarks of all files that were ever followed, but for those that have been silent for a month."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from pipeline.cli.shipping.follow import matching
from pipeline.cli.shipping.follow.bookmark import Bookmark
from pipeline.cli.shipping.reading import first_line_id
from pipeline.cli.shipping.sources import uri

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from pipeline.cli.shipping.follow.content import Content
    from pipeline.cli.shipping.follow.store import Store

FORGET_AFTER_SECONDS: Final = 30 * 86_400.0


@dataclass
class Known:
    """The bookmarks, in memory and in the store. `now` is in epoch seconds."""

    store: Store
    now: Callable[[], float]
    bookmarks: list[Bookmark] = field(default_factory=list)
    _has_new: bool = False

    def __post_init__(self) -> None:
        self.bookmarks = self.store.load()

    def unfinished(self) -> list[Bookmark]:
        """Those whose file may have more."""
        return [each for each in self.bookmarks if not each.is_done]

    def match(self, content: Content, followed: Iterable[Bookmark]) -> Bookmark | None:
        """The bookmark that a file continues, if it is one that is not followed."""
        taken = set(map(id, followed))
        return matching.match(content, (each for each in self.bookmarks if id(each) not in taken))

    def add(self, content: Content, start: bytes, format_name: str) -> Bookmark:
        """A bookmark at the beginning of a file that was never seen."""
        source, first_line = uri(content.path.resolve()), first_line_id(start)
        copies = [each.copy for each in self.bookmarks if (each.source, each.first_line) == (source, first_line)]
        bookmark = Bookmark(
            source=source,
            first_line=first_line,
            copy=max(copies, default=-1) + 1,
            format=format_name,
            name=str(content.path),
            path=str(content.path),
            file_id=content.file_id,
            seen_at=self.now(),
        )
        self.bookmarks.append(bookmark)
        self._has_new = True
        return bookmark

    def save_new(self) -> None:
        """A file is remembered before its first record is sent. Raises InputError."""
        if self._has_new:
            self.store.save(self.bookmarks)
            self._has_new = False

    def save(self, followed: Iterable[Bookmark]) -> None:
        """Remember all, but for what is neither followed nor was for a long time. Raises InputError."""
        kept, oldest = set(map(id, followed)), self.now() - FORGET_AFTER_SECONDS
        self.bookmarks = [each for each in self.bookmarks if id(each) in kept or each.seen_at >= oldest]
        self.store.save(self.bookmarks)
