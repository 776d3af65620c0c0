"""The file that lines go to which were not shipped: each as it is, so that it can be mended and put again."""

from __future__ import annotations

import contextlib
import os
import threading
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, BinaryIO, Self

from pipeline.cli.shipping.inputs import reason
from pipeline.errors import InputError

if TYPE_CHECKING:
    from pathlib import Path
    from types import TracebackType


@dataclass
class Rejects:
    """A file that is added to; made with the first line.

    `write` may be called from any thread, and raises nothing: what went wrong is raised by `sync`.
    """

    path: Path
    _error: OSError | None = None
    _file: BinaryIO | None = None
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def __enter__(self) -> Self:
        """Look whether it can be written, before anything is shipped."""
        folder = self.path.absolute().parent
        written = self.path if self.path.exists() else folder
        if self.path.is_dir() or not folder.is_dir() or not os.access(written, os.W_OK):
            raise InputError(f"{self.path}: rejected lines cannot be written there; name a file in a folder of yours")
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            self.sync()
        finally:
            if self._file is not None:
                with contextlib.suppress(OSError):  # what it could not write is told already
                    self._file.close()

    def write(self, line: bytes) -> None:
        """Add a line."""
        with self._lock:
            try:
                if self._file is None:
                    self._file = self.path.open("ab")
                self._file.write(line + b"\n")
            except OSError as error:
                self._error = self._error or error

    def sync(self) -> None:
        """See to it that what was written outlives a crash. Raises InputError when something could not be written."""
        with self._lock:
            try:
                if self._file is not None:
                    self._file.flush()
                    os.fsync(self._file.fileno())
            except OSError as error:
                self._error = self._error or error
        if self._error is not None:
            raise InputError(f"{self.path}: {reason(self._error)}; rejected lines were not kept") from self._error
