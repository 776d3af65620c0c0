"""Memory is bounded: an object of any size is never there as a whole, packed or not."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from pipeline.project import project_root

CHILD = Path(__file__).parent / "large_object.py"
# The producer's buffer of 32 MiB, a call's worth, two parts, and what Python makes of a line.
MOST_MB = 120
# A function of so much would do.
FUNCTION_MB = 512


@pytest.mark.parametrize(("packed", "least_lines"), [("plain", 1980), ("gzip", 2600)])
def test_a_large_object(packed: str, least_lines: int) -> None:
    """200 MB pass through a process that grows by far less."""
    child = subprocess.run(
        [sys.executable, str(CHILD), packed],
        cwd=project_root(),
        env={"PYTHONPATH": "."},
        capture_output=True,
        text=True,
        check=True,
    )
    lines, grown_mb, peak_mb = map(int, child.stdout.split())

    assert lines >= least_lines
    assert grown_mb < MOST_MB
    assert peak_mb < FUNCTION_MB
