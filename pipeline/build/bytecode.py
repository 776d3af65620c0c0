"""Compile ahead: without bytecode in the package, a cold start compiles all it imports and takes twice as long.

Lambda's disk is read-only and its zip loses times, so the bytecode is of the kind that is never checked against its
source (PEP 552). The names in it are those under /var/task, for tracebacks. A process of its own with a fixed hash seed
and a fixed order of files makes the bytes the same wherever they are made.
"""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING, Final

from pipeline.errors import DeployFailed

if TYPE_CHECKING:
    from pathlib import Path

TASK_ROOT: Final = "/var/task"


def compile_folder(folder: Path) -> None:
    """Put a `.pyc` beside every `.py` under `folder`. Raises DeployFailed naming what does not compile."""
    command = [sys.executable, "-P", "-S", "-m", "compileall", "-q", "-j", "1"]
    names = ["-s", str(folder), "-p", TASK_ROOT, "--invalidation-mode", "unchecked-hash"]
    done = subprocess.run(
        [*command, *names, str(folder)],
        env={"PYTHONHASHSEED": "0"},
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        what = " ".join((done.stdout + done.stderr).split())
        raise DeployFailed(f"the package does not compile: {what}")
