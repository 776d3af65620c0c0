"""A clock that moves only when it is told to, and the ways in which a function ends without an answer."""

from __future__ import annotations

from dataclasses import dataclass

from pipeline.testing.lambda_events import ARRIVED_AT


class FunctionDied(BaseException):
    """The function's process is gone. No `except Exception` of the function sees it, as none would in Lambda."""


class Killed(FunctionDied):
    """Ended from outside at some point: out of memory, or a sandbox that was lost."""


class TimedOut(FunctionDied):
    """The function's timeout was over."""


@dataclass
class Clock:
    """Virtual time in epoch seconds; while a function runs, it ends at `deadline_at`.

    `skew_seconds` is how far the wall clock, which a function may look at, is off.
    """

    at: float = ARRIVED_AT
    deadline_at: float | None = None
    skew_seconds: float = 0.0

    def now(self) -> float:
        """Epoch seconds."""
        return self.at

    def wall(self) -> float:
        """Epoch seconds as the wall clock shows them."""
        return self.at + self.skew_seconds

    def spend(self, seconds: float) -> None:
        """Let time pass. Raises TimedOut where that is the end of the function that is running."""
        later = self.at + seconds
        if self.deadline_at is not None and later >= self.deadline_at:
            self.at = max(self.at, self.deadline_at)
            raise TimedOut
        self.at = later

    def wait_until(self, at: float) -> None:
        """Let time pass up to then, or none when it is past already."""
        self.at = max(self.at, at)
