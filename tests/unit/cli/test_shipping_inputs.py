"""What the names on the command line stand for."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from pipeline.cli.shipping.inputs import Found, Inputs

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path


def find(*names: object, own: Sequence[Path] = ()) -> tuple[list[str], list[str], list[str]]:
    """The inputs, the errors and the notes."""
    errors: list[str] = []
    notes: list[str] = []
    found = [each.name for each in Inputs([str(name) for name in names], errors.append, notes.append, own).find()]
    return found, errors, notes


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Files in folders, some of them hidden, and links in a circle."""
    for name in ("b.log", "a.log", "deep/c.log", "deep/er/d.txt", ".hidden", "deep/.git/x"):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(name)
    (tmp_path / "deep" / "up").symlink_to(tmp_path)
    return tmp_path


def test_a_folder_is_all_files_below_it_in_order(folder: Path) -> None:
    """Each once, although links lead in a circle; hidden ones are passed over with a note."""
    found, errors, notes = find(folder)

    assert [f"{folder}/{name}" for name in ("a.log", "b.log", "deep/c.log", "deep/er/d.txt")] == found
    assert [] == errors
    assert {f"{folder}/.hidden: hidden, passed over", f"{folder}/deep/.git: hidden, passed over"} == set(notes)


@pytest.mark.parametrize(
    ("pattern", "expected"),
    [
        ("*.log", ["a.log", "b.log"]),
        ("[b]*", ["b.log"]),
        ("**/*.log", ["a.log", "b.log", "deep/c.log"]),
        ("d*", ["deep/c.log", "deep/er/d.txt", "deep/up/a.log", "deep/up/b.log"]),
    ],
)
def test_a_pattern_is_what_matches(pattern: str, expected: list[str], folder: Path) -> None:
    """Files, and what is below the folders."""
    found, errors, _ = find(folder / pattern)

    assert ([f"{folder}/{name}" for name in expected], []) == (found, errors)


def test_a_file_whose_name_is_a_pattern_is_that_file(tmp_path: Path) -> None:
    """What is there is meant."""
    (tmp_path / "a[1].log").touch()

    assert ([f"{tmp_path}/a[1].log"], [], []) == find(tmp_path / "a[1].log")


def test_a_file_is_read_once_however_often_it_is_found(folder: Path) -> None:
    """By name, by pattern, by folder, by a link."""
    (folder / "z.log").symlink_to(folder / "a.log")
    found, _, _ = find(folder / "a.log", folder / "*.log", folder)

    assert [f"{folder}/{name}" for name in ("a.log", "b.log", "deep/c.log", "deep/er/d.txt")] == found


def test_what_is_written_is_no_input(folder: Path) -> None:
    """The file of rejects may lie among the inputs."""
    assert [f"{folder}/b.log"] == find(folder / "*.log", own=[folder / "a.log"])[0]


def test_a_pattern_or_a_folder_without_a_file_is_an_error(tmp_path: Path) -> None:
    """One line for each."""
    assert (
        [],
        [f"{tmp_path}/*.log: no file matches", f"{tmp_path}: no file to ship in this folder"],
        [],
    ) == find(tmp_path / "*.log", tmp_path)


def test_what_is_found_and_no_file_is_passed_over(tmp_path: Path) -> None:
    """A named pipe and a link to nowhere; named itself, each is an input."""
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "link").symlink_to("nowhere")
    (tmp_path / "x.log").touch()

    assert (
        [f"{tmp_path}/x.log"],
        [],
        [f"{tmp_path}/link: there is no such file, passed over", f"{tmp_path}/pipe: not a file, passed over"],
    ) == find(tmp_path)
    named = Inputs([f"{tmp_path}/pipe", f"{tmp_path}/link", "-"], pytest.fail, pytest.fail).find()
    assert [
        Found(f"{tmp_path}/pipe", is_named=True),
        Found(f"{tmp_path}/link", is_named=True),
        Found("-", is_named=True),
    ] == list(named)


def test_a_folder_that_may_not_be_read_is_an_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The others are shipped."""
    (tmp_path / "secret").mkdir()
    (tmp_path / "x.log").touch()
    iterdir = type(tmp_path).iterdir

    def refusing(path: Path) -> object:
        if path.name == "secret":
            raise PermissionError(13, "Permission denied")
        return iterdir(path)

    monkeypatch.setattr(type(tmp_path), "iterdir", refusing)

    assert ([f"{tmp_path}/x.log"], [f"{tmp_path}/secret: no permission to read it"], []) == find(tmp_path)
