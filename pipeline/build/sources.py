"""Which files of the checkout a function needs: the package without its commands, the schemas, the licence."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Mapping

# Never imported by a function: commands, growing schemas, LocalStack, fakes, building and deploying this very package.
LEFT_OUT: Final = ("aws/artifacts", "aws/cloudformation", "aws/deploy", "build", "cli", "emulator", "schema", "testing")


def find(root: Path) -> Mapping[str, Path]:
    """The files of the package: name in the zip to path, sorted by name."""
    package = root / "pipeline"
    code = [path for path in package.rglob("*.py") if not _left_out(path.relative_to(package))]
    return _named(root, [*code, *(root / "schemas").rglob("*.json"), root / "LICENSE"])


def builder() -> Mapping[str, Path]:
    """The files that decide how a package is built: a change in them asks for a new one."""
    here = Path(__file__).parent
    return _named(here, list(here.glob("*.py")))


def copy(files: Mapping[str, Path], folder: Path) -> None:
    """Put the files under `folder`, each under its name."""
    for name, path in files.items():
        target = folder / name
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(path, target)


def _left_out(path: Path) -> bool:
    module = path.with_suffix("")
    return any(module.is_relative_to(left) for left in LEFT_OUT)


def _named(root: Path, paths: list[Path]) -> dict[str, Path]:
    return {path.relative_to(root).as_posix(): path for path in sorted(paths)}
