"""Which bookmark a file is the continuation of: inode and name say where to look, the content decides."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pipeline.cli.shipping.follow.bookmark import NO_FILE, WINDOW_BYTES, print_of
from pipeline.cli.shipping.follow.whereabouts import is_rotated_name
from pipeline.cli.shipping.reading import FIRST_LINE_BYTES, first_line_id

if TYPE_CHECKING:
    from collections.abc import Iterable

    from pipeline.cli.shipping.follow.bookmark import Bookmark
    from pipeline.cli.shipping.follow.content import Content


def match(content: Content, bookmarks: Iterable[Bookmark]) -> Bookmark | None:
    """The bookmark that this file continues: the one that is farthest."""
    fitting = [each for each in bookmarks if _may_be(each, content) and continues(each, content)]
    return max(fitting, key=lambda each: each.place.offset, default=None)


def continues(bookmark: Bookmark, content: Content) -> bool:
    """Whether the file begins as the bookmark's did, and has the same bytes before its place."""
    if not content.is_packed and content.status.st_size < bookmark.place.offset:
        return False
    start = content.start(max(WINDOW_BYTES, FIRST_LINE_BYTES))
    if first_line_id(start) != bookmark.first_line or print_of(start[: bookmark.head.size_bytes]) != bookmark.head:
        return False
    before = content.before(bookmark.place.offset, bookmark.tail.size_bytes)
    return before is None or print_of(before) == bookmark.tail


def is_copy(content: Content, original: Content) -> bool:
    """Whether all that is in this file is in the other one too, at the same place: a copy, perhaps not yet whole."""
    start = content.start(WINDOW_BYTES)
    if not start or start != original.start(len(start)):
        return False
    size = content.status.st_size
    before = content.before(size, WINDOW_BYTES)
    return before is None or before == original.before(size, WINDOW_BYTES)


def _may_be(bookmark: Bookmark, content: Content) -> bool:
    if bookmark.file_id == content.file_id:
        return True
    if is_rotated_name(content.path, bookmark):
        return True
    # The same name, but another file: written anew as a whole, as rsync and editors do. A few bytes prove nothing.
    return str(content.path) == bookmark.path and bookmark.is_proven and bookmark.file_id != NO_FILE
