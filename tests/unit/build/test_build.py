"""The package: from the same input the same bytes, wherever it is built; from other input another."""

from __future__ import annotations

import hashlib
import shutil
import sys
import zipfile
from typing import TYPE_CHECKING

import pytest

from pipeline.build import build, dependencies
from pipeline.build.target import ARM64, X86_64, Target
from pipeline.errors import InputError
from pipeline.project import project_root

if TYPE_CHECKING:
    from pathlib import Path

UV = """#!/bin/sh
while [ "$1" != --target ]; do shift; done
mkdir -p "$2"
echo 'x = {"a", "b"}' > "$2/thing.py"
"""


def quiet(_: str) -> None:
    """Tell nobody."""


def checkout(root: Path) -> Path:
    """A copy of what a package is built from, with an installer that needs no network."""
    real = project_root()
    for name in ("pipeline", "schemas"):
        shutil.copytree(real / name, root / name, ignore=shutil.ignore_patterns("__pycache__"))
    (root / "requirements").mkdir()
    shutil.copy(real / "LICENSE", root)
    shutil.copy(real / dependencies.LOCK, root / dependencies.LOCK)
    script = root / ".pipeline" / "uv" / "bin" / "uv"
    script.parent.mkdir(parents=True)
    script.write_text(UV)
    script.chmod(0o755)
    return root


def test_the_same_input_gives_the_same_bytes(tmp_path: Path) -> None:
    """Two checkouts in different folders build the same package, byte for byte."""
    first = build(checkout(tmp_path / "1"), Target(ARM64), quiet)
    second = build(checkout(tmp_path / "somewhere else"), Target(ARM64), quiet)

    assert first.path != second.path
    assert first.path.read_bytes() == second.path.read_bytes()
    assert first.sha256 == second.sha256 == hashlib.sha256(first.path.read_bytes()).hexdigest()
    assert first.size_bytes == len(first.path.read_bytes())


def test_what_is_in_it(tmp_path: Path) -> None:
    """Code, schemas and dependencies are there, and each source has its bytecode beside it."""
    package = build(checkout(tmp_path), Target(ARM64), quiet)

    with zipfile.ZipFile(package.path) as archive:
        names = set(archive.namelist())
    assert {"pipeline/functions/process.py", "schemas/log.v1.json", "LICENSE", "thing.py"} <= names
    sources = {name for name in names if name.endswith(".py")}
    compiled = {name for name in names if name.endswith(".cpython-313.pyc")}
    assert {f"{name[:-3]}" for name in sources} == {
        name.replace("__pycache__/", "").removesuffix(".cpython-313.pyc") for name in compiled
    }


def test_built_once(tmp_path: Path) -> None:
    """The same input is not built again."""
    root, told = checkout(tmp_path), list[str]()
    first = build(root, Target(ARM64), told.append)
    told.clear()

    again = build(root, Target(ARM64), told.append)

    assert (False, True) == (first.cached, again.cached)
    assert first.path == again.path
    assert [] == told


@pytest.mark.parametrize("name", ["pipeline/functions/process.py", "schemas/log.v1.json", "requirements/lambda.txt"])
def test_other_input_is_built_anew(tmp_path: Path, name: str) -> None:
    """Code, schemas and the lock are input."""
    root = checkout(tmp_path)
    first = build(root, Target(ARM64), quiet)
    with (root / name).open("a") as file:
        file.write("\n")

    assert first.path != build(root, Target(ARM64), quiet).path


def test_another_target_is_built_anew(tmp_path: Path) -> None:
    """The target is input."""
    root = checkout(tmp_path)

    assert build(root, Target(ARM64), quiet).path != build(root, Target(X86_64), quiet).path


def test_what_a_function_never_reads_is_no_input(tmp_path: Path) -> None:
    """A change of a command builds nothing anew."""
    root = checkout(tmp_path)
    first = build(root, Target(ARM64), quiet)
    with (root / "pipeline" / "cli" / "options.py").open("a") as file:
        file.write("\n")

    assert first.path == build(root, Target(ARM64), quiet).path


def test_old_packages_are_forgotten(tmp_path: Path) -> None:
    """A few packages are kept, the newest among them."""
    root = checkout(tmp_path)
    for number in range(10):
        (root / "LICENSE").write_text(str(number))
        last = build(root, Target(ARM64), quiet)

    assert 8 == len(list((root / ".pipeline" / "build" / "packages").iterdir()))
    assert last.path.is_file()


def test_another_python(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Bytecode of another Python would be of no use to Lambda: nothing is built."""
    monkeypatch.setattr(sys, "version_info", (3, 14, 0, "final", 0))

    with pytest.raises(InputError, match=r"compiled by Python 3\.13; run `make setup`"):
        build(tmp_path, Target(ARM64), quiet)
