"""Where the files beside the package are: `schemas/` and `infra/` of a checkout, `schemas/` of a function's package."""

from __future__ import annotations

from pathlib import Path

from pipeline.errors import InputError

PACKAGE = Path(__file__).resolve().parent
SCHEMAS = PACKAGE.parent / "schemas"


def project_root() -> Path:
    """The checkout that this package runs from: it holds `infra/template.yaml`."""
    root = PACKAGE.parent
    if not (root / "infra" / "template.yaml").is_file():
        raise InputError(
            f"{root} holds no infra/template.yaml; run the command from a checkout of the project (see README, Set up)"
        )
    return root
