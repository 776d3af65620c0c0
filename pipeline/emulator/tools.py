"""Finds the programs that are not ours: uv, Java 17 or newer, and a Node that the Kinesis emulator runs on."""

from __future__ import annotations

import re
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from pipeline.errors import EmulatorError

MIN_JAVA: Final = 17  # "Deploying DynamoDB locally": JRE 17 or newer
MIN_NODE: Final = 20  # the oldest that kinesis-local was tried on
_ASK_SECONDS: Final = 20
# A Java machine as a library, below its home: on Linux, on macOS.
_LIBJVM: Final = ("lib/server/libjvm.so", "lib/server/libjvm.dylib")


@dataclass(frozen=True, slots=True)
class Node:
    """A Node that works, with its npm.

    Args:
        program: the interpreter.
        npm: the words that an npm command line starts with.
    """

    program: Path
    npm: tuple[str, ...]


def find_uv(root: Path) -> Path:
    """Uv as `make setup` installs it, else the one on PATH. Raises EmulatorError."""
    own = root / ".pipeline" / "uv" / "bin" / "uv"
    found = own if own.is_file() else shutil.which("uv")
    if found is None:
        raise EmulatorError("uv is not installed; run `make setup` first")
    return Path(found)


def find_java(java_home: Path | None = None) -> Path | None:
    """The library of a Java machine of version 17 or newer, from JAVA_HOME or PATH; None when none works."""
    on_path = shutil.which("java")
    programs = [java_home / "bin" / "java" if java_home else None, Path(on_path) if on_path else None]
    for program in programs:
        told = _ask([str(program), "-XshowSettings:properties", "-version"]) if program else ""
        if java_version(told) >= MIN_JAVA and (libjvm := libjvm_below(java_home_in(told))):
            return libjvm
    return None


def find_node() -> Node | None:
    """A Node on PATH that is new enough, with npm; None when there is none that works."""
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


def java_version(told: str) -> int:
    """The major version in what `java -version` prints; 0 when it tells none. Up to 8 it was called 1.x."""
    found = re.search(r'version "(\d+)(?:\.(\d+))?', told)
    if found is None:
        return 0
    first, second = int(found[1]), int(found[2] or 0)
    return second if first == 1 else first


def java_home_in(told: str) -> Path | None:
    """The `java.home` in what `java -XshowSettings:properties` prints."""
    found = re.search(r"^\s*java\.home = (.+?)\s*$", told, re.MULTILINE)
    return Path(found[1]) if found else None


def libjvm_below(java_home: Path | None) -> Path | None:
    """The library of a Java machine; None when it has none that can be loaded."""
    if java_home is None:
        return None
    return next((path for name in _LIBJVM if (path := java_home / name).is_file()), None)


def node_version(told: str) -> int:
    """The major version in what `node --version` prints; 0 when it tells none."""
    found = re.match(r"v(\d+)\.", told)
    return int(found[1]) if found else 0


def _ask(command: list[str]) -> str:
    """What the program prints; empty when it fails, as the stand-ins do that only offer an installation."""
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=_ASK_SECONDS, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return "" if done.returncode else done.stdout + done.stderr
