"""The contract's tests are imported into one module for LocalStack, where one name would hide another."""

from __future__ import annotations

from collections import Counter
from pathlib import Path


def test_no_name_twice() -> None:
    """Each test of the contract has a name of its own."""
    files = sorted(Path(__file__).parent.glob("test_*.py"))
    lines = [line for file in files for line in file.read_text().splitlines() if line.startswith("def test_")]
    names = Counter(line.partition("(")[0] for line in lines)

    assert 50 < names.total()
    assert [] == [name for name, count in names.items() if count > 1]
