"""Where files are: those that are asked for, and where one went that is not where it was."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import TYPE_CHECKING, Final

from pipeline.cli.shipping.follow.bookmark import NO_FILE, FileId

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from pipeline.cli.shipping.follow.bookmark import Bookmark

# What rotations and compression add to a name: a number or a date, and an ending.
_ROTATED: Final = re.compile(r"(?:[.-]\d+|\.gz|\.zst)+$")

# While one file is looked for, which takes a moment.
MOST_ROTATIONS: Final = 5

type Found = dict[FileId, tuple[Path, os.stat_result]]
"""The files that are asked for."""


def look_at(paths: Iterable[Path]) -> Found:
    """What is there of them."""
    found = {}
    for path in paths:
        try:
            status = path.stat()
        except OSError:
            continue
        found[FileId(status.st_dev, status.st_ino)] = path, status
    return found


def whereabouts(path: Path, file_id: FileId, found: Found) -> Path | None:
    """Where a file is now: among those asked for, where it was, or under another name in its folder."""
    if file_id in found:
        return found[file_id][0]
    return path if _file_id(path) == file_id else beside(path, file_id)


def is_rotated_name(path: Path, bookmark: Bookmark) -> bool:
    """Whether a rotation calls the file so: `app.log` is `app.log.1`, then `app.log.2`, then `app.log.2.gz`."""
    name = Path(bookmark.name).name
    root = _ROTATED.sub("", name) or name
    return path.name not in {name, root} and path.name.startswith(root)


def candidates(bookmark: Bookmark) -> Iterator[Path]:
    """Where a file may be that was here once; all over again when a rotation gave them other names meanwhile."""
    was = Path(bookmark.path)
    for _ in range(MOST_ROTATIONS):
        rotated, here = _rotated(bookmark), beside(was, bookmark.file_id)
        yield from [*([here] if here else []), was, *rotated]
        if _rotated(bookmark) == rotated:
            return


def beside(original: Path, file_id: FileId) -> Path | None:
    """The file in the same folder that has this id, whatever it is called."""
    try:
        with os.scandir(original.parent) as entries:
            for entry in entries:
                if entry.inode() == file_id.inode and entry.stat(follow_symlinks=False).st_dev == file_id.device:
                    return Path(entry.path)
    except OSError:
        pass
    return None


def _file_id(path: Path) -> FileId:
    try:
        status = path.stat()
    except OSError:
        return NO_FILE
    return FileId(status.st_dev, status.st_ino)


def _rotated(bookmark: Bookmark) -> dict[Path, int]:
    """What lies beside where a file was and may now be it, in the order of names, with the inodes."""
    try:
        with os.scandir(Path(bookmark.path).parent) as entries:
            inodes = {Path(entry.path): entry.inode() for entry in entries}
    except OSError:
        return {}
    return {path: inodes[path] for path in sorted(inodes) if is_rotated_name(path, bookmark)}
