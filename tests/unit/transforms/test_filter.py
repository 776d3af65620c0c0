from __future__ import annotations

import pytest

from pipeline.model import Event, Json
from pipeline.transforms.filter import drop_below


@pytest.mark.parametrize(
    ("data", "kept"),
    [
        ({"severity_number": 4}, False),
        ({"severity_number": 5}, True),
        ({"severity_number": 24}, True),
        ({"severity_number": None}, True),
        ({"body": "x"}, True),
    ],
)
def test_drop_below(data: dict[str, Json], *, kept: bool) -> None:
    """Lower severities are dropped; the threshold and whatever has no number stay."""
    event = Event("1", "//a", "log.v1", "t", data)
    assert ((event,) if kept else ()) == drop_below(5)(event)
