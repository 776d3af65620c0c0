from __future__ import annotations

import pytest

from pipeline.testing.mapping import Clock, CrashPoint, Fuse, Killed, crash_points
from pipeline.testing.mapping.troubles import Call


def run(fuse: Fuse, *, fails: bool = False) -> list[str]:
    """Three calls, or as many as the function lives to make; what was carried out."""
    done: list[str] = []

    def operation(name: str) -> str:
        done.append(name)
        if fails:
            raise RuntimeError("told to")
        return name

    for name in "abc":
        fuse(Call("s3", Clock(), operation, {"name": name}))
    return done


def test_no_point() -> None:
    """Without a place, all is carried out and counted."""
    fuse = Fuse()
    assert (["a", "b", "c"], 3) == (run(fuse), fuse.calls)


@pytest.mark.parametrize("point", [*crash_points(3)], ids=str)
def test_killed(point: CrashPoint) -> None:
    """The function ends at its place, with or without the call; what it calls after that is not carried out."""
    fuse, done = Fuse(point), list[str]()

    def operation(name: str) -> None:
        done.append(name)

    def call(name: str) -> None:
        fuse(Call("s3", Clock(), operation, {"name": name}))

    for name in "abc"[: point.call]:
        call(name)
    for _ in range(2):
        with pytest.raises(Killed):
            call("abc"[point.call])
    assert ([*"abc"[: point.call + point.is_done]], 1) == (done, fuse.late)


def test_killed_after_a_failure() -> None:
    """Killed after a call that fails is killed all the same."""
    with pytest.raises(Killed):
        run(Fuse(CrashPoint(0, is_done=True)), fails=True)


def test_armed_anew() -> None:
    """The next invocation begins to count anew."""
    fuse = Fuse(CrashPoint(0, is_done=False))
    with pytest.raises(Killed):
        run(fuse)
    fuse.arm(None)
    assert (["a", "b", "c"], 3) == (run(fuse), fuse.calls)


def test_every_place() -> None:
    """There are two places for each call."""
    assert [(0, False), (0, True), (1, False), (1, True)] == list(crash_points(2))
