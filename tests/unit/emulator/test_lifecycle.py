"""The whole life of an emulator with a fake LocalStack: real processes, real crashes, in a second each."""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import psutil
import pytest

from pipeline.emulator import Ended, Options, down, endpoint_url, lifecycle, processes, runfile, status, up
from pipeline.emulator.install import Installed
from pipeline.emulator.layout import layout
from pipeline.errors import EmulatorError
from pipeline.project import project_root

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

pytestmark = pytest.mark.loopback

FAKE = Path(__file__).with_name("fake_localstack.py")
QUICK = Options(timeout_seconds=20)
linux = pytest.mark.skipif(sys.platform != "linux", reason="the kernel ends the children of a killed process there")


def free_port() -> int:
    """A port that nothing listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    return port


def eventually(condition: Callable[[], bool], seconds: float = 10) -> bool:
    """Whether the condition comes true in time."""
    give_up_at = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > give_up_at:
            return False
        time.sleep(0.02)
    return True


def started_by(state: Path) -> list[int]:
    """The fake LocalStack's process and its children's."""
    pids: list[int] = json.loads((state / "pids.json").read_text())
    return pids


def alive(pid: int) -> bool:
    """Whether the process runs; one that nobody has waited for does not."""
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def all_gone(state: Path) -> bool:
    """Whether nothing that was started runs."""
    return not any(alive(pid) for pid in started_by(state))


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A project whose LocalStack is a fake; whatever a test leaves running is ended."""
    plugin = tmp_path / "infra" / "localstack" / "plugin"
    (plugin / "localstack" / "runtime").mkdir(parents=True)
    shutil.copy(FAKE, plugin / "localstack" / "runtime" / "main.py")
    executor = project_root() / "infra" / "localstack" / "plugin" / "process_executor"
    (plugin / "process_executor").symlink_to(executor)
    python = Path(sys.executable)
    part = tmp_path / "part"
    part.mkdir()
    installed = Installed(python, python, tmp_path, tmp_path, python, (part,))
    monkeypatch.setattr(lifecycle, "install", lambda *_: installed)
    yield tmp_path
    for state in (tmp_path / ".pipeline/localstack/run", tmp_path / "other"):
        down(tmp_path, state=state)
        if (state / "pids.json").exists():
            processes.kill(started_by(state))


@pytest.fixture
def state(root: Path) -> Path:
    """The default state."""
    return layout(root).state


def supervisor_of(root: Path) -> int:
    """The supervisor's process."""
    run = runfile.read(layout(root).run_file)
    assert run is not None
    assert run.supervisor is not None
    return run.supervisor


def test_up_and_down(root: Path, state: Path, told: list[str]) -> None:
    """Up starts it, and says so; down ends all of it, and leaves the log."""
    port = free_port()
    running = up(root, port=port, report=told.append, options=QUICK)
    assert f"http://127.0.0.1:{port}" == running.endpoint_url == endpoint_url(root)
    assert running.started
    assert [f"starting LocalStack 4.14.0 on port {port}"] == told
    assert "this is a fake" in running.log_path.read_text()
    assert 4 == sum(alive(pid) for pid in started_by(state))
    assert Ended.RUNNING == down(root)
    assert all_gone(state)
    assert {"launch.json", "localstack.log", "lock", "pids.json"} == {path.name for path in state.iterdir()}


def test_up_twice(root: Path, told: list[str]) -> None:
    """A second up finds the first, whatever port it asks for."""
    first = up(root, port=free_port(), report=told.append, options=QUICK)
    told.clear()
    second = up(root, port=free_port(), report=told.append, options=QUICK)
    assert (first.endpoint_url, False) == (second.endpoint_url, second.started)
    assert [] == told


def test_up_down_up(root: Path, told: list[str]) -> None:
    """After down it can be started again on the same port, and the log of the time before is kept."""
    port = free_port()
    for _ in range(2):
        assert up(root, port=port, report=told.append, options=QUICK).started
        assert Ended.RUNNING == down(root)
    assert layout(root).log.with_suffix(".log.1").exists()


def test_down_twice(root: Path) -> None:
    """Down without anything running does nothing."""
    assert Ended.NOTHING == down(root)


def test_stubborn(root: Path, state: Path, told: list[str]) -> None:
    """A LocalStack that does not end when asked to is killed."""
    up(root, port=free_port(), report=told.append, settings={"FAKE_MODE": "stubborn"}, options=QUICK)
    assert Ended.RUNNING == down(root)
    assert all_gone(state)


def test_port_taken(root: Path, told: list[str]) -> None:
    """A taken port is one line that names it and the option, and nothing is started."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(EmulatorError, match=rf"^port {port} cannot be used .* --port {port + 1}$"):
            up(root, port=port, report=told.append, options=QUICK)
    assert [] == told
    assert not status(root).up


def test_dies_at_the_start(root: Path, told: list[str]) -> None:
    """A LocalStack that ends while it starts is one line: its last words, and where its log is."""
    with pytest.raises(EmulatorError) as caught:
        up(root, port=free_port(), report=told.append, settings={"FAKE_MODE": "dies"}, options=QUICK)
    assert f"LocalStack ended while it started: no luck; the log is {layout(root).log}" == str(caught.value)
    assert Ended.NOTHING == down(root)


def test_never_answers(root: Path, state: Path, told: list[str]) -> None:
    """A LocalStack that does not answer in time is ended, and the error names the option and the log."""
    with pytest.raises(EmulatorError, match=r"did not answer within 1 s; .*--timeout; the log is "):
        up(
            root,
            port=free_port(),
            report=told.append,
            settings={"FAKE_MODE": "mute"},
            options=Options(timeout_seconds=1),
        )
    assert all_gone(state)
    assert Ended.NOTHING == down(root)


def test_broken_supervisor(root: Path, told: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """A supervisor that cannot run is one line."""
    monkeypatch.setattr(sys, "executable", shutil.which("false"))
    with pytest.raises(EmulatorError, match="LocalStack could not be started: it printed nothing; the log is "):
        up(root, port=free_port(), report=told.append, options=QUICK)


@linux
def test_crash(root: Path, state: Path, told: list[str]) -> None:
    """When LocalStack is killed, all that it started ends by itself; down then finds nothing, and up starts anew."""
    up(root, port=free_port(), report=told.append, options=QUICK)
    os.kill(started_by(state)[0], signal.SIGKILL)
    assert eventually(lambda: all_gone(state))
    assert eventually(lambda: not runfile.is_held(layout(root).lock))
    assert not status(root).up
    assert Ended.NOTHING == down(root)
    assert up(root, port=free_port(), report=told.append, options=QUICK).started


@linux
def test_supervisor_killed(root: Path, state: Path, told: list[str]) -> None:
    """When the supervisor is killed, LocalStack ends by itself, and down ends what it had started."""
    up(root, port=free_port(), report=told.append, options=QUICK)
    localstack, *_, function_child = started_by(state)
    os.kill(supervisor_of(root), signal.SIGKILL)
    assert eventually(lambda: not alive(localstack))
    assert not status(root).up
    assert Ended.LEFTOVERS == down(root)
    # Nothing marks what a function started with an empty environment; only the supervisor knew its session.
    processes.kill([function_child])
    assert eventually(lambda: all_gone(state))
    assert Ended.NOTHING == down(root)


@linux
def test_up_after_supervisor_killed(root: Path, state: Path, told: list[str]) -> None:
    """Up after such a crash ends what was left, and starts anew."""
    up(root, port=free_port(), report=told.append, options=QUICK)
    *marked, function_child = started_by(state)
    os.kill(supervisor_of(root), signal.SIGKILL)
    assert eventually(lambda: not runfile.is_held(layout(root).lock))
    assert up(root, port=free_port(), report=told.append, options=QUICK).started
    assert not any(alive(pid) for pid in marked)
    processes.kill([function_child])


def test_side_by_side(root: Path, told: list[str]) -> None:
    """Another state is another emulator; each down ends its own only."""
    other = root / "other"
    first = up(root, port=free_port(), report=told.append, options=QUICK)
    second = up(root, port=free_port(), state=other, report=told.append, options=QUICK)
    assert first.endpoint_url != second.endpoint_url
    assert Ended.RUNNING == down(root)
    assert status(root, state=other).up
    assert Ended.RUNNING == down(root, state=other)


def test_two_at_once(root: Path, told: list[str]) -> None:
    """The supervisor that comes second leaves the first one alone."""
    up(root, port=free_port(), report=told.append, options=QUICK)
    run = runfile.read(layout(root).run_file)
    launch = layout(root).launch_file.read_text()
    assert 3 == os.waitstatus_to_exitcode(
        os.system(f"{sys.executable} -m pipeline.emulator.supervise {layout(root).state} {root}")  # noqa: S605 - our own
    )
    assert run == runfile.read(layout(root).run_file)
    assert launch == layout(root).launch_file.read_text()


def test_docker_that_does_not_answer_is_started_again(root: Path, told: list[str], tmp_path: Path) -> None:
    """A run file of Docker is not believed when nobody answers."""
    place = layout(root)
    place.state.mkdir(parents=True)
    runfile.write(place.run_file, runfile.Run(free_port(), 0))
    docker = tmp_path / "docker"
    docker.write_text("#!/bin/sh\nexit 1\n")
    with pytest.raises(EmulatorError, match="docker"):
        up(root, port=free_port(), report=told.append, options=Options(1, docker=True))
    place.run_file.unlink()


def test_status(root: Path, told: list[str], state: Path) -> None:
    """Status tells what LocalStack says of itself, and how many environments of functions there are."""
    port = free_port()
    up(root, port=port, report=told.append, options=QUICK)
    (layout(root).sandboxes / "one").mkdir(parents=True)
    found = status(root)
    assert found.up
    assert (f"http://127.0.0.1:{port}", started_by(state)[0]) == (found.endpoint_url, found.pid)
    assert ("4.14.0", "error", 1) == (found.version, found.services["sqs"], found.environments)


def test_status_of_a_stopped_one(root: Path, state: Path, told: list[str]) -> None:
    """A LocalStack that is there but does not answer is not up."""
    up(root, port=free_port(), report=told.append, options=QUICK)
    os.kill(started_by(state)[0], signal.SIGSTOP)
    found = status(root)
    assert not found.up
    assert started_by(state)[0] == found.pid
    assert found.version is None
    os.kill(started_by(state)[0], signal.SIGCONT)


def test_endpoint_url_of_none(root: Path) -> None:
    """Without a running LocalStack the error says how to start it."""
    with pytest.raises(EmulatorError, match="pipeline local up"):
        endpoint_url(root)
