"""The bookmarks on disk: one file, written anew beside the old one, forced to the disk, and put in its place.

One process at a time holds the file: two would forget each other's places.
"""

from __future__ import annotations

import fcntl
import os
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final, Self

import orjson

from pipeline.cli.shipping.follow.bookmark import Bookmark
from pipeline.cli.shipping.inputs import reason
from pipeline.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path
    from types import TracebackType

VERSION: Final = 1


@dataclass
class Store:
    """The state file. Raises InputError whenever it cannot be used."""

    path: Path
    _saved: bytes = b""
    _lock: int = field(default=-1)

    @property
    def files(self) -> list[Path]:
        """All that it writes: itself, what it is held by, and what it is written anew in."""
        return [self.path, self.path.with_suffix(".lock"), self.path.with_suffix(".new")]

    def __enter__(self) -> Self:
        """Hold it."""
        try:
            self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._lock = os.open(self.files[1], os.O_RDWR | os.O_CREAT, 0o600)
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            os.close(self._lock)
            raise InputError(
                f"{self.path}: another `pipeline put --follow` to this stream keeps its places there; "
                "follow its files in one command, or name another folder with --state"
            ) from error
        except OSError as error:
            raise InputError(f"{self.path}: {reason(error)}; name a folder of yours with --state") from error
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        os.close(self._lock)

    def load(self) -> list[Bookmark]:
        """What was saved last; nothing, the first time."""
        try:
            self._saved = self.path.read_bytes()
        except FileNotFoundError:
            return []
        except OSError as error:
            raise InputError(f"{self.path}: {reason(error)}; name a folder of yours with --state") from error
        try:
            return _bookmarks(orjson.loads(self._saved))
        except (KeyError, TypeError, ValueError) as error:
            raise InputError(
                f"{self.path}: not a state of this version ({type(error).__name__}: {error}); move it away, "
                "and all files are shipped from their beginning, with the ids they had"
            ) from error

    def save(self, bookmarks: Iterable[Bookmark]) -> None:
        """Return when they are on the disk; do nothing where nothing has changed."""
        content = orjson.dumps({"version": VERSION, "files": [each.to_json() for each in bookmarks]})
        if content == self._saved:
            return
        beside = self.files[2]
        try:
            with beside.open("wb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
            beside.replace(self.path)
            _sync_folder(self.path.parent)
        except OSError as error:
            raise InputError(f"{self.path}: {reason(error)}; the places cannot be remembered") from error
        self._saved = content


def _bookmarks(state: Any) -> list[Bookmark]:  # noqa: ANN401 - whatever the file holds
    if state["version"] != VERSION:
        raise ValueError(f"its version is {state['version']}")
    return [Bookmark.from_json(each) for each in state["files"]]


def _sync_folder(folder: Path) -> None:
    """A new name in a folder is only sure when the folder is on the disk."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
