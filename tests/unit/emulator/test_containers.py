from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from pipeline.emulator import Ended, containers, down, runfile
from pipeline.emulator.layout import layout
from pipeline.emulator.runfile import Run
from pipeline.errors import EmulatorError

if TYPE_CHECKING:
    from collections.abc import Callable

    type Programs = Callable[[str, str], Path]

# Writes its arguments, one a line, and a line of dashes after each call.
FAKE_DOCKER = 'for word in "$@"; do echo "$word"; done >> "$0.calls"; echo --- >> "$0.calls"'


def calls(docker: Path) -> list[list[str]]:
    """How the fake docker was called."""
    text = docker.with_name("docker.calls").read_text()
    return [call.split("\n") for call in text.removesuffix("\n---\n").split("\n---\n")]


def test_start(tmp_path: Path, programs: Programs) -> None:
    """Docker starts our compose file on the port that is asked for, waits for health, and the run is on file."""
    docker = programs("docker", FAKE_DOCKER)
    place = layout(tmp_path, tmp_path)
    containers.start(place, 4567, 30.4)
    ((*words, environment, up, detach, wait, timeout, seconds),) = calls(docker)
    assert ["compose", "--project-name"] == words[:2]
    assert ["--file", str(tmp_path / "docker-compose.localstack.yml"), "--env-file"] == words[3:]
    assert ["up", "--detach", "--wait", "--wait-timeout", "30"] == [up, detach, wait, timeout, seconds]
    assert [f"LOCALSTACK_PORT=4567\nLOCALSTACK_NAME={words[2]}\n"] == [Path(environment).read_text()]
    run = runfile.read(place.run_file)
    assert run is not None
    assert (4567, True) == (run.port, run.docker)


def test_down(tmp_path: Path, programs: Programs) -> None:
    """Down ends the container that up started, and forgets it."""
    docker = programs("docker", FAKE_DOCKER)
    place = layout(tmp_path, tmp_path)
    containers.start(place, 4567, 30)
    assert Ended.RUNNING == down(tmp_path, state=tmp_path)
    started, stopped = calls(docker)
    assert started[:7] == stopped[:7]
    assert ["down", "--volumes", "--timeout", "10"] == stopped[7:]
    assert runfile.read(place.run_file) is None


def test_side_by_side() -> None:
    """Each state has a container of its own."""
    first, second = (containers.command(layout(Path("/p"), Path("/p", name)), "up") for name in ("a", "b"))
    assert first[3] != second[3]


def test_no_docker(tmp_path: Path, programs: Programs) -> None:
    """Without Docker the error says that there is another way."""
    del programs
    with pytest.raises(EmulatorError, match=r"docker is not on PATH; .*leave --docker out"):
        containers.start(layout(tmp_path, tmp_path), 4567, 30)


def test_docker_fails(tmp_path: Path, programs: Programs) -> None:
    """What Docker says last is told in one line, and nothing is on file."""
    programs("docker", "echo starting >&2; echo 'Cannot connect to the Docker daemon' >&2; exit 1")
    place = layout(tmp_path, tmp_path)
    with pytest.raises(EmulatorError, match=r"^docker compose up failed: Cannot connect to the Docker daemon; see"):
        containers.start(place, 4567, 30)
    assert runfile.read(place.run_file) is None


def test_docker_fails_silently(tmp_path: Path, programs: Programs) -> None:
    """A failure without a word tells its exit code."""
    programs("docker", "exit 7")
    runfile.write(tmp_path / "run.json", Run(4567, 0))
    with pytest.raises(EmulatorError, match="docker compose down failed: exit 7"):
        down(tmp_path, state=tmp_path)
    assert json.loads((tmp_path / "run.json").read_text())["port"] == 4567
