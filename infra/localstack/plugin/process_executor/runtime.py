"""One process of the AWS runtime interface client, from start to end.

Its output goes to a file, not to a pipe: what was printed before an answer is in the file when the answer arrives,
nothing blocks when nobody reads, and nothing is lost when the process is killed.

It is started by one thread that lives as long as LocalStack, for a tether (see tether.py) is tied to a thread.
"""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import threading
from concurrent.futures import ThreadPoolExecutor
from queue import Empty
from typing import TYPE_CHECKING, Final

from process_executor.runtime_api import Exited, Next, Outcome, RuntimeApi
from process_executor.tether import tethered

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

STOP_SECONDS: Final = 1.0
_FIELDS: Final = ("VmRSS", "VmHWM")  # proc(5): resident now, and at most so far
_STARTER: Final = ThreadPoolExecutor(max_workers=1, thread_name_prefix="lambda-process-starter")


class Runtime:
    """A started process and its Runtime API.

    Args:
        command: what to run; it dies with this process.
        environment: all its variables but AWS_LAMBDA_RUNTIME_API.
        folder: its working directory.
        log: the file that its output is appended to.
    """

    def __init__(self, command: list[str], environment: Mapping[str, str], folder: Path, log: Path) -> None:
        self._api = RuntimeApi()
        variables = {**environment, "AWS_LAMBDA_RUNTIME_API": self._api.address}
        try:
            self._process = _STARTER.submit(_start, tethered(command), variables, folder, log).result()
        except OSError:
            self._api.close()
            raise
        threading.Thread(target=self._report_exit, name="lambda-process-exit", daemon=True).start()

    @property
    def alive(self) -> bool:
        """Whether the process has not ended."""
        return self._process.poll() is None

    def give(self, invocation: Next) -> None:
        """Hand over an invocation."""
        self._api.give(invocation)

    def outcome(self, seconds: float) -> Outcome | None:
        """What happened next, or None when nothing did in this time."""
        try:
            return self._api.outcomes.get(timeout=max(seconds, 0))
        except Empty:
            return None

    def memory_mib(self) -> tuple[int, int]:
        """Memory in use and its highest level so far, in MiB rounded up; (0, 0) where the system does not tell."""
        try:
            with open(f"/proc/{self._process.pid}/status", encoding="ascii", errors="replace") as lines:  # noqa: PTH123 - read often
                kib = {
                    name: int(value.split()[0])
                    for name, value in (line.split(":", 1) for line in lines)
                    if name in _FIELDS
                }
        except (OSError, ValueError, IndexError):
            return 0, 0
        return -(-kib.get("VmRSS", 0) // 1024), -(-kib.get("VmHWM", 0) // 1024)

    def stop(self) -> None:
        """End the process: asked first, then killed."""
        if self.alive:
            self._signal(signal.SIGTERM)
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._process.wait(STOP_SECONDS)
        self.kill()

    def kill(self) -> None:
        """End the process at once."""
        if self.alive:
            self._signal(signal.SIGKILL)
            self._process.wait()
        self._api.close()

    def _signal(self, number: int) -> None:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self._process.pid, number)

    def _report_exit(self) -> None:
        code = self._process.wait()
        self._signal(signal.SIGKILL)  # what the function started and left behind
        self._api.outcomes.put(Exited(code))


def _start(command: list[str], environment: Mapping[str, str], folder: Path, log: Path) -> subprocess.Popen[bytes]:
    with log.open("ab") as output:
        return subprocess.Popen(
            command,
            env=environment,
            cwd=folder,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            process_group=0,
        )
