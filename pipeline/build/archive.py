"""A zip that is the same bytes whenever it is made from the same files: sorted, one time, one mode, one level."""

from __future__ import annotations

import zipfile
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

_TIME: Final = (1980, 1, 1, 0, 0, 0)  # the earliest that the format knows
_MODE: Final = 0o100644  # a file that everybody may read: Lambda runs functions as another user
_UNIX: Final = 3
_LEVEL: Final = 6


def tree(folder: Path) -> Mapping[str, Path]:
    """Every file under `folder`: name in the zip to path."""
    return {path.relative_to(folder).as_posix(): path for path in folder.rglob("*") if path.is_file()}


def write(path: Path, files: Mapping[str, Path]) -> None:
    """Write the files into a new zip at `path`."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=_LEVEL) as package:
        for name in sorted(files):
            package.writestr(_entry(name), files[name].read_bytes(), zipfile.ZIP_DEFLATED, _LEVEL)


def _entry(name: str) -> zipfile.ZipInfo:
    entry = zipfile.ZipInfo(name, _TIME)
    entry.create_system = _UNIX
    entry.external_attr = _MODE << 16
    return entry
