"""Seeded bugs, each a patch whose file is named after the bug.

Before the diff, in lines that begin with `#`: what an on-call engineer would see; and after `begin:` the tests that are
tried first, as pytest takes them. All others follow where these notice nothing.

To make one: change the code, `git diff -U1 FILE > tests/mutants/what_is_wrong.patch`, write the lines above it, and
take the change back. `python -m tests.mutants "what is wrong"` tries it.
"""

from __future__ import annotations

import os
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Sequence

FOLDER: Final = Path(__file__).parent
_BEGIN: Final = "begin:"


class Stale(Exception):
    """A patch that does not fit the code any more."""


@dataclass(frozen=True)
class Patch:
    """One seeded bug.

    Args:
        path: the unified diff; the file's name says the bug.
        symptom: what an on-call engineer would see.
        begin: the tests that are tried first, as pytest takes them.
        file: what it changes, from the root of the project.
    """

    path: Path
    symptom: str
    begin: Sequence[str]
    file: str

    @property
    def name(self) -> str:
        """The bug in a few words."""
        return self.path.stem.replace("_", " ")

    def apply(self, root: Path) -> None:
        """Seed the bug in a copy of the project. Raises Stale."""
        # Not in a repository: git would look for the files there, and pass over what is not in it.
        done = subprocess.run(
            ["git", "apply", str(self.path)],
            cwd=root,
            env={**os.environ, "GIT_CEILING_DIRECTORIES": str(root.parent)},
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            raise Stale(f"{self.path.name} does not fit {self.file} any more: {done.stderr.strip()}")


def patches() -> list[Patch]:
    """Every seeded bug, by name."""
    return [_read(path) for path in sorted(FOLDER.glob("*.patch"))]


def _read(path: Path) -> Patch:
    lines = path.read_text().splitlines()
    comments = [line.removeprefix("# ") for line in lines if line.startswith("# ")]
    symptom = " ".join(line for line in comments if not line.startswith(_BEGIN))
    begin = [test for line in comments if line.startswith(_BEGIN) for test in line.removeprefix(_BEGIN).split()]
    (file,) = (line.removeprefix("+++ b/") for line in lines if line.startswith("+++ b/"))
    return Patch(path, symptom, begin, file)
