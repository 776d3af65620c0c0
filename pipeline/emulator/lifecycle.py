"""Start, find and stop an emulator."""

from __future__ import annotations

import shutil
import signal
import socket
import subprocess
import sys
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from pipeline.emulator import health, processes, runfile
from pipeline.emulator.install import LOCALSTACK_VERSION, install
from pipeline.emulator.layout import Layout, layout
from pipeline.emulator.parts import last_line
from pipeline.emulator.settings import localstack_environment
from pipeline.emulator.launch import GRACE_SECONDS, LOCKED, Launch
from pipeline.errors import EmulatorError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from pipeline.emulator.runfile import Run

DEFAULT_PORT: Final = 4566
DEFAULT_TIMEOUT_SECONDS: Final = 120.0
_LOOK_SECONDS: Final = 0.1
_STOP_SECONDS: Final = GRACE_SECONDS + 10


@dataclass(frozen=True, slots=True)
class Emulator:
    """A LocalStack that answers.

    Args:
        endpoint_url: where every AWS service is.
        log_path: what it prints.
        started: whether this call started it; False when it ran before.
    """

    endpoint_url: str
    log_path: Path
    started: bool


@dataclass(frozen=True, slots=True)
class Status:
    """What is known of an emulator. `up` means that it answers; pid, version and the rest are None or empty when it does not."""

    up: bool
    endpoint_url: str | None
    pid: int | None
    version: str | None
    services: dict[str, str]
    environments: int
    log_path: Path


def up(
    root: Path,
    *,
    report: Callable[[str], None],
    port: int = DEFAULT_PORT,
    state: Path | None = None,
    timeout_seconds: float = DEFAULT_TIMEOUT_SECONDS,
    java_home: Path | None = None,
    settings: Mapping[str, str] | None = None,
) -> Emulator:
    """Start LocalStack and wait until it answers; do nothing when it runs already.

    Args:
        root: the project's root.
        report: is told each step, one line each.
        port: of 127.0.0.1.
        state: the folder of this emulator; another folder (and port) is another emulator beside the user's own.
        timeout_seconds: for the start, not for the installation before it.
        java_home: where to look for Java before PATH.
        settings: more of LocalStack's own settings, by their names.

    Raises:
        EmulatorError: with the remedy.
    """
    place = layout(root, state)
    running = _running(place)
    if running is None:
        processes.end(lambda: processes.members(place))  # of an emulator whose supervisor was killed
        _check_port(port)
        installed = install(place, report, java_home)
        environment = localstack_environment(place, installed, port, settings or {})
        report(f"starting LocalStack {LOCALSTACK_VERSION} on port {port}")
        command = [str(installed.python), "-m", "localstack.runtime.main"]
        _launch(place, Launch(command, environment, port, [str(part) for part in installed.parts]))
    return Emulator(_wait(place, timeout_seconds), place.log, started=running is None)


def down(root: Path, *, state: Path | None = None) -> bool:
    """End LocalStack and every process that it has started; False when there was none. Raises EmulatorError."""
    place = layout(root, state)
    run = _running(place)
    if run is not None and run.supervisor is not None:
        with suppress(ProcessLookupError):
            _signal(run.supervisor, signal.SIGTERM)
        if not _until(lambda: not runfile.is_held(place.lock), _STOP_SECONDS):
            _signal(run.supervisor, signal.SIGKILL)
    left = processes.end(lambda: processes.members(place))
    if processes.members(place):
        raise EmulatorError(
            f"processes of LocalStack could not be ended: {processes.members(place)}; end them with kill -9"
        )
    place.run_file.unlink(missing_ok=True)
    return run is not None or left > 0


def status(root: Path, *, state: Path | None = None) -> Status:
    """What is known of the emulator on this state."""
    place = layout(root, state)
    run = _running(place)
    answer = health.ask(run.endpoint_url) if run else None
    if run is None or answer is None:
        return Status(False, run.endpoint_url if run else None, run.pid if run else None, None, {}, 0, place.log)
    sandboxes = place.scratch / "sandboxes"
    count = sum(1 for _ in sandboxes.iterdir()) if sandboxes.is_dir() else 0
    return Status(True, run.endpoint_url, run.pid, answer.version, answer.services, count, place.log)


def endpoint_url(root: Path, *, state: Path | None = None) -> str:
    """Where the running emulator's AWS services are. Raises EmulatorError when none runs."""
    run = _running(layout(root, state))
    if run is None:
        raise EmulatorError("LocalStack is not running; start it with: pipeline local up")
    return run.endpoint_url


def _running(place: Layout) -> Run | None:
    if not runfile.is_held(place.lock):
        return None
    # The lock is taken a moment before the run file is written.
    _until(lambda: runfile.read(place.run_file) is not None, 2)
    return runfile.read(place.run_file)


def _check_port(port: int) -> None:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError as error:
            raise EmulatorError(
                f"port {port} is taken by another program ({error.strerror}); "
                f"stop that program, or choose another port: pipeline local up --port {port + 1}"
            ) from error


def _launch(place: Layout, launch: Launch) -> None:
    shutil.rmtree(place.home, ignore_errors=True)
    place.scratch.mkdir(parents=True)
    place.run_file.unlink(missing_ok=True)
    launch.save(place.launch_file)
    command = [sys.executable, "-m", "pipeline.emulator.supervise", str(place.state), str(place.root)]
    with place.log.open("wb") as log:
        code = subprocess.run(
            command, cwd=place.home, stdin=subprocess.DEVNULL, stdout=log, stderr=subprocess.STDOUT, check=False
        ).returncode
    if code not in (0, LOCKED):
        raise EmulatorError(f"LocalStack could not be started: {last_line(place.log)}; the log is {place.log}")


def _wait(place: Layout, timeout_seconds: float) -> str:
    give_up_at = time.monotonic() + timeout_seconds
    while time.monotonic() < give_up_at:
        run = _running(place)
        if run is None:
            raise EmulatorError(f"LocalStack ended while it started: {last_line(place.log)}; the log is {place.log}")
        if health.ask(run.endpoint_url):
            return run.endpoint_url
        time.sleep(_LOOK_SECONDS)
    raise EmulatorError(
        f"LocalStack did not answer within {timeout_seconds:g} s; give it longer with --timeout, "
        f"or end it with: pipeline local down; the log is {place.log}"
    )


def _signal(pid: int, number: int) -> None:
    import os

    os.kill(pid, number)


def _until(condition: Callable[[], bool], seconds: float) -> bool:
    give_up_at = time.monotonic() + seconds
    while not condition():
        if time.monotonic() >= give_up_at:
            return False
        time.sleep(_LOOK_SECONDS)
    return True
