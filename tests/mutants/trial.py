"""One bug in a copy of the project, and the tests that should notice it."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tests.mutants.patches import Patch

# What decides about a record is watched by these; the others are about commands, packages and files of lines.
REST: Final = (
    "tests/unit",
    "--ignore=tests/unit/build",
    "--ignore=tests/unit/cli",
    "--ignore=tests/unit/core/formats",
    "--ignore=tests/unit/emulator",
    "tests/contract/services",
    "tests/simulation",
)
_LEFT_OUT: Final = shutil.ignore_patterns(
    ".git", ".venv", ".pipeline", ".coverage*", ".hypothesis", ".*_cache", ".ci", "dist", "htmlcov", "docs", "*.patch"
)
# A test that hangs has noticed.
_TEST_SECONDS: Final = 60
_FAILED: Final = re.compile(r"^FAILED (\S+?\.py::[^\s\[]+)", re.MULTILINE)
_PASSED, _NOTICED = 0, 1  # pytest's exit codes; any other says that the tests did not run


class Broken(Exception):
    """The tests did not run, so they say nothing."""


@dataclass(frozen=True)
class Verdict:
    """What became of a bug: the test that noticed it, or None."""

    name: str
    caught_by: str | None
    seconds: float


def try_bug(root: Path, patch: Patch) -> Verdict:
    """Seed one bug and test until a test notices. Raises Stale, Broken."""
    return _try(root, patch.name, patch, [tests for tests in (patch.begin, REST) if tests])


def try_none(root: Path, begin: Sequence[str]) -> Verdict:
    """The same without a bug: a test that fails here cannot notice one. Raises Broken."""
    return _try(root, "no bug", None, [sorted({*begin}), REST])


def _try(root: Path, name: str, patch: Patch | None, rounds: Sequence[Sequence[str]]) -> Verdict:
    began_at = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="mutant-") as folder:
        copy = Path(folder) / "project"
        shutil.copytree(root, copy, ignore=_LEFT_OUT)
        if patch is not None:
            patch.apply(copy)
        caught_by = next(filter(None, (_first_failure(copy, tests) for tests in rounds)), None)
    return Verdict(name, caught_by, time.monotonic() - began_at)


def _first_failure(copy: Path, tests: Sequence[str]) -> str | None:
    """The first test that fails in the copy, or None. Raises Broken."""
    # `-m pytest` puts the copy before the installed project.
    options = ["-x", "-q", "--no-header", "--tb=no", "-p", "no:cacheprovider", f"--timeout={_TEST_SECONDS}"]
    done = subprocess.run(
        [sys.executable, "-m", "pytest", *options, *tests], cwd=copy, capture_output=True, text=True, check=False
    )
    failed = _FAILED.search(done.stdout)
    if done.returncode == _NOTICED and failed is not None:
        return failed[1]
    if done.returncode != _PASSED:
        raise Broken(f"pytest ended with {done.returncode}:\n{done.stdout[-2000:]}{done.stderr[-2000:]}")
    return None
