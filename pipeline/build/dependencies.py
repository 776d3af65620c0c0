"""The locked dependencies for a target platform, without what no function ever reads, compiled.

Only wheels, only with the hashes of the lock file, and installed by uv, which can do so for another platform than this
one. They are kept under `.pipeline/build/dependencies`, so a change of our own code does not install them again.
"""

from __future__ import annotations

import hashlib
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Final

from pipeline.build import bytecode, sources
from pipeline.errors import DeployFailed, InputError

if TYPE_CHECKING:
    from collections.abc import Callable

    from pipeline.build.target import Target

LOCK: Final = Path("requirements") / "lambda.txt"

# Licences and METADATA stay. What goes: records of the installation, type stubs, and two large parts that no function
# here can reach.
PRUNED: Final = (
    ".lock",
    "bin",
    "**/*.pyi",
    "**/py.typed",
    "*.dist-info/RECORD",
    "*.dist-info/INSTALLER",
    "*.dist-info/REQUESTED",
    "*.dist-info/direct_url.json",
    "zstandard/_cffi.*.so",  # 12 MB, the other backend, for PyPy
    "aws_lambda_powertools/event_handler/openapi/swagger_ui/*.min.*",  # 1.7 MB, a page for browsers
)


def install(root: Path, target: Target, report: Callable[[str], None]) -> Path:
    """The folder that holds the dependencies; raises DeployFailed when they cannot be installed."""
    lock = root / LOCK
    folder = root / ".pipeline" / "build" / "dependencies" / _digest(lock, target)
    if folder.is_dir():
        return folder
    report(f"installing the functions' dependencies for {target}")
    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder.parent, prefix="unfinished-") as name:
        unfinished = Path(name) / "site"
        _install(_uv(root), lock, target, unfinished)
        prune(unfinished)
        bytecode.compile_folder(unfinished)
        _keep(unfinished, folder)
    return folder


def prune(folder: Path) -> None:
    """Remove what no function reads."""
    for path in {path for pattern in PRUNED for path in folder.glob(pattern)}:
        shutil.rmtree(path) if path.is_dir() else path.unlink()


def _install(uv: str, lock: Path, target: Target, folder: Path) -> None:
    wheels = ["--only-binary", ":all:", "--require-hashes", "--no-deps"]
    platform = ["--python-platform", target.platform, "--python-version", "3.13", "--python", sys.executable]
    command = [uv, "pip", "install", "--quiet", "--target", str(folder), *platform, *wheels]
    done = subprocess.run([*command, "--requirement", str(lock)], capture_output=True, text=True, check=False)
    if done.returncode != 0:
        why = " ".join(done.stderr.split())
        raise DeployFailed(
            f"the functions' dependencies could not be installed for {target}: {why}; "
            "check that the package index can be reached, then try again"
        )


def _keep(unfinished: Path, folder: Path) -> None:
    try:
        unfinished.rename(folder)
    except OSError:  # somebody else was faster; theirs is the same
        if not folder.is_dir():
            raise


def _uv(root: Path) -> str:
    ours = root / ".pipeline" / "uv" / "bin" / "uv"
    found = str(ours) if ours.is_file() else shutil.which("uv")
    if found is None:
        raise InputError("uv is not there; run `make setup` once, which fetches it")
    return found


def _digest(lock: Path, target: Target) -> str:
    digest = hashlib.sha256(f"{sys.version}\n{target}\n".encode() + lock.read_bytes())
    for path in sources.builder().values():
        digest.update(path.read_bytes())
    return digest.hexdigest()[:32]
