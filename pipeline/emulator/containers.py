"""LocalStack in Docker: `docker compose` with docker-compose.localstack.yml. After the start everything is the same."""

from __future__ import annotations

import hashlib
import subprocess
import time
from typing import TYPE_CHECKING, Final

from pipeline.emulator import runfile
from pipeline.errors import EmulatorError

if TYPE_CHECKING:
    from pathlib import Path

    from pipeline.emulator.layout import Layout

COMPOSE_FILE: Final = "docker-compose.localstack.yml"


def start(place: Layout, port: int, timeout_seconds: float) -> None:
    """Start the container and wait until it is healthy. Raises EmulatorError."""
    _variables(place).write_text(f"LOCALSTACK_PORT={port}\nLOCALSTACK_NAME={_name(place)}\n")
    compose(place, "up", "--detach", "--wait", "--wait-timeout", f"{timeout_seconds:.0f}")
    runfile.write(place.run_file, runfile.Run(port, time.time()))


def stop(place: Layout) -> None:
    """End and remove the container. Raises EmulatorError."""
    compose(place, "down", "--volumes", "--timeout", "10")
    place.run_file.unlink(missing_ok=True)


def compose(place: Layout, *words: str) -> None:
    """Run `docker compose` on our file; its own story goes to stderr. Raises EmulatorError."""
    try:
        done = subprocess.run(command(place, *words), stderr=subprocess.PIPE, text=True, check=False)
    except FileNotFoundError as error:
        raise EmulatorError("docker is not on PATH; install Docker, or leave --docker out to run without it") from error
    if done.returncode:
        lines = done.stderr.strip().splitlines() or [f"exit {done.returncode}"]
        raise EmulatorError(
            f"docker compose {words[0]} failed: {lines[-1]}; see that Docker runs, or leave --docker out"
        )


def command(place: Layout, *words: str) -> list[str]:
    """The command line: the project is named after the state, so that several can run side by side."""
    return [
        "docker",
        "compose",
        "--project-name",
        _name(place),
        "--file",
        str(place.root / COMPOSE_FILE),
        "--env-file",
        str(_variables(place)),
        *words,
    ]


def _name(place: Layout) -> str:
    return f"localstack-{hashlib.sha256(str(place.state).encode()).hexdigest()[:8]}"


def _variables(place: Layout) -> Path:
    return place.state / "docker.env"
