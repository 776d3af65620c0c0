from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from pipeline.emulator.launch import Launch, last_words

if TYPE_CHECKING:
    from pathlib import Path


def test_round_trip(tmp_path: Path) -> None:
    """The supervisor reads what the command wrote."""
    launch = Launch(["/python", "-m", "localstack"], {"HOME": "/home"}, 4566, ["/venv"])
    launch.save(tmp_path / "launch.json")
    assert launch == Launch.load(tmp_path / "launch.json")


@pytest.mark.parametrize(
    ("log", "words"),
    [
        ("first\nlast\n\n  \n", "last"),
        ("ERROR: no space left\n[supervisor] LocalStack ended (exit 1)\n", "ERROR: no space left"),
        ("[supervisor] LocalStack ended (exit 1)\n", "it printed nothing"),
        ("", "it printed nothing"),
    ],
)
def test_last_words(tmp_path: Path, log: str, words: str) -> None:
    """The last line that LocalStack itself printed tells why it ended."""
    (tmp_path / "log").write_text(log)
    assert words == last_words(tmp_path / "log")


def test_last_words_without_log(tmp_path: Path) -> None:
    """Without a log it printed nothing."""
    assert "it printed nothing" == last_words(tmp_path / "log")
