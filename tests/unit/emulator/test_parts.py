from __future__ import annotations

import fcntl
import threading
from typing import TYPE_CHECKING

import pytest

from pipeline.emulator.parts import Part, ensure, one_at_a_time, reason, use
from pipeline.errors import EmulatorError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path


def part(lock: Path, script: str = "echo done > content", variant: str = "") -> Part:
    """A part that a script of /bin/sh fills."""

    def commands(folder: Path) -> Sequence[Sequence[str]]:
        del folder
        return (["/bin/sh", "-c", script],)

    return Part("tool", "the tool", [lock], variant, commands)


@pytest.fixture
def lock(tmp_path: Path) -> Path:
    """A lock file."""
    path = tmp_path / "tool.txt"
    path.write_text("tool==1")
    return path


@pytest.fixture
def installed(tmp_path: Path) -> Path:
    """Where parts go."""
    folder = tmp_path / "installed"
    folder.mkdir()
    return folder


def test_installs_once(lock: Path, installed: Path, told: list[str]) -> None:
    """What is there is not installed again, and nothing is said about it."""
    first = ensure(part(lock), installed, told.append)
    assert first == ensure(part(lock, "exit 1"), installed, told.append)
    assert "done\n" == (first / "content").read_text()
    assert ["installing the tool"] == told


def test_follows_the_lock_file(lock: Path, installed: Path, told: list[str]) -> None:
    """A changed lock file is installed anew, and the old part goes."""
    before = ensure(part(lock), installed, told.append)
    lock.write_text("tool==2")
    after = ensure(part(lock), installed, told.append)
    assert before != after
    assert [after.name] == [path.name for path in installed.iterdir() if path.is_dir()]


def test_follows_the_platform(lock: Path, installed: Path) -> None:
    """Another Python or another machine is another part."""
    assert part(lock, variant="3.13.0").folder(installed) != part(lock, variant="3.13.1").folder(installed)


def test_interrupted(lock: Path, installed: Path, told: list[str]) -> None:
    """What an interrupted installation left is removed and installed again."""
    folder = part(lock).folder(installed)
    folder.mkdir()
    (folder / "half").touch()
    assert folder == ensure(part(lock), installed, told.append)
    assert not (folder / "half").exists()
    assert (folder / "content").exists()


def test_failed(lock: Path, installed: Path, told: list[str]) -> None:
    """A failed installation is one line: what, why, what to do, and where the whole story is."""
    broken = part(lock, "echo connecting; echo 'no route to host' >&2; exit 2")
    with pytest.raises(EmulatorError) as caught:
        ensure(broken, installed, told.append)
    line = str(caught.value)
    assert line.startswith("the tool could not be installed (exit 2): no route to host; check that")
    assert line.endswith(str(installed / "install.log"))
    assert "\n" not in line
    assert "connecting" in (installed / "install.log").read_text()


@pytest.mark.parametrize(
    ("output", "why"),
    [
        ("connecting\nno route to host\n\n", "no route to host"),
        ("error: Request failed\n  cause: Failed to fetch\n  cause: Connection refused\n", "Connection refused"),
        (
            "npm error code E\nnpm error request to x failed, reason: connect\nnpm error A complete log is in y\n",
            "request to x failed, reason: connect",
        ),
        ("", "it printed nothing"),
    ],
)
def test_reason(output: str, why: str) -> None:
    """The line that tells why is not the last one for every program."""
    assert why == reason(output)


def test_failed_is_tried_again(lock: Path, installed: Path, told: list[str]) -> None:
    """After a failure the next run starts from nothing."""
    with pytest.raises(EmulatorError):
        ensure(part(lock, "echo half > half; exit 1"), installed, told.append)
    folder = ensure(part(lock), installed, told.append)
    assert {"content", ".complete"} == {path.name for path in folder.iterdir()}


def test_missing_program(lock: Path, installed: Path, told: list[str]) -> None:
    """A program that is not there is one line too."""
    gone = Part("tool", "the tool", [lock], "", lambda _: (["/nonexistent/uv"],))
    with pytest.raises(EmulatorError, match=r"^the tool could not be installed: .*nonexistent"):
        ensure(gone, installed, told.append)


def test_in_use(lock: Path, installed: Path, told: list[str]) -> None:
    """A part that a running emulator uses stays until it ends."""
    before = ensure(part(lock), installed, told.append)
    with use(before), use(before):
        lock.write_text("tool==2")
        ensure(part(lock), installed, told.append)
        assert before.exists()
    lock.write_text("tool==3")
    ensure(part(lock), installed, told.append)
    assert not before.exists()


def test_one_at_a_time(installed: Path, told: list[str]) -> None:
    """A second installation waits for the first, and says so."""
    waiting, second_is_in = threading.Event(), threading.Event()

    def hear(line: str) -> None:
        told.append(line)
        waiting.set()

    def second() -> None:
        with one_at_a_time(installed, hear):
            second_is_in.set()

    thread = threading.Thread(target=second)
    with one_at_a_time(installed, told.append):
        thread.start()
        assert waiting.wait(5)
        assert not second_is_in.is_set()
    thread.join(5)
    assert second_is_in.is_set()
    assert ["another installation is under way; waiting for it"] == told


def test_lock_is_let_go(installed: Path, told: list[str]) -> None:
    """An installation that fails lets the next one in."""
    with pytest.raises(KeyError), one_at_a_time(installed, told.append):
        raise KeyError
    with (installed / "install.lock").open() as lock:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
