"""Which files a package holds."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from pipeline.build import sources
from pipeline.project import project_root

if TYPE_CHECKING:
    from pathlib import Path


def test_what_a_function_needs() -> None:
    """Handlers, core, adapters, schemas and the licence are there; commands, LocalStack, fakes and builder are not."""
    names = sources.find(project_root()).keys()

    assert {"LICENSE", "pipeline/__init__.py", "pipeline/functions/process.py", "schemas/log.v1.json"} <= names
    assert {"pipeline/functions/relay_changes.py", "pipeline/core/process.py", "pipeline/aws/s3.py"} <= names
    assert not [name for name in names for left in sources.LEFT_OUT if name.startswith(f"pipeline/{left}")]
    assert all(name.endswith((".py", ".json", "LICENSE")) for name in names)


def test_what_is_left_out_is_not_imported() -> None:
    """No file of the package imports what is not in it."""
    left_out = tuple(f"pipeline.{left.replace('/', '.')}." for left in sources.LEFT_OUT)
    files = {name: path for name, path in sources.find(project_root()).items() if path.suffix == ".py"}
    assert {} == {name: found for name, path in files.items() if (found := _imported(path, left_out))}


def _imported(path: Path, packages: tuple[str, ...]) -> list[str]:
    """What a file imports of these packages, each with a dot at its end."""
    found = []
    for node in ast.walk(ast.parse(path.read_bytes())):
        if isinstance(node, ast.Import):
            found += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            found += [f"{node.module}.{alias.name}" for alias in node.names]
    return [name for name in found if f"{name}.".startswith(packages)]


def test_copy(tmp_path: Path) -> None:
    """Files are copied under their names."""
    files = sources.find(project_root())

    sources.copy(files, tmp_path / "code")

    assert set(files) == {
        path.relative_to(tmp_path / "code").as_posix() for path in (tmp_path / "code").rglob("*") if path.is_file()
    }


def test_builder() -> None:
    """The builder's own files count as input."""
    assert {"__init__.py", "archive.py", "bytecode.py", "dependencies.py", "sources.py"} <= sources.builder().keys()
