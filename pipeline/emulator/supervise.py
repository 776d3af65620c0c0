"""Outlives the command and watches over LocalStack: `python -m pipeline.emulator.supervise STATE ROOT`.

It holds the lock of the state, starts LocalStack, writes the run file, and waits. However LocalStack ends (asked
to, crashed, killed), every process that it has started ends too, and what it kept goes but for the log. When the
supervisor itself is killed, the kernel kills LocalStack, and with it its children (see tether.py); what a function
started may then be left until `down` or `up`.

Exit codes of the first process, which only starts the second: 0 started, 3 another supervisor has the lock.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

from pipeline.emulator import parts, processes, runfile
from pipeline.emulator.launch import GRACE_SECONDS, LOCKED, NOTE, Launch
from pipeline.emulator.layout import layout

if TYPE_CHECKING:
    from pipeline.emulator.layout import Layout


def main() -> int:
    """Take the lock, then go on in a process that nobody waits for."""
    place = layout(Path(sys.argv[2]), Path(sys.argv[1]))
    lock = runfile.hold(place.lock)
    if lock is None:
        return LOCKED
    if os.fork() == 0:
        os.setsid()
        _watch(place, Launch.load(place.launch_file))
    return 0


def _watch(place: Layout, launch: Launch) -> None:
    in_use = [parts.use(Path(folder)) for folder in launch.parts]
    command = [launch.command[0], "-I", "-S", str(place.tether), str(os.getpid()), *launch.command]
    localstack = subprocess.Popen(command, env=launch.environment, cwd=place.home)

    def stop(*_: object) -> None:
        localstack.terminate()
        signal.alarm(GRACE_SECONDS)

    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGINT, stop)
    signal.signal(signal.SIGALRM, lambda *_: localstack.kill())
    runfile.write(place.run_file, runfile.Run(launch.port, time.time(), localstack.pid, os.getpid()))
    code = localstack.wait()
    left = processes.end(lambda: processes.members(place) | processes.session())
    print(f"{NOTE}LocalStack ended (exit {code}), and {left} processes that it had left", flush=True)  # noqa: T201 - its log
    place.run_file.unlink(missing_ok=True)
    shutil.rmtree(place.home, ignore_errors=True)
    for part in in_use:
        part.close()


if __name__ == "__main__":
    sys.exit(main())
