"""What is known of an emulator."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from pipeline.emulator import health
from pipeline.emulator.layout import layout
from pipeline.emulator.lifecycle import running
from pipeline.errors import EmulatorError

if TYPE_CHECKING:
    from pathlib import Path


@dataclass(frozen=True, slots=True)
class Status:
    """An emulator, seen from outside.

    Args:
        up: whether it answers.
        log_path: its log, which may not exist.
        endpoint_url: where every AWS service is; None when none runs.
        pid: LocalStack's process; None when none runs, and in Docker.
        version: None when it does not answer.
        services: the name of each AWS service and its state (available: starts when it is used; running; error; ...).
        environments: how many execution environments of functions there are; None in Docker.
    """

    up: bool
    log_path: Path
    endpoint_url: str | None = None
    pid: int | None = None
    version: str | None = None
    services: dict[str, str] = field(default_factory=dict)
    environments: int | None = None


def status(root: Path, *, state: Path | None = None) -> Status:
    """What is known of the emulator on this state."""
    place = layout(root, state)
    run = running(place)
    if run is None:
        return Status(up=False, log_path=place.log)
    answer = health.ask(run.endpoint_url)
    if answer is None:
        return Status(up=False, log_path=place.log, endpoint_url=run.endpoint_url, pid=run.pid)
    return Status(
        up=True,
        log_path=place.log,
        endpoint_url=run.endpoint_url,
        pid=run.pid,
        version=answer.version,
        services=answer.services,
        environments=None if run.docker else _entries(place.sandboxes),
    )


def endpoint_url(root: Path, *, state: Path | None = None) -> str:
    """Where the running emulator's AWS services are. Raises EmulatorError when none runs."""
    run = running(layout(root, state))
    if run is None:
        raise EmulatorError("LocalStack is not running; start it with: pipeline local up")
    return run.endpoint_url


def _entries(folder: Path) -> int:
    return sum(1 for _ in folder.iterdir()) if folder.is_dir() else 0
