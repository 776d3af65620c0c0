"""Bytecode: valid without a look at its source, the same wherever it is made, and named as on Lambda."""

from __future__ import annotations

import marshal
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from pipeline.build.bytecode import compile_folder
from pipeline.errors import DeployFailed

if TYPE_CHECKING:
    from pathlib import Path

SOURCE = "NAMES = {'a', 'b', 'c'}\ndef f():\n    return {'x', 'y', 'z'}, 'text', 1.5\n"


def make(folder: Path) -> Path:
    """A folder with a package of one module; where its bytecode will be."""
    (folder / "some").mkdir(parents=True)
    (folder / "some" / "module.py").write_text(SOURCE)
    return folder / "some" / "__pycache__" / f"module.{sys.implementation.cache_tag}.pyc"


def test_the_same_bytes(tmp_path: Path) -> None:
    """Two folders give the same bytecode."""
    first, second = make(tmp_path / "1"), make(tmp_path / "another folder")

    compile_folder(tmp_path / "1")
    compile_folder(tmp_path / "another folder")

    assert first.read_bytes() == second.read_bytes()


def test_the_name_in_it(tmp_path: Path) -> None:
    """A traceback names the file as it lies on Lambda."""
    path = make(tmp_path)

    compile_folder(tmp_path)

    assert "/var/task/some/module.py" == marshal.loads(path.read_bytes()[16:]).co_filename  # noqa: S302 - our own


def test_it_is_used_unchecked(tmp_path: Path) -> None:
    """Python takes it without comparing it with the source: Lambda's unpacking loses the times."""
    path = make(tmp_path)
    compile_folder(tmp_path)
    (tmp_path / "some" / "module.py").write_text("raise SystemExit('the source was compiled')\n")

    done = subprocess.run(
        [sys.executable, "-c", "import some.module; print(some.module.f()[1])"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=True,
    )

    assert 0b01 == int.from_bytes(path.read_bytes()[4:8], "little")  # PEP 552: by hash, not checked
    assert "text" == done.stdout.strip()


def test_what_does_not_compile_is_named(tmp_path: Path) -> None:
    """A file that is not Python fails the build and is named in one line."""
    (tmp_path / "broken.py").write_text("def (:\n")

    with pytest.raises(DeployFailed, match=r"^the package does not compile: .*broken\.py") as raised:
        compile_folder(tmp_path)
    assert "\n" not in str(raised.value)
