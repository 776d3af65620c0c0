"""Dependencies: installed once for a lock and a target, without what nobody reads, or told in one line."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

import pytest

from pipeline.build import dependencies
from pipeline.build.target import ARM64, X86_64, Target
from pipeline.errors import DeployFailed, InputError

if TYPE_CHECKING:
    from pathlib import Path

# A stand-in for uv: it writes down what it is asked, and makes what a wheel would.
UV = """#!/bin/sh
echo "$@" >> "$(dirname "$0")/asked"
while [ "$1" != --target ]; do shift; done
mkdir -p "$2/thing" "$2/bin" "$2/thing-1.dist-info"
echo 'x = 1' > "$2/thing/__init__.py"
touch "$2/.lock" "$2/bin/script" "$2/thing/x.pyi" "$2/thing-1.dist-info/RECORD" "$2/thing-1.dist-info/LICENSE"
"""
BROKEN = "#!/bin/sh\necho 'error: no such\n  package' >&2\nexit 1\n"


def checkout(root: Path, uv: str = UV) -> Path:
    """A checkout with a lock and an installer."""
    (root / "requirements").mkdir(parents=True)
    (root / dependencies.LOCK).write_text("thing==1\n")
    script = root / ".pipeline" / "uv" / "bin" / "uv"
    script.parent.mkdir(parents=True)
    script.write_text(uv)
    script.chmod(0o755)
    return root


def asked(root: Path) -> list[str]:
    """The calls of the installer."""
    return (root / ".pipeline" / "uv" / "bin" / "asked").read_text().splitlines()


def test_what_is_asked_for(tmp_path: Path) -> None:
    """Only wheels, only with their hashes, for the target and Lambda's Python."""
    dependencies.install(checkout(tmp_path), Target(ARM64), lambda _: None)

    (line,) = asked(tmp_path)
    assert "pip install" in line
    assert "--python-platform aarch64-manylinux_2_34 --python-version 3.13" in line
    assert "--only-binary :all: --require-hashes" in line
    assert line.endswith(f"--requirement {tmp_path / dependencies.LOCK}")


def test_what_is_kept(tmp_path: Path) -> None:
    """Code, bytecode and licences stay; records, stubs and scripts go."""
    folder = dependencies.install(checkout(tmp_path), Target(ARM64), lambda _: None)

    names = {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}
    assert {"thing/__init__.py", "thing/__pycache__/__init__.cpython-313.pyc", "thing-1.dist-info/LICENSE"} == names


def test_installed_once_for_a_lock_and_a_target(tmp_path: Path) -> None:
    """The same lock and target are installed once; another lock or target is installed beside it."""
    root, told = checkout(tmp_path), list[str]()
    first = dependencies.install(root, Target(ARM64), told.append)

    assert first == dependencies.install(root, Target(ARM64), told.append)
    assert 1 == len(told) == len(asked(root))
    assert first != dependencies.install(root, Target(X86_64), told.append)
    (root / dependencies.LOCK).write_text("thing==2\n")
    assert first != dependencies.install(root, Target(ARM64), told.append)
    assert 3 == len(asked(root))


def test_a_failed_installation(tmp_path: Path) -> None:
    """What the installer says is told in one line, and nothing half-made is kept."""
    with pytest.raises(DeployFailed) as raised:
        dependencies.install(checkout(tmp_path, BROKEN), Target(ARM64), lambda _: None)

    assert (
        "the functions' dependencies could not be installed for linux arm64: error: no such package; "
        "check that the package index can be reached, then try again"
    ) == str(raised.value)
    assert [] == list((tmp_path / ".pipeline" / "build" / "dependencies").iterdir())


def test_somebody_else_was_faster(tmp_path: Path) -> None:
    """Two builds at once end with one folder."""
    root = checkout(tmp_path)
    first = dependencies.install(root, Target(ARM64), lambda _: None)
    script = root / ".pipeline" / "uv" / "bin" / "uv"
    copy = root / "copy"
    shutil.move(first, copy)
    script.write_text(f"{UV}\ncp -r '{copy}' '{first}'\n")

    assert first == dependencies.install(root, Target(ARM64), lambda _: None)
    assert (first / "thing" / "__init__.py").is_file()


def test_no_installer(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without uv the error says how to get it; uv on PATH will do."""
    root = checkout(tmp_path)
    script = root / ".pipeline" / "uv" / "bin" / "uv"
    script.rename(tmp_path / "uv")
    monkeypatch.setenv("PATH", str(tmp_path / "nowhere"))

    with pytest.raises(InputError, match="uv is not there; run `make setup`"):
        dependencies.install(root, Target(ARM64), lambda _: None)
