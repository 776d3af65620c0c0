"""A process that is killed while it uses a spill: what it reported is there, in order, and nothing else is."""

from __future__ import annotations

import os
import random
import select
import signal
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import pytest

from pipeline.producer.spill import Kept, Spill
from tests.unit.producer.child import REPORT, all_of, start

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

ROUNDS: Final = 150
EVERYTHING: Final = 1 << 30
KEPT, SENT, DONE = b"k", b"s", b"d"
SYSTEM_CALLS: Final = ("open", "pwrite", "fsync", "ftruncate", "unlink", "rename")


def kept(number: int) -> Kept:
    return Kept(f"key-{number % 3}", str(number).encode() * (number % 50), f"id-{number}")


@dataclass
class Reports:
    """What the children said, before they were killed, and what must hold whenever they are."""

    kept: int = 0
    done: int = 0
    sent: int = 0

    def add(self, block: bytes) -> None:
        for kind, number in REPORT.iter_unpack(block[: len(block) // REPORT.size * REPORT.size]):
            if kind == SENT:
                assert number <= self.sent + 1
                self.sent = max(self.sent, number)
            elif kind == KEPT:
                self.kept = max(self.kept, number)
            else:
                self.done = max(self.done, number)

    def check(self, directory: Path) -> None:
        """What was kept and is not done is there; what is done was sent; the rest are records that were appended."""
        with Spill(directory, fsync=False) as spill:
            left = spill.take(EVERYTHING)
            assert not spill.damage
            assert self.kept <= spill.last
            assert self.done <= spill.last - spill.waiting <= self.sent
            numbers = range(spill.last - spill.waiting + 1, spill.last + 1)
        assert [(number, kept(number)) for number in numbers] == left


def use(directory: Path, report: Callable[[bytes, int], None], draw: random.Random, *, steps: int, fsync: bool) -> None:
    """Append some, send some, be done with some, and so on; each report comes after the fact."""
    spill = Spill(directory, segment_bytes=2000, fsync=fsync)
    for _ in range(steps):
        report(KEPT, spill.append([kept(spill.last + ahead) for ahead in range(1, draw.randint(2, 30))]))
        taken = spill.take(draw.randint(0, 40_000))
        for number, each in taken:
            assert kept(number) == each
            report(SENT, number)
        if draw.random() < 0.8:
            spill.done(taken[-1].number)
            report(DONE, taken[-1].number)


def test_killed_at_any_moment(tmp_path: Path) -> None:
    """Over many processes that are killed while they append, send and are done, nothing is lost or invented."""
    told = Reports()
    for round_ in range(ROUNDS):
        draw = random.Random(round_)  # noqa: S311 - a test
        pid, receiving = start(lambda report, draw=draw: use(tmp_path, report, draw, steps=1 << 30, fsync=False))  # type: ignore[misc] # bound now
        select.select([receiving], [], [])
        select.select([], [], [], draw.random() * 0.01)
        os.kill(pid, signal.SIGKILL)
        assert -signal.SIGKILL == os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
        told.add(all_of(receiving))
        told.check(tmp_path)
    assert told.sent >= told.done > ROUNDS


@pytest.mark.parametrize("moment", ["before", "within", "after"])
def test_killed_at_every_system_call(tmp_path: Path, moment: str) -> None:
    """Killed before, in the middle of or after each write, sync, deletion and so on, nothing is lost or invented."""
    call = 1
    while killed_at(tmp_path / str(call), call, moment):
        call += 1
    assert call > 30


def killed_at(directory: Path, call: int, moment: str) -> bool:
    """Use a spill in a process that dies at that system call; false where there are not so many calls."""

    def work(report: Callable[[bytes, int], None]) -> None:
        die_at(call, moment)
        use(directory, report, random.Random(5), steps=5, fsync=True)  # noqa: S311 - a test

    pid, receiving = start(work)
    code = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    told = Reports()
    told.add(all_of(receiving))
    told.check(directory)
    assert code in {0, -signal.SIGKILL}
    return code != 0


def die_at(call: int, moment: str) -> None:
    """Die before, within or after this system call of the process; within a write, a half is written."""
    count = 0

    def wrapped(name: str) -> Callable[..., object]:
        real = getattr(os, name)

        def function(*args: Any, **kwargs: Any) -> object:  # noqa: ANN401 - whatever the system call takes
            nonlocal count
            count += 1
            if count != call:
                return None if name == "fsync" else real(*args, **kwargs)
            if moment == "within" and name == "pwrite":
                fd, block, offset = args
                real(fd, block[: len(block) // 2], offset)
            if moment == "after":
                real(*args, **kwargs)
            os.kill(os.getpid(), signal.SIGKILL)
            return None

        return function

    for name in SYSTEM_CALLS:
        setattr(os, name, wrapped(name))


def test_what_is_synced(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With fsync, what is written is synced before anything returns, and the name of what is new; without, nothing."""
    directory, actions = tmp_path / "directory", list[str]()

    def watch(call: str) -> None:
        real = getattr(os, call)

        def function(fd: int, *args: object) -> object:
            (path,) = (each for each in (tmp_path, directory, *directory.iterdir()) if same(each, fd))
            actions.append(f"{call} {'parent' if path == tmp_path else path.suffix or path.name}")
            return real(fd, *args)

        monkeypatch.setattr(os, call, function)

    watch("pwrite")
    watch("fsync")
    with Spill(directory) as spill:
        assert ["fsync parent", "fsync directory", *["pwrite done", "fsync done"] * 2] == actions
        actions.clear()
        spill.append([kept(1)])
        assert ["fsync directory", "pwrite .spill", "fsync .spill"] == actions
        actions.clear()
        spill.append([kept(2), kept(3)])
        assert ["pwrite .spill", "fsync .spill"] == actions
        actions.clear()
        spill.take(EVERYTHING)
        spill.done(2)
        assert ["pwrite done", "fsync done"] == actions
    actions.clear()
    with Spill(directory, fsync=False) as spill:
        spill.append([kept(4)])
        spill.take(EVERYTHING)
        spill.done(4)
    assert ["pwrite .spill", "pwrite done"] == actions


def same(path: Path, fd: int) -> bool:
    return os.path.samestat(path.stat(), os.fstat(fd))
