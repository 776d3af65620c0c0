from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from pipeline.emulator import processes
from pipeline.emulator.layout import layout

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

pytestmark = pytest.mark.skipif(not Path("/proc").is_dir(), reason="the processes of others are asked of ps there")

type Sleepers = Callable[[Mapping[str, str]], int]


@pytest.fixture
def sleepers() -> Iterator[Sleepers]:
    """Starts processes that do nothing, with an environment, and gives their ids."""
    started: list[subprocess.Popen[bytes]] = []

    def start(environment: Mapping[str, str]) -> int:
        code = "import sys, time; print(flush=True); time.sleep(60)"
        process = subprocess.Popen([sys.executable, "-c", code], env=environment, stdout=subprocess.PIPE)
        started.append(process)
        assert process.stdout is not None
        process.stdout.readline()  # it runs, so its environment is its own
        return process.pid

    yield start
    for process in started:
        process.kill()
        process.communicate()


def test_members(tmp_path: Path, sleepers: Sleepers) -> None:
    """LocalStack's processes and the functions' belong to the state that they name, whoever else names a part of it."""
    place = layout(tmp_path, tmp_path / "state")
    ours = {
        sleepers({"FILESYSTEM_ROOT": str(place.home)}),
        sleepers({"A": "1", "LAMBDA_TASK_ROOT": f"{place.home}/code", "B": "2"}),
    }
    sleepers({"FILESYSTEM_ROOT": f"{place.home}-of-another"})
    sleepers({"PWD": str(place.home), "MY_FILESYSTEM_ROOT": str(place.home)})
    sleepers({})
    assert ours == processes.members(place)
    assert set() == processes.members(layout(tmp_path, tmp_path / "sta"))


def test_session(sleepers: Sleepers) -> None:
    """A process with an empty environment is found by its session."""
    started = sleepers({})
    assert started in processes.session()
    assert os.getpid() not in processes.session()


def test_end(tmp_path: Path, sleepers: Sleepers) -> None:
    """What is found is ended, and counted once."""
    place = layout(tmp_path)
    sleepers({"FILESYSTEM_ROOT": str(place.home)})
    sleepers({"FILESYSTEM_ROOT": str(place.home)})
    assert 2 == processes.end(lambda: processes.members(place))
    assert set() == processes.members(place)
    assert 0 == processes.end(lambda: processes.members(place))


def test_kill_is_never_too_late(sleepers: Sleepers) -> None:
    """A process that has ended meanwhile is no error."""
    pid = sleepers({})
    processes.kill([pid])
    os.waitpid(pid, 0)
    processes.kill([pid])
