"""Finds the programs that are not ours: uv, Java 17 or newer, and a Node that the Kinesis emulator runs on."""

from __future__ import annotations

import re
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from pipeline.errors import EmulatorError

MIN_JAVA: Final = 17  # DynamoDB Local 2.x, "Deploying DynamoDB locally": JRE 17 or newer
MIN_NODE: Final = 20  # the oldest that kinesis-local was tried on
_ASK_SECONDS: Final = 20


@dataclass(frozen=True, slots=True)
class Node:
    """A Node that works, with its npm.

    Args:
        program: the interpreter.
        npm: the command line that npm starts with.
    """

    program: Path
    npm: tuple[str, ...]


def find_uv(root: Path) -> Path:
    """Uv as `make setup` installs it, else the one on PATH."""
    own = root / ".pipeline" / "uv" / "bin" / "uv"
    found = own if own.is_file() else shutil.which("uv")
    if found is None:
        raise EmulatorError("uv is not installed; run `make setup` first")
    return Path(found)


def find_java(java_home: Path | None = None) -> Path | None:
    """Java 17 or newer in JAVA_HOME or on PATH; None when there is none that works."""
    on_path = shutil.which("java")
    candidates = [java_home / "bin" / "java" if java_home else None, Path(on_path) if on_path else None]
    for candidate in candidates:
        if candidate and java_version(_ask([str(candidate), "-version"])) >= MIN_JAVA:
            return candidate
    return None


def find_node() -> Node | None:
    """A Node on PATH that is new enough and has npm beside it; None when there is none that works."""
    node, npm = shutil.which("node"), shutil.which("npm")
    if (
        node is None
        or npm is None
        or node_version(_ask([node, "--version"])) < MIN_NODE
        or not _ask([npm, "--version"])
    ):
        return None
    # A version manager's shim is not the program itself, and only works in the user's environment.
    return Node(Path(_ask([node, "-p", "process.execPath"]).strip() or node), (npm,))


def java_version(text: str) -> int:
    """The major version in what `java -version` prints; 0 when it tells none. Before 9 it was called 1.x."""
    found = re.search(r'version "(\d+)(?:\.(\d+))?', text)
    if found is None:
        return 0
    first, second = int(found[1]), int(found[2] or 0)
    return second if first == 1 else first


def node_version(text: str) -> int:
    """The major version in what `node --version` prints; 0 when it tells none."""
    found = re.match(r"v(\d+)\.", text)
    return int(found[1]) if found else 0


def _ask(command: list[str]) -> str:
    """What the program prints; empty when it fails, as the stand-ins do that only offer an installation."""
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=_ASK_SECONDS, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return "" if done.returncode else done.stdout + done.stderr
