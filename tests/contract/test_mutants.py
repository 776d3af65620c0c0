"""The seeded bugs of `make mutants` fit the code as it is, so that none is lost on the way."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

import pytest

from pipeline.project import project_root
from tests.mutants.patches import Patch, Stale, patches

if TYPE_CHECKING:
    from pathlib import Path

PATCHES = patches()


@pytest.mark.parametrize("patch", PATCHES, ids=lambda patch: patch.path.stem)
def test_every_bug_can_be_seeded(patch: Patch, tmp_path: Path) -> None:
    """A patch changes one file of the pipeline, which can still be compiled; its symptom and its tests are named.

    Where it does not fit any more: seed the bug in the code as it is now, and write the patch anew (see `patches.py`).
    """
    copy = tmp_path / patch.file
    copy.parent.mkdir(parents=True)
    shutil.copy(project_root() / patch.file, copy)
    before = copy.read_text()
    patch.apply(tmp_path)

    assert before != copy.read_text()
    compile(copy.read_text(), patch.file, "exec")
    assert patch.file.startswith("pipeline/")
    assert patch.symptom.endswith(".")
    assert [] == [test for test in patch.begin if not (project_root() / test.partition("::")[0]).exists()]


def test_there_are_enough() -> None:
    """Each way to break the promise that we know of has its bug."""
    assert 30 <= len(PATCHES)


def test_a_patch_that_does_not_fit(tmp_path: Path) -> None:
    """It says which one, and of which file."""
    patch = PATCHES[0]
    other = tmp_path / patch.file
    other.parent.mkdir(parents=True)
    other.write_text("something else\n")

    with pytest.raises(Stale, match=f"{patch.path.name} does not fit {patch.file} any more"):
        patch.apply(tmp_path)
