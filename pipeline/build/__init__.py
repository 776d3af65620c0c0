"""The Lambda package: our code, the schemas and the locked dependencies, compiled, in one zip.

The same input gives the same bytes: files in a fixed order with fixed times and modes, bytecode that is valid by the
hash of its source and names its files as Lambda does. Input is the code, the schemas, the lock file, the target, and
the Python (with its zlib) that builds. Built packages are kept under `.pipeline/build`, named after their input.
"""

from __future__ import annotations

import hashlib
import shutil
import sys
import tempfile
import zlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from pipeline.build import archive, bytecode, dependencies, sources
from pipeline.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from pipeline.build.target import Target

PYTHON: Final = (3, 13)
_KEPT: Final = 8  # packages; the oldest goes


@dataclass(frozen=True, slots=True)
class Package:
    """A built package.

    Args:
        sha256: of the zip, in hex.
        cached: it was built before, from the same input.
    """

    path: Path
    sha256: str
    size_bytes: int
    target: Target
    cached: bool


def build(root: Path, target: Target, report: Callable[[str], None]) -> Package:
    """Build the package of the checkout at `root`, or find the one that was built from the same input.

    Raises DeployFailed when a dependency cannot be installed, InputError when this Python cannot compile for Lambda.
    """
    if sys.version_info[:2] != PYTHON:
        raise InputError(f"the package is compiled by Python {PYTHON[0]}.{PYTHON[1]}; run `make setup` to get it")
    files = sources.find(root)
    lock = root / dependencies.LOCK
    folder = root / ".pipeline" / "build" / "packages"
    path = folder / _digest(files, lock, target) / "package.zip"
    cached = path.is_file()
    if not cached:
        report(f"building the package for {target}, Python {PYTHON[0]}.{PYTHON[1]}")
        installed = dependencies.install(root, target, report)
        _write(path, files, installed)
        _forget(folder, keep=path.parent)
    return Package(path, _sha256(path), path.stat().st_size, target, cached)


def _write(path: Path, files: Mapping[str, Path], installed: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=path.parent, prefix="unfinished-") as name:
        folder = path.parent / name
        code = folder / "code"
        sources.copy(files, code)
        bytecode.compile_folder(code)
        unfinished = folder / "package.zip"
        archive.write(unfinished, {**archive.tree(installed), **archive.tree(code)})
        unfinished.replace(path)


def _digest(files: Mapping[str, Path], lock: Path, target: Target) -> str:
    digest = hashlib.sha256(f"{sys.version}\n{zlib.ZLIB_RUNTIME_VERSION}\n{target}\n".encode())
    for name, path in {**files, "lock": lock, **sources.builder()}.items():
        digest.update(f"{name}\n{_sha256(path)}\n".encode())
    return digest.hexdigest()[:32]


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _forget(folder: Path, keep: Path) -> None:
    built = sorted(folder.iterdir(), key=lambda path: path.stat().st_mtime, reverse=True)
    for path in built[_KEPT:]:
        if path != keep:
            shutil.rmtree(path, ignore_errors=True)
