from __future__ import annotations

import threading
import time

from pipeline.collectors.at_once import AtOnce, Late


def test_all_jobs_run_at_once() -> None:
    """Jobs that wait for each other all end; each gives its own, in the order of the jobs."""
    together = threading.Barrier(3)

    def job() -> bool:
        together.wait(10)
        return True

    assert [("c", True), ("a", True), ("b", True)] == [*AtOnce[str]().run(dict.fromkeys("cab", job), 10).items()]


def test_one_raises() -> None:
    """What a job raises is its own result."""
    error = ValueError("no")

    def fails() -> int:
        raise error

    assert {"good": 1, "bad": error} == AtOnce[str]().run({"bad": fails, "good": lambda: 1}, 10)


def test_one_hangs() -> None:
    """A job that hangs is late when the time is up, and is not begun again until it has ended."""
    over, begun = threading.Event(), []
    at_once: AtOnce[str] = AtOnce()

    def hangs() -> int:
        begun.append(1)
        over.wait(10)
        return 2

    jobs = {"hangs": hangs, "good": lambda: 1}
    started = time.monotonic()
    assert {"hangs": Late("did not end within 1 s"), "good": 1} == at_once.run(jobs, 1)
    assert time.monotonic() - started < 9
    assert {"hangs": Late("still hangs since the time before"), "good": 1} == at_once.run(jobs, 1)
    assert [1] == begun
    over.set()
    deadline = time.monotonic() + 10
    while (result := at_once.run(jobs, 10)["hangs"]) != 2 and time.monotonic() < deadline:
        pass
    assert (2, [1, 1]) == (result, begun)


def test_no_time() -> None:
    """Without time every job is begun and none waited for."""
    over = threading.Event()
    assert {"a": Late("did not end within -1 s")} == AtOnce[str]().run({"a": over.wait}, -1)
    over.set()


def test_nothing_to_do() -> None:
    """Of no jobs there are no results, at once."""
    assert {} == AtOnce[str]().run({}, 10)
