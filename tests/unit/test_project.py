from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from pipeline import project
from pipeline.errors import InputError

if TYPE_CHECKING:
    from pathlib import Path


def test_checkout() -> None:
    """In a checkout, the root is the folder of the template and of the schemas."""
    root = project.project_root()
    assert (root / "infra" / "template.yaml").is_file()
    assert root / "schemas" == project.SCHEMAS


def test_no_checkout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Outside of a checkout, the error says where to go."""
    monkeypatch.setattr(project, "PACKAGE", tmp_path / "pipeline")
    with pytest.raises(InputError, match="run the command from a checkout"):
        project.project_root()
