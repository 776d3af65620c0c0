"""Run a command that dies with its parent: `tether.py PARENT_PID COMMAND...`.

On Linux the kernel sends SIGKILL when the thread that started this process ends, however it ends; the wish survives
the exec. So it must be started by a thread that lives as long as its process (see runtime.py).
Elsewhere the command just runs, and the watch over the parent (`plugin.prepare_localstack`, the host's supervisor)
ends it.
"""

from __future__ import annotations

import ctypes
import os
import signal
import sys

PR_SET_PDEATHSIG = 1  # linux/prctl.h


def tethered(command: list[str]) -> list[str]:
    """The command that runs this one under a tether to the calling process."""
    return [sys.executable, "-I", "-S", __file__, str(os.getpid()), *command]


def main() -> None:
    """Tie this process to its parent, then become the command."""
    parent = int(sys.argv[1])
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() != parent:  # it ended before the line above
            sys.exit(1)
    os.execvp(sys.argv[2], sys.argv[2:])  # noqa: S606 - no shell on purpose


if __name__ == "__main__":
    main()
