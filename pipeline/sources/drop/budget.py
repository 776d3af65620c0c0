"""How the time of an invocation is spent: on lines, then on the outcome of what waits, then on handing over the rest.

    0                                          the end - 60 s             - 30 s            the end
    ├─ lines are read and put ─────────────────┼─ what waits is put ─────┼─ it is handed over ─┤

That is what a usual function keeps in reserve. One with less than two minutes in all keeps as much less: a slow call
could then outlast it, and its event comes again, but it gets further each time.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from pipeline.ports import Remaining

# No line is begun later before the end: what waits has to get onto the stream, and the dead letters into their bucket.
RESERVE_SECONDS: Final = 60.0
# What waits is given up for this invocation so long before the end. The call that is on its way takes 26 s at worst
# (`aws.clients`), and nobody waits for it; to hand the rest over takes as long.
LAST_SECONDS: Final = 30.0
# However little time there is, what was put has so long to arrive.
LEAST_SECONDS: Final = 5.0
# The least time in all that leaves as much for lines as is kept in reserve.
USUAL_SECONDS: Final = 2 * RESERVE_SECONDS


class Budget:
    """The time of one invocation; `remaining` is asked for all of it first."""

    def __init__(self, remaining: Remaining) -> None:
        self._remaining = remaining
        self._share = min(1.0, remaining() / USUAL_SECONDS)

    def for_lines(self) -> float:
        """The seconds until no line is begun any more; a Remaining."""
        return self._remaining() - self._share * RESERVE_SECONDS

    def for_outcomes(self) -> float:
        """The seconds until what waits is given up."""
        return max(self._share * LEAST_SECONDS, self._remaining() - self._share * LAST_SECONDS)
