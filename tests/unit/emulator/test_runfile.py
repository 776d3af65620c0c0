from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from pipeline.emulator import runfile
from pipeline.emulator.runfile import Run

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize("run", [Run(4566, 1700000000.5, 12, 11), Run(4566, 1700000000.5)])
def test_round_trip(tmp_path: Path, run: Run) -> None:
    """What is written is read."""
    runfile.write(tmp_path / "run.json", run)
    assert run == runfile.read(tmp_path / "run.json")
    assert ["run.json"] == [path.name for path in tmp_path.iterdir()]


@pytest.mark.parametrize(
    "content",
    [
        "",
        "{",
        "[]",
        "null",
        "{}",
        '{"port": 4566}',
        '{"port": "x", "started_at": 1, "pid": 1, "supervisor": 1}',
        '{"port": 4566, "started_at": 1, "pid": "12", "supervisor": 1}',
    ],
)
def test_rubbish(tmp_path: Path, content: str) -> None:
    """A run file that cannot be read counts as none."""
    (tmp_path / "run.json").write_text(content)
    assert runfile.read(tmp_path / "run.json") is None


def test_missing(tmp_path: Path) -> None:
    """No run file is none."""
    assert runfile.read(tmp_path / "run.json") is None


def test_docker_has_no_processes() -> None:
    """A run without a supervisor is one in Docker."""
    assert Run(4566, 0).docker
    assert not Run(4566, 0, 2, 1).docker
    assert "http://127.0.0.1:4566" == Run(4566, 0).endpoint_url


def test_lock(tmp_path: Path) -> None:
    """A lock is held by one, until that one lets it go."""
    path = tmp_path / "lock"
    assert not runfile.is_held(path)
    first = runfile.hold(path)
    assert first is not None
    assert runfile.is_held(path)
    assert runfile.hold(path) is None
    first.close()
    assert not runfile.is_held(path)
