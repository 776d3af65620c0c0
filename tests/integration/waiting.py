"""Looking until what is there is as wanted."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

DEADLINE_SECONDS = 60.0


def eventually[T](look: Callable[[], T], want: Callable[[T], bool] = bool, seconds: float = DEADLINE_SECONDS) -> T:
    """What is seen once it is as wanted, or at the deadline."""
    deadline = time.monotonic() + seconds
    while not want(seen := look()) and time.monotonic() < deadline:
        time.sleep(0.2)  # between two looks; the condition decides
    return seen
