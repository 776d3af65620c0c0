"""Zips: the same files make the same bytes."""

from __future__ import annotations

import os
import zipfile
from typing import TYPE_CHECKING

from pipeline.build import archive

if TYPE_CHECKING:
    from pathlib import Path


def make(folder: Path, names: list[str]) -> Path:
    """A folder with these files, in this order."""
    for name in names:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"the content of {name}")
    return folder


def test_the_same_bytes(tmp_path: Path) -> None:
    """Neither the folder, nor the order, the times or the modes of its files show in the zip."""
    names = ["b.py", "a/c.py", "a.py"]
    first, second = make(tmp_path / "1", names), make(tmp_path / "2", names[::-1])
    os.utime(second / "a.py", (0, 0))
    (second / "b.py").chmod(0o600)

    archive.write(tmp_path / "1.zip", archive.tree(first))
    archive.write(tmp_path / "2.zip", dict(reversed(list(archive.tree(second).items()))))

    assert (tmp_path / "1.zip").read_bytes() == (tmp_path / "2.zip").read_bytes()


def test_what_is_in_it(tmp_path: Path) -> None:
    """Files lie in the zip under their names, sorted, readable to everybody."""
    archive.write(tmp_path / "x.zip", archive.tree(make(tmp_path / "x", ["b.py", "a/c.py"])))

    with zipfile.ZipFile(tmp_path / "x.zip") as package:
        assert ["a/c.py", "b.py"] == package.namelist()
        assert b"the content of a/c.py" == package.read("a/c.py")
        assert {0o100644} == {entry.external_attr >> 16 for entry in package.infolist()}
