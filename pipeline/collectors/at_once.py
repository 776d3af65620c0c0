"""Several jobs at once, none of which can hide, delay or outlive the others.

Each has a thread; what has not ended when the time is up is left to itself and told as `Late`. A thread cannot be
ended from outside (resolving a name can hang in C), so a job that still hangs is not begun a second time: there is
never more than one thread for each.
"""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass, field
from queue import Empty, SimpleQueue
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Mapping


@dataclass(frozen=True, slots=True)
class Late:
    """The job had not ended when the time was up."""

    detail: str


@dataclass(frozen=True)
class AtOnce[K: Hashable]:
    """Runs jobs by name, and remembers those that hang."""

    _busy: set[K] = field(default_factory=set)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def run[V](self, jobs: Mapping[K, Callable[[], V]], seconds: float) -> dict[K, V | Exception | Late]:
        """What each job gave or raised, or that it is late; in the order of the jobs, after `seconds` at most."""
        until = time.monotonic() + seconds
        ended: SimpleQueue[tuple[K, V | Exception]] = SimpleQueue()
        waiting = {name for name, job in jobs.items() if self._begin(name, job, ended)}
        late = Late(f"did not end within {seconds:.3g} s")
        done: dict[K, V | Exception | Late] = {
            name: late if name in waiting else Late("still hangs since the time before") for name in jobs
        }
        while waiting:
            try:
                name, result = ended.get(timeout=max(0.0, until - time.monotonic()))
            except Empty:
                break
            done[name] = result
            waiting.discard(name)
        return done

    def _begin[V](self, name: K, job: Callable[[], V], ended: SimpleQueue[tuple[K, V | Exception]]) -> bool:
        with self._lock:
            if name in self._busy:
                return False
            self._busy.add(name)
        # A daemon, so that what hangs does not hold the process.
        threading.Thread(target=self._run, args=(name, job, ended), daemon=True).start()
        return True

    def _run[V](self, name: K, job: Callable[[], V], ended: SimpleQueue[tuple[K, V | Exception]]) -> None:
        try:
            result: V | Exception = job()
        except Exception as error:  # noqa: BLE001 - it is told to whoever waits for the job
            result = error
        with self._lock:
            self._busy.discard(name)
        ended.put((name, result))
