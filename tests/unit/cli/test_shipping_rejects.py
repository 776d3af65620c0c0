"""The file of rejected lines."""

from __future__ import annotations

from pathlib import Path

import pytest

from pipeline.cli.shipping.rejects import Rejects
from pipeline.errors import InputError


def test_lines_are_added_as_they_are(tmp_path: Path) -> None:
    """To what is there; they need not be text."""
    path = tmp_path / "rejects"
    path.write_bytes(b"before\n")
    with Rejects(path) as rejects:
        rejects.write(b"caf\xe9")
        rejects.sync()
        assert b"before\ncaf\xe9\n" == path.read_bytes()
        rejects.write(b"")

    assert b"before\ncaf\xe9\n\n" == path.read_bytes()


def test_without_a_rejected_line_there_is_no_file(tmp_path: Path) -> None:
    """Nothing to look at is nothing to mend."""
    with Rejects(tmp_path / "rejects") as rejects:
        rejects.sync()

    assert [] == list(tmp_path.iterdir())


@pytest.mark.parametrize("name", [".", "missing/rejects"])
def test_a_place_that_cannot_be_written_is_told_at_once(name: str, tmp_path: Path) -> None:
    """Before anything is shipped."""
    with pytest.raises(InputError, match="rejected lines cannot be written there"):
        Rejects(tmp_path / name).__enter__()


def test_a_line_that_could_not_be_kept_is_told_in_the_end(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The producer's thread goes on; whoever ships finds out."""

    def full(_descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    rejects = Rejects(tmp_path / "rejects")
    rejects.write(b"x")
    monkeypatch.setattr("os.fsync", full)
    for _ in range(2):
        with pytest.raises(InputError, match="No space left on device; rejected lines were not kept"):
            rejects.sync()
    with pytest.raises(InputError, match="rejected lines were not kept"):
        rejects.__exit__(None, None, None)


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="Linux has it")
def test_a_full_disk_is_told_once_and_clearly() -> None:
    """What is still buffered fails again when the file is closed, and that says nothing new."""
    rejects = Rejects(Path("/dev/full"))
    rejects.write(b"x")

    with pytest.raises(InputError, match=r"^/dev/full: No space left on device; rejected lines were not kept$"):
        rejects.__exit__(None, None, None)


def test_a_file_that_cannot_be_opened_is_told_in_the_end(tmp_path: Path) -> None:
    """Its folder went away after the first look."""
    rejects = Rejects(tmp_path / "gone" / "rejects")
    rejects.write(b"x")
    with pytest.raises(InputError, match="there is no such file; rejected lines were not kept"):
        rejects.sync()
