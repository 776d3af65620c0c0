"""Unpack the package into a folder, which is what `sam build` asks for: `python -m pipeline.build FOLDER`."""

from __future__ import annotations

import argparse
import sys
import zipfile
from pathlib import Path

from pipeline.build import build
from pipeline.build.target import ARM64, X86_64, on_lambda
from pipeline.errors import PipelineError
from pipeline.project import project_root


def _say(line: str) -> None:
    sys.stderr.write(f"{line}\n")


def main() -> int:
    """Build for Lambda and unpack; 1 and one line on stderr when that fails."""
    parser = argparse.ArgumentParser(prog="python -m pipeline.build", description=__doc__)
    parser.add_argument("--architecture", choices=[ARM64, X86_64], default=ARM64)
    parser.add_argument("folder", type=Path)
    given = parser.parse_args()
    try:
        package = build(project_root(), on_lambda(given.architecture), _say)
    except PipelineError as error:
        _say(f"error: {error}")
        return 1
    with zipfile.ZipFile(package.path) as archive:
        archive.extractall(given.folder)
    return 0


if __name__ == "__main__":
    sys.exit(main())
