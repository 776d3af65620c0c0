from __future__ import annotations

from typing import Any

import pytest

from pipeline.testing.mapping import EventSourceMapping
from pipeline.topology import FUNCTIONS, PROCESS


@pytest.mark.parametrize(
    "settings",
    [
        {"batch_size": 0},
        {"batch_size": 10_001},
        {"window_seconds": 301},
        {"parallelization_factor": 11},
        {"maximum_retry_attempts": -2},
        {"maximum_record_age_seconds": 59},
        {"timeout_seconds": 901},
    ],
)
def test_bounds(settings: dict[str, Any]) -> None:
    """What Lambda would refuse is refused."""
    with pytest.raises(ValueError, match=f"{next(iter(settings))} must be "):
        EventSourceMapping(**settings)


def test_of_a_function() -> None:
    """The mapping of a function is that of the template."""
    mapping = EventSourceMapping.of(PROCESS)
    assert (5000, 100, 43_200, True) == (
        mapping.batch_size,
        mapping.maximum_retry_attempts,
        mapping.maximum_record_age_seconds,
        mapping.bisects_on_error,
    )
    assert all(EventSourceMapping.of(function).destination == "s3" for function in FUNCTIONS)
