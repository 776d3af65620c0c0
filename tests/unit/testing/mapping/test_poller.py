from __future__ import annotations

import pytest

from pipeline.testing.mapping import EventSourceMapping
from pipeline.testing.mapping.poller import LONGEST_WAIT_SECONDS, Lane


@pytest.mark.parametrize(("failures", "seconds"), [(1, 0.25), (2, 0.5), (8, 32.0), (9, 60.0), (2000, 60.0)])
def test_back_off(failures: int, seconds: float) -> None:
    """The wait doubles with each failure in a row, up to a minute, however many there are."""
    lane = Lane("shardId-000000000000", 0, EventSourceMapping())
    for _ in range(failures):
        lane.wait(now=1000.0)
    assert 1000.0 + seconds == lane.ready_at <= 1000.0 + LONGEST_WAIT_SECONDS
