"""An account in memory, and a clock that only moves when somebody waits."""

from __future__ import annotations

from dataclasses import dataclass, field

import pytest

from pipeline.aws.cloudformation.progress import Pace, Step
from pipeline.testing.buckets import FakeAccount


@dataclass
class Time:
    """A clock: waiting moves it on, and is noted."""

    now: float = 0.0
    waits: list[float] = field(default_factory=list)

    def sleep(self, seconds: float) -> None:
        """Wait."""
        self.waits.append(seconds)
        self.now += seconds


@pytest.fixture
def time() -> Time:
    """A clock at zero."""
    return Time()


@pytest.fixture
def pace(time: Time) -> Pace:
    """Ask every second, for a minute; a failure must stand for three."""
    return Pace(1.0, 3.0, 60.0, sleep=time.sleep, clock=lambda: time.now)


@pytest.fixture
def account() -> FakeAccount:
    """An empty account."""
    return FakeAccount()


@pytest.fixture
def told() -> list[Step]:
    """The steps that were reported."""
    return []
