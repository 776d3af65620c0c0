"""Memory is bounded: an object of any size is never there as a whole."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from pipeline.project import project_root

CHILD = Path(__file__).parent / "large_object.py"
# The producer's buffer of 32 MiB, a call's worth, two parts, and what Python makes of a line.
MOST_MB = 120


def test_a_large_object() -> None:
    """200 MB pass through a process that grows by far less."""
    child = subprocess.run(
        [sys.executable, str(CHILD)],
        cwd=project_root(),
        env={"PYTHONPATH": "."},
        capture_output=True,
        text=True,
        check=True,
    )
    lines, grown_mb = map(int, child.stdout.split())

    assert 2000 == lines
    assert grown_mb < MOST_MB
