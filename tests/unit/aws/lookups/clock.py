"""A clock, and a back-off that waits by it."""

from __future__ import annotations

from dataclasses import dataclass

from pipeline.aws.backoff import Backoff


@dataclass
class Clock:
    """Seconds that pass when they are told to, and what is left of sixty."""

    at: float = 0.0

    def __call__(self) -> float:
        return self.at

    def sleep(self, seconds: float) -> None:
        self.at += seconds

    def remaining(self) -> float:
        return 60.0 - self.at

    def backoff(self) -> Backoff:
        return Backoff(draw=lambda: 1.0, sleep=self.sleep)
