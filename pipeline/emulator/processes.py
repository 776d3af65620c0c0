"""The processes of one emulator, found without having started them: after a crash nobody is left who has.

A process of ours is known by its environment: LocalStack and what it starts carry FILESYSTEM_ROOT, a function's
process carries LAMBDA_TASK_ROOT, both naming the state folder. The supervisor, while it lives, also knows the
processes of its session: that finds what a function started with an empty environment (Linux only).
"""

from __future__ import annotations

import contextlib
import os
import re
import signal
import subprocess
import time
from pathlib import Path
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from pipeline.emulator.layout import Layout

_PROC: Final = Path("/proc")
_LOOK_SECONDS: Final = 0.05
_GIVE_UP_SECONDS: Final = 5.0


def members(layout: Layout) -> set[int]:
    """The ids of the processes that run on this state, without the supervisor."""
    home = re.escape(str(layout.home).encode())
    mark = re.compile(rb"(?:^|[\0 ])(?:FILESYSTEM_ROOT=%b(?:[\0 ]|$)|LAMBDA_TASK_ROOT=%b/)" % (home, home))
    return {pid for pid, environment in _environments() if mark.search(environment)}


def session() -> set[int]:
    """The ids of the other processes in this process's session; empty where /proc does not tell."""
    own = os.getsid(0)
    return {pid for pid in _numbers() if pid != os.getpid() and _session(pid) == own and _read(pid, "cmdline")}


def end(find: Callable[[], set[int]]) -> int:
    """Kill what `find` finds until it finds nothing; how many there were."""
    seen: set[int] = set()
    give_up_at = time.monotonic() + _GIVE_UP_SECONDS
    while (found := find()) and time.monotonic() < give_up_at:
        seen |= found
        kill(found)
        time.sleep(_LOOK_SECONDS)
    return len(seen)


def kill(pids: Iterable[int]) -> None:
    """End these processes at once."""
    for pid in pids:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.kill(pid, signal.SIGKILL)


def _environments() -> Iterable[tuple[int, bytes]]:
    if _PROC.is_dir():
        return ((pid, _read(pid, "environ")) for pid in _numbers())
    listed = subprocess.run(["ps", "-axwwE", "-o", "pid=,command="], capture_output=True, check=False).stdout
    lines = (line.split(None, 1) for line in listed.splitlines())
    return ((int(words[0]), words[1]) for words in lines if len(words) == 2)  # noqa: PLR2004 - the two columns asked for


def _numbers() -> list[int]:
    return [int(path.name) for path in _PROC.glob("[0-9]*")]


def _read(pid: int, name: str) -> bytes:
    """A file of a process; empty when it has ended, is a zombie, or is somebody else's."""
    try:
        return (_PROC / str(pid) / name).read_bytes()
    except OSError:
        return b""


def _session(pid: int) -> int | None:
    try:
        return os.getsid(pid)
    except OSError:
        return None
