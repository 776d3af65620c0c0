"""Output that nobody reads to its end."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from pipeline.cli.pipes import CUT_OFF

if TYPE_CHECKING:
    from collections.abc import Callable

PIPELINE = str(Path(sys.executable).with_name("pipeline"))


@pytest.fixture
def into_nobody() -> Callable[..., subprocess.CompletedProcess[str]]:
    """Runs the command with an output whose reader has gone."""

    def run(*arguments: str) -> subprocess.CompletedProcess[str]:
        reading, writing = os.pipe()
        os.close(reading)
        try:
            return subprocess.run(
                [PIPELINE, *arguments], stdout=writing, stderr=subprocess.PIPE, text=True, check=False
            )
        finally:
            os.close(writing)

    return run


@pytest.mark.parametrize(
    "arguments",
    [["--help"], ["put", "--help"], ["local", "status", "--json"], ["transform", "--json", "FILE"]],
    ids=["help", "help of a command", "one line", "many lines"],
)
def test_the_reader_has_gone(
    into_nobody: Callable[..., subprocess.CompletedProcess[str]], arguments: list[str], tmp_path: Path
) -> None:
    """The command ends without a word, and says by its exit code what a shell says of others: it was cut off."""
    lines = tmp_path / "app.log"
    lines.write_text("2026-11-23 10:00:00 INFO x\n" * 2000)
    done = into_nobody(*[str(lines) if each == "FILE" else each for each in arguments])

    assert (CUT_OFF, "") == (done.returncode, done.stderr)


def test_an_error_is_told_all_the_same(into_nobody: Callable[..., subprocess.CompletedProcess[str]]) -> None:
    """What has nothing to write meets no closed pipe."""
    done = into_nobody("schema", "infer", "no-such-file")

    assert done.returncode in (1, 2)
    assert "no-such-file" in done.stderr
