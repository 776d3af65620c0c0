"""Waiting between tries: full jitter, so that many callers do not come back at the same moment.

(AWS Architecture Blog, "Exponential Backoff And Jitter".)
"""

from __future__ import annotations

import random
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from pipeline.errors import Retryable

if TYPE_CHECKING:
    from collections.abc import Callable

    from pipeline.ports import Remaining

# Far above any cap; two to the power of a thousand tries would be no float.
_MOST_DOUBLINGS: Final = 64


@dataclass(frozen=True, slots=True)
class Backoff:
    """Sleeps a random part of a span that doubles with each try, up to `cap_seconds`."""

    base_seconds: float = 0.05
    cap_seconds: float = 2.0
    draw: Callable[[], float] = random.random
    sleep: Callable[[float], None] = time.sleep

    def wait(self, tries: int, remaining: Remaining) -> bool:
        """Wait after the given number of tries (from 1); False, without waiting, when the time left is too short."""
        seconds = self.draw() * min(self.cap_seconds, self.base_seconds * 2.0 ** min(tries, _MOST_DOUBLINGS))
        if remaining() <= seconds:
            return False
        self.sleep(seconds)
        return True

    def retry[T](self, call: Callable[[], T], remaining: Remaining) -> T:
        """Call until it succeeds. Raises the last Retryable when the time left is too short for another try."""
        tries = 0
        while True:
            try:
                return call()
            except Retryable:
                tries += 1
                if not self.wait(tries, remaining):
                    raise
