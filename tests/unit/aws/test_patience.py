from __future__ import annotations

import pytest

from pipeline.aws.patience import PROMPT, RECORDS, USUAL, Patience


@pytest.mark.parametrize(
    ("patience", "expected"),
    [
        (Patience(1, 2, 1), 3),
        (Patience(1, 2, 2), 7),
        (Patience(1, 2, 3), 12),
        (Patience(1, 2, 3, wait_seconds=0), 9),
        (PROMPT, 9),
        (RECORDS, 27),
        (USUAL, 72),
    ],
)
def test_the_longest_call(patience: Patience, expected: float) -> None:
    """Every try may be silent, and every wait between them as long as it can be."""
    assert expected == patience.call_seconds
