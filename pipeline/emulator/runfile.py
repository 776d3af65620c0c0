"""The facts of a running emulator, and whether it runs.

A lock says whether: the supervisor holds it as long as it lives, and no process number that is used again can fool
it. The run file says what; it may outlive a supervisor that was killed.
"""

from __future__ import annotations

import fcntl
import json
from dataclasses import asdict, dataclass
from typing import IO, TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pathlib import Path


@dataclass(frozen=True, slots=True)
class Run:
    """One started emulator.

    Args:
        port: of 127.0.0.1.
        started_at: seconds since the epoch.
        pid: LocalStack's process; None in Docker.
        supervisor: the process that watches over it; None in Docker.
    """

    port: int
    started_at: float
    pid: int | None = None
    supervisor: int | None = None

    @property
    def docker(self) -> bool:
        """Whether it runs in a container."""
        return self.supervisor is None

    @property
    def endpoint_url(self) -> str:
        """Where every AWS service is."""
        return f"http://127.0.0.1:{self.port}"


def write(path: Path, run: Run) -> None:
    """Write the run file, whole or not at all."""
    fresh = path.with_suffix(".new")
    fresh.write_text(json.dumps(asdict(run)))
    fresh.replace(path)


def read(path: Path) -> Run | None:
    """The run file's content; None when there is none, or none that can be read."""
    try:
        values: Any = json.loads(path.read_text())
        return Run(int(values["port"]), float(values["started_at"]), _pid(values["pid"]), _pid(values["supervisor"]))
    except (OSError, ValueError, KeyError, TypeError):
        return None


def hold(path: Path) -> IO[bytes] | None:
    """Lock the file for as long as the returned file is open; None when another process holds it."""
    lock = path.open("ab")
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        lock.close()
        return None
    return lock


def is_held(path: Path) -> bool:
    """Whether a process holds the lock."""
    if not path.exists():
        return False
    lock = hold(path)
    if lock is None:
        return True
    lock.close()
    return False


def _pid(value: object) -> int | None:
    if value is None or isinstance(value, int):
        return value
    raise TypeError
