"""Which files a package holds."""

from __future__ import annotations

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
    modules = [f"pipeline.{left.replace('/', '.')}" for left in sources.LEFT_OUT]
    for name, path in sources.find(project_root()).items():
        text = path.read_text(encoding="utf-8")
        assert not [module for module in modules if f"from {module}" in text], name


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
