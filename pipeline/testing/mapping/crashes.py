"""Crash points: every place at which a function can be killed, which is before and after each of its calls to AWS.

A `Fuse` stands around a function's clients. First it counts the calls of an invocation that goes well; then the
invocation is run once for each of the `crash_points`, and what is left is delivered again. Whoever is killed makes no
further call: one that is tried all the same is counted, and not carried out.

    cloud = Cloud(around=Fuse(CrashPoint(3, is_done=True)))
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

from pipeline.testing.mapping.clock import Killed

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pipeline.testing.mapping.troubles import Call


class CrashPoint(NamedTuple):
    """A place: before or after a call is carried out; calls are counted from 0."""

    call: int
    is_done: bool


def crash_points(calls: int) -> Iterator[CrashPoint]:
    """Every place in an invocation that makes so many calls."""
    for call in range(calls):
        yield CrashPoint(call, is_done=False)
        yield CrashPoint(call, is_done=True)


@dataclass
class Fuse:
    """Kills the function at a place, or lets it live.

    Args:
        point: the place; None for none.
        calls: how many calls there were.
        late: how many there were after the function's death.
    """

    point: CrashPoint | None = None
    calls: int = 0
    late: int = 0
    _is_dead: bool = False

    def arm(self, point: CrashPoint | None) -> None:
        """A new invocation, which is killed there."""
        self.point, self.calls, self._is_dead = point, 0, False

    def __call__(self, call: Call) -> Any:  # noqa: ANN401 - what the call answers
        """One call. Raises Killed."""
        if self._is_dead:
            self.late += 1
            raise Killed
        number, self.calls = self.calls, self.calls + 1
        if self.point is None or self.point.call != number:
            return call.do()
        self._is_dead = True
        if self.point.is_done:
            with suppress(Exception):  # what the call raises nobody lives to see
                call.do()
        raise Killed
