"""The inputs of `pipeline put`: files, and what is not one (stdin, a named pipe, a process substitution).

A file is known by its path and its first line: its lines have the same ids every time, and those of another file that
took its name have others. What is no file is known by the run that reads it.
"""

from __future__ import annotations

import hashlib
import os
import select
import socket
import stat
import sys
import uuid
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Final
from urllib.parse import quote

from pipeline.cli.shipping.inputs import STDIN, reason
from pipeline.core.decode import MAX_SOURCE_BYTES
from pipeline.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

BLOCK_BYTES: Final = 256 * 1024
# How long an input may be silent before what was read is sent on: a slow `tail -f` is not kept waiting.
IDLE_SECONDS: Final = 0.5


@dataclass(frozen=True)
class Source:
    """An open input.

    Args:
        name: what a person calls it.
        uri: where its lines come from, as a URI reference.
        salt: what tells this input from another one of the same URI; empty for a file, which its first line tells.
        now: the time of a line that does not name one: a file's own, or the clock's.
        descriptor: the open file.
        size_bytes: of a file; None where nobody knows how much will come.
    """

    name: str
    uri: str
    salt: str
    now: Callable[[], datetime]
    descriptor: int
    size_bytes: int | None = None

    def blocks(self) -> Iterator[bytes]:
        """The bytes as they come; an empty block whenever none has come for a while. Raises OSError."""
        while True:
            ready, _, _ = select.select([self.descriptor], [], [], IDLE_SECONDS)
            if not ready:
                yield b""
                continue
            block = os.read(self.descriptor, BLOCK_BYTES)
            if not block:
                return
            yield block


@contextmanager
def opened(name: str) -> Iterator[Source]:
    """The input of that name, `-` for stdin. Raises InputError when it cannot be read."""
    if name == STDIN:
        yield Source("stdin", uri(Path("/stdin")), uuid.uuid4().hex, clock, sys.stdin.fileno())
        return
    path = Path(name)
    try:
        # Without O_NONBLOCK, opening a named pipe that nobody writes to would wait where Ctrl-C is not listened to.
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
    except OSError as error:
        raise InputError(f"{name}: {reason(error)}") from error
    try:
        yield _file(path, descriptor)
    finally:
        os.close(descriptor)


def uri(path: Path) -> str:
    """A place on this machine as a URI reference: `//<host>/<path>`; a path beyond all bounds by its hash."""
    host = quote(socket.gethostname())
    reference = f"//{host}{quote(str(path))}"
    if len(reference) <= MAX_SOURCE_BYTES:
        return reference
    return f"//{host}/path-sha256/{hashlib.sha256(os.fsencode(path)).hexdigest()}"


def local_to_utc(naive: datetime) -> datetime:
    """A time of this machine's zone, with the offset it had then. Raises ValueError or OverflowError at the ends."""
    return naive.astimezone(UTC)


def _file(path: Path, descriptor: int) -> Source:
    status = os.fstat(descriptor)
    if stat.S_ISDIR(status.st_mode):
        raise InputError(f"{path}: a directory; name files, for example {path}/*.log")
    if not stat.S_ISREG(status.st_mode):
        return Source(str(path), uri(path.absolute()), uuid.uuid4().hex, clock, descriptor)
    modified_at = datetime.fromtimestamp(status.st_mtime, UTC)
    return Source(str(path), uri(path.resolve()), "", lambda: modified_at, descriptor, status.st_size)


def clock() -> datetime:
    """Now, in UTC."""
    return datetime.now(UTC)
