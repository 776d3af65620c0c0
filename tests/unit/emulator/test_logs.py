from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING

import pytest

from pipeline.emulator import logs
from pipeline.errors import EmulatorError

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def log(tmp_path: Path) -> Path:
    """A log of three lines, the last one unfinished."""
    path = tmp_path / "log"
    path.write_bytes(b"one\ntwo \xff\nthree")
    return path


@pytest.mark.parametrize(
    ("last", "expected"),
    [
        (None, ["one\n", "two �\n", "three"]),
        (2, ["two �\n", "three"]),
        (0, []),
        (9, ["one\n", "two �\n", "three"]),
    ],
)
def test_lines(log: Path, last: int | None, expected: list[str]) -> None:
    """All lines or the last ones, whatever bytes are in them."""
    assert expected == list(logs.lines(log, last))


def test_follow_goes_on(log: Path) -> None:
    """Following goes on with new lines, and reads a log that is begun anew from its beginning."""
    lines = logs.lines(log, follow=True)
    assert ["one\n", "two �\n", "three"] == list(islice(lines, 3))
    with log.open("a") as file:
        file.write("\nfour\n")
    assert ["\n", "four\n"] == list(islice(lines, 2))
    log.write_text("anew\n")
    assert "anew\n" == next(lines)


def test_no_log(tmp_path: Path) -> None:
    """Without a log the error says what makes one."""
    with pytest.raises(EmulatorError, match="pipeline local up"):
        list(logs.lines(tmp_path / "log"))
