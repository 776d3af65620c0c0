"""Every test is run: none lies where pytest does not look."""

from __future__ import annotations

import re
from fnmatch import fnmatch
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pytest

TESTS = Path(__file__).parent.parent
FILES = [
    path for path in TESTS.rglob("*.py") if re.search(r"^(?:async )?def test_", path.read_text("utf-8"), re.MULTILINE)
]


def test_no_folder_is_passed_over(pytestconfig: pytest.Config) -> None:
    """Pytest enters each folder that has tests."""
    folders = {part for path in FILES for part in path.relative_to(TESTS).parent.parts}

    assert {"unit", "contract", "build"} <= folders
    assert [] == [
        name for name in folders for pattern in pytestconfig.getini("norecursedirs") if fnmatch(name, pattern)
    ]


def test_no_file_is_passed_over(pytestconfig: pytest.Config) -> None:
    """Pytest reads each file that has tests."""
    patterns = pytestconfig.getini("python_files")

    assert [] == [path for path in FILES if not any(fnmatch(path.name, pattern) for pattern in patterns)]
