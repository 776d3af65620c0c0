"""A clock that only moves when it is told to."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass
class Countdown:
    """Remaining: the seconds left; sleeping spends them, and is written down."""

    left: float = 60.0
    slept: list[float] = field(default_factory=list)

    def __call__(self) -> float:
        """Seconds left."""
        return self.left

    def spend(self, seconds: float) -> None:
        """Let time pass."""
        self.left -= seconds

    def sleep(self, seconds: float) -> None:
        """Let time pass, as a back-off does."""
        self.slept.append(seconds)
        self.spend(seconds)
