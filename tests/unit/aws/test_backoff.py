from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.aws.backoff import Backoff
from pipeline.errors import Retryable
from pipeline.testing.countdown import Countdown


@pytest.mark.parametrize(
    ("tries", "drawn", "seconds"),
    [(1, 1.0, 0.1), (1, 0.5, 0.05), (2, 1.0, 0.2), (5, 1.0, 1.6), (6, 1.0, 2.0), (6, 0.0, 0.0), (5000, 0.5, 1.0)],
)
def test_wait(tries: int, drawn: float, seconds: float) -> None:
    """The span doubles with each try up to its cap, and a random part of it is slept, however many tries there were."""
    clock = Countdown()
    assert Backoff(0.05, 2.0, lambda: drawn, clock.sleep).wait(tries, clock)
    assert [pytest.approx(seconds)] == clock.slept


@pytest.mark.parametrize(("left", "waits"), [(0.11, True), (0.1, False), (0.0, False), (-5.0, False)])
def test_no_time(left: float, *, waits: bool) -> None:
    """Nothing is slept when the time left would be over before the wait is."""
    clock = Countdown(left)
    assert waits == Backoff(draw=lambda: 1.0, sleep=clock.sleep).wait(1, clock)
    assert waits == bool(clock.slept)


@given(st.integers(1, 2000), st.floats(0, 1, exclude_max=True), st.floats(0.001, 1), st.floats(0.001, 60))
def test_bounds(tries: int, drawn: float, base: float, cap: float) -> None:
    """A wait is never negative and never above the cap."""
    clock = Countdown(100)
    assert Backoff(base, cap, lambda: drawn, clock.sleep).wait(tries, clock)
    assert 0 <= clock.slept[0] <= cap


def test_retry() -> None:
    """A call is tried until it succeeds, and each wait is longer than the one before."""
    clock, errors = Countdown(), [Retryable("SlowDown")] * 3

    def call() -> str:
        if errors:
            raise errors.pop()
        return "done"

    assert "done" == Backoff(0.05, 2.0, lambda: 1.0, clock.sleep).retry(call, clock)
    assert [pytest.approx(seconds) for seconds in (0.1, 0.2, 0.4)] == clock.slept


def test_retry_in_vain() -> None:
    """When there is no time for another try, the last failure is raised."""
    clock, errors = Countdown(0.35), [Retryable(f"try {number}") for number in (1, 2, 3)]

    def call() -> None:
        raise errors.pop(0)

    with pytest.raises(Retryable, match="try 3"):
        Backoff(0.05, 2.0, lambda: 1.0, clock.sleep).retry(call, clock)
