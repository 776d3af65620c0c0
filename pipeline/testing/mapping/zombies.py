"""Functions that outlive their invocation: the mapping takes them for failed and goes on, and so do they.

What is left of such a function happens call by call, between the calls of its successors. Each has a thread of its own,
but only one thread runs at a time and hands over at its calls, in a drawn order: the same seed gives the same run.
"""

from __future__ import annotations

import threading
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from pipeline.testing.mapping.clock import FunctionDied, TimedOut

if TYPE_CHECKING:
    import random
    from collections.abc import Callable

    from pipeline.testing.mapping.clock import Clock
    from pipeline.testing.mapping.troubles import Call

_MOST_CALLS_BEFORE: Final = 6
_CHANCE_OF_A_CALL: Final = 0.5


class _Zombie:
    """A function that stands before a call, until it may go on."""

    def __init__(self, function: Callable[[], object], clock: Clock) -> None:
        self.clock, self.deadline_at = clock, clock.deadline_at
        self.is_over, self.is_dead = False, False
        self._go, self._back = threading.Semaphore(0), threading.Semaphore(0)
        self.thread = threading.Thread(target=self._run, args=(function,), daemon=True)
        self.thread.start()

    def _run(self, function: Callable[[], object]) -> None:
        self._go.acquire()
        with suppress(Exception, FunctionDied):  # nobody hears what becomes of it
            function()
        self.is_over = True
        self._back.release()

    def step(self) -> None:
        """Let it go on to its next call, or to its end; what time it takes passes for all."""
        deadline_at, self.clock.deadline_at = self.clock.deadline_at, self.deadline_at
        self._go.release()
        self._back.acquire()
        self.clock.deadline_at = deadline_at

    def pause(self) -> None:
        """Stand before a call. Raises TimedOut when it may not go on any more."""
        self._back.release()
        self._go.acquire()
        if self.is_dead or (self.deadline_at is not None and self.clock.now() >= self.deadline_at):
            raise TimedOut


@dataclass
class Zombies:
    """All that were left behind; to stand `around` the calls of the functions.

    Args:
        chance: draws where each is left behind, and when it goes on.
    """

    clock: Clock
    chance: random.Random
    _left: list[_Zombie] = field(default_factory=list)

    def __call__(self, call: Call) -> Any:  # noqa: ANN401 - what the call answers
        """A call of a function, or of what was left of one."""
        me = next((each for each in self._left if each.thread is threading.current_thread()), None)
        if me is not None:
            me.pause()
        else:
            self._go_on()
        return call.do()

    def leave_behind(self, function: Callable[[], object]) -> None:
        """Let a function begin, and leave it before one of its calls."""
        zombie = _Zombie(function, self.clock)
        self._left.append(zombie)
        for _ in range(1 + self.chance.randrange(_MOST_CALLS_BEFORE)):
            if not zombie.is_over:
                zombie.step()

    def finish(self) -> None:
        """Let all come to their end."""
        for zombie in self._left:
            while not zombie.is_over:
                zombie.step()

    def bury(self) -> None:
        """Let none of them do anything more."""
        for zombie in self._left:
            zombie.is_dead = True
        self.finish()

    def _go_on(self) -> None:
        for zombie in self._left:
            if not zombie.is_over and self.chance.random() < _CHANCE_OF_A_CALL:
                zombie.step()
