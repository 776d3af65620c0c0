"""Programs that stand for uv, java, node, npm and docker: small scripts in a folder that is all of PATH."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

type Programs = Callable[[str, str], Path]


@pytest.fixture
def programs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Programs:
    """Makes a program out of a name (or a path) and a script; PATH holds nothing else."""
    folder = tmp_path / "programs"
    folder.mkdir()
    monkeypatch.setenv("PATH", str(folder))

    def make(name: str, script: str) -> Path:
        program = folder / name
        program.parent.mkdir(parents=True, exist_ok=True)
        program.write_text(f"#!/bin/sh\n{script}\n")
        program.chmod(0o755)
        return program

    return make


@pytest.fixture
def told() -> list[str]:
    """What was reported: pass its `append`."""
    return []
