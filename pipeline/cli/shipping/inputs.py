"""The names on the command line → files to read.

    -               stdin
    a name          that file, whatever it is; one that is not there is an error
    a folder        every file below it, in the order of their names; links are followed, each folder once
    a pattern       quoted, so that the shell leaves it alone: `'logs/**/*.log'`; the files and folders that match

Of what was found rather than named, hidden files and what is no file are passed over with a note. A file is read once,
however often it is found.
"""

from __future__ import annotations

import glob
import os
import stat
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

STDIN: Final = "-"


class Found(NamedTuple):
    """An input: its path, or `-`; and whether it was asked for by its own name."""

    name: str
    is_named: bool


@dataclass
class Inputs:
    """The inputs that names stand for, now.

    Args:
        names: as they were given.
        fail: told what is not there or may not be read.
        note: told what is passed over.
        own: what this command itself writes; it is never an input, wherever it lies.
    """

    names: Sequence[str]
    fail: Callable[[str], None]
    note: Callable[[str], None]
    own: Sequence[Path] = ()

    def find(self) -> Iterator[Found]:
        """All of them, in the order of the names, each once."""
        seen = {_identity(str(path)) for path in self.own}
        for name in self.names:
            for found in self._of(name):
                identity = _identity(found.name)
                if identity not in seen:
                    seen.add(identity)
                    yield found

    def _of(self, name: str) -> Iterator[Found]:
        if name == STDIN:
            yield Found(STDIN, is_named=True)
        elif Path(name).is_dir():
            yield from self._below(Path(name))
        elif _exists(name) or not glob.has_magic(name):
            yield Found(name, is_named=True)
        else:
            yield from self._matching(name)

    def _matching(self, pattern: str) -> Iterator[Found]:
        names = sorted(glob.glob(pattern, recursive=True))  # noqa: PTH207 - a pattern may begin anywhere
        if not names:
            self.fail(f"{pattern}: no file matches")
        for name in names:
            path = Path(name)
            if not path.is_dir():
                yield from self._file(path)
            elif "**" not in pattern:
                yield from self._below(path)

    def _below(self, folder: Path) -> Iterator[Found]:
        found = list(self._walk(folder, set()))
        if not found:
            self.fail(f"{folder}: no file to ship in this folder")
        yield from found

    def _walk(self, folder: Path, seen: set[tuple[int, int]]) -> Iterator[Found]:
        try:
            status = folder.stat()
            entries = sorted(folder.iterdir())
        except OSError as error:
            self.fail(f"{folder}: {reason(error)}")
            return
        if (status.st_dev, status.st_ino) in seen:
            return
        seen.add((status.st_dev, status.st_ino))
        for path in entries:
            if path.name.startswith("."):
                self.note(f"{path}: hidden, passed over")
            elif path.is_dir():
                yield from self._walk(path, seen)
            else:
                yield from self._file(path)

    def _file(self, path: Path) -> Iterator[Found]:
        try:
            mode = path.stat().st_mode
        except OSError as error:
            self.note(f"{path}: {reason(error)}, passed over")
            return
        if stat.S_ISREG(mode):
            yield Found(str(path), is_named=False)
        else:
            self.note(f"{path}: not a file, passed over")


def reason(error: OSError) -> str:
    """Why something cannot be read, in words."""
    if isinstance(error, FileNotFoundError):
        return "there is no such file"
    if isinstance(error, PermissionError):
        return "no permission to read it"
    return error.strerror or str(error)


def _exists(name: str) -> bool:
    return os.path.lexists(name)


def _identity(name: str) -> object:
    try:
        status = Path(name).stat()
    except OSError:
        return name
    return (status.st_dev, status.st_ino) if stat.S_ISREG(status.st_mode) else name
