"""Start and stop an emulator.

`up` ends with LocalStack answering, or with nothing running. `down` ends with nothing running, whatever it found.
"""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from contextlib import suppress
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Final

from pipeline.emulator import containers, health, processes, runfile
from pipeline.emulator.install import LOCALSTACK_VERSION, install
from pipeline.emulator.launch import GRACE_SECONDS, LOCKED, Launch, last_words
from pipeline.emulator.layout import Layout, layout
from pipeline.emulator.settings import localstack_environment
from pipeline.errors import EmulatorError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from pipeline.emulator.runfile import Run

DEFAULT_PORT: Final = 4566
DEFAULT_TIMEOUT_SECONDS: Final = 120.0
_LOOK_SECONDS: Final = 0.1
_STOP_SECONDS: Final = GRACE_SECONDS + 10


@dataclass(frozen=True, slots=True)
class Options:
    """How to start it.

    Args:
        timeout_seconds: for the start, not for the installation before it.
        java_home: where to look for Java before PATH.
        docker: in a container, by docker-compose.localstack.yml.
    """

    timeout_seconds: float = DEFAULT_TIMEOUT_SECONDS
    java_home: Path | None = None
    docker: bool = False


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


class Ended(StrEnum):
    """What `down` found."""

    RUNNING = "LocalStack has stopped"
    LEFTOVERS = "LocalStack was not running; processes that it had left were ended"
    NOTHING = "LocalStack is not running"


def up(
    root: Path,
    *,
    report: Callable[[str], None],
    port: int = DEFAULT_PORT,
    state: Path | None = None,
    settings: Mapping[str, str] | None = None,
    options: Options | None = None,
) -> Emulator:
    """Start LocalStack and wait until it answers; do nothing when it runs already.

    Args:
        root: the project's root.
        report: is told each step, one line each.
        port: of 127.0.0.1.
        state: the folder of this emulator; another folder (and port) is another emulator beside the user's own.
        settings: more of LocalStack's own settings, by their names; not for Docker.
        options: how to start it.

    Raises:
        EmulatorError: with the remedy.
    """
    place, options = layout(root, state), options or Options()
    before = running(place)
    if before is None or (before.docker and health.ask(before.endpoint_url) is None):
        processes.end(lambda: processes.members(place))  # of an emulator whose supervisor was killed
        _check_port(port)
        place.state.mkdir(parents=True, exist_ok=True)
        if options.docker:
            report(f"starting LocalStack {LOCALSTACK_VERSION} in Docker on port {port}")
            containers.start(place, port, options.timeout_seconds)
        else:
            installed = install(place, report, options.java_home)
            report(f"starting LocalStack {LOCALSTACK_VERSION} on port {port}")
            environment = localstack_environment(place, installed, port, settings or {})
            command = [str(installed.python), "-m", "localstack.runtime.main"]
            _launch(place, Launch(command, environment, port, [str(part) for part in installed.parts]))
    return Emulator(_wait(place, options.timeout_seconds), place.log, started=before is None)


def down(root: Path, *, state: Path | None = None) -> Ended:
    """End LocalStack and every process that it has started. Raises EmulatorError."""
    place = layout(root, state)
    run = running(place)
    if run is not None and run.docker:
        containers.stop(place)
        return Ended.RUNNING
    if run is not None and run.supervisor is not None:
        _stop(place, run.supervisor)
    left = processes.end(lambda: processes.members(place))
    if stubborn := processes.members(place):
        raise EmulatorError(f"these processes of LocalStack could not be ended: {sorted(stubborn)}; try: sudo kill -9")
    place.run_file.unlink(missing_ok=True)
    shutil.rmtree(place.home, ignore_errors=True)
    if run is not None:
        return Ended.RUNNING
    return Ended.LEFTOVERS if left else Ended.NOTHING


def running(place: Layout) -> Run | None:
    """The emulator that runs on this state; of one in Docker it is not asked whether it still does."""
    run = runfile.read(place.run_file)
    if run is not None and run.docker:
        return run
    if not runfile.is_held(place.lock):
        return None
    # The lock is taken a moment before the run file is written, and let go a moment after that is removed.
    _until(lambda: runfile.read(place.run_file) is not None or not runfile.is_held(place.lock), _STOP_SECONDS)
    return runfile.read(place.run_file)


def _check_port(port: int) -> None:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError as error:
            raise EmulatorError(
                f"port {port} cannot be used ({error.strerror}); stop the program that has it, "
                f"or choose another: pipeline local up --port {port + 1}"
            ) from error


def _launch(place: Layout, launch: Launch) -> None:
    shutil.rmtree(place.home, ignore_errors=True)
    place.scratch.mkdir(parents=True)
    if place.log.exists():
        place.log.replace(place.log.with_suffix(".log.1"))
    launch.save(place.launch_file)
    command = [sys.executable, "-m", "pipeline.emulator.supervise", str(place.state), str(place.root)]
    with place.log.open("ab") as log:
        code = subprocess.run(
            command, cwd=place.home, stdin=subprocess.DEVNULL, stdout=log, stderr=subprocess.STDOUT, check=False
        ).returncode
    if code not in {0, LOCKED}:
        raise EmulatorError(f"LocalStack could not be started: {last_words(place.log)}; the log is {place.log}")


def _wait(place: Layout, timeout_seconds: float) -> str:
    give_up_at = time.monotonic() + timeout_seconds
    while time.monotonic() < give_up_at:
        run = running(place)
        if run is None:
            raise EmulatorError(f"LocalStack ended while it started: {last_words(place.log)}; the log is {place.log}")
        if health.ask(run.endpoint_url):
            return run.endpoint_url
        time.sleep(_LOOK_SECONDS)
    down(place.root, state=place.state)
    raise EmulatorError(
        f"LocalStack did not answer within {timeout_seconds:g} s; give it longer with --timeout; the log is {place.log}"
    )


def _stop(place: Layout, supervisor: int) -> None:
    with suppress(ProcessLookupError):
        os.kill(supervisor, signal.SIGTERM)
        if not _until(lambda: not runfile.is_held(place.lock), _STOP_SECONDS):
            os.kill(supervisor, signal.SIGKILL)


def _until(condition: Callable[[], bool], seconds: float) -> bool:
    give_up_at = time.monotonic() + seconds
    while not condition():
        if time.monotonic() >= give_up_at:
            return False
        time.sleep(_LOOK_SECONDS)
    return True
