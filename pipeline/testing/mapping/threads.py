"""Threads without threads: a pool that runs its tasks in one, in a drawn order, so that a run can be repeated."""

from __future__ import annotations

import sys
from concurrent.futures import Future
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Self

if TYPE_CHECKING:
    import random
    from collections.abc import Callable, Iterable, Iterator

_NAME = "ThreadPoolExecutor"


@dataclass(frozen=True)
class OneThread:
    """As much of ThreadPoolExecutor as the sinks use.

    What ends the function (a FunctionDied, which is no Exception) ends it at once: tasks that had not begun never do.
    """

    chance: random.Random

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def submit[**P, T](self, task: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> Future[T]:
        """Run it now."""
        future: Future[T] = Future()
        try:
            future.set_result(task(*args, **kwargs))
        except Exception as error:  # noqa: BLE001 - whoever asks for the result gets it
            future.set_exception(error)
        return future

    def map[T](self, task: Callable[..., T], *arguments: Iterable[Any]) -> Iterator[T]:
        """Run all now, in a drawn order; the results come in the order of the arguments."""
        calls = list(enumerate(zip(*arguments, strict=False)))
        self.chance.shuffle(calls)
        futures = {place: self.submit(task, *call) for place, call in calls}
        return (futures[place].result() for place in range(len(calls)))


@contextmanager
def in_one_thread(chance: random.Random) -> Iterator[None]:
    """While it lasts, every module of the package that makes a ThreadPoolExecutor makes a `OneThread`."""
    modules = [module for name, module in [*sys.modules.items()] if name.startswith("pipeline.")]
    pools = [(module, vars(module)[_NAME]) for module in modules if _NAME in vars(module)]
    for module, _ in pools:
        setattr(module, _NAME, lambda *_, **__: OneThread(chance))
    try:
        yield
    finally:
        for module, pool in pools:
            setattr(module, _NAME, pool)
