"""The schemas as they were at a git revision. What is there was released: events of it are out in the world.

Git is run as a command; it is asked for names of this folder and for contents, and changes nothing.
"""

from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING, Final

from pipeline.errors import InputError

if TYPE_CHECKING:
    from pathlib import Path

_TIMEOUT_SECONDS: Final = 60


def last_tag(folder: Path) -> str | None:
    """The last tag before what is checked out; None without one, without a repository, and without git."""
    try:
        done = _git(folder, "describe", "--tags", "--abbrev=0")
    except InputError:
        return None
    return done.stdout.decode(errors="replace").strip() or None if done.returncode == 0 else None


def released(folder: Path, revision: str) -> dict[str, bytes]:
    """The files `<type>.json` of a folder at a revision, by type; none where there was none yet. Raises InputError."""
    if _git(folder, "rev-parse", "--git-dir").returncode:
        raise InputError(f"{folder} is not in a git repository; without --against the schemas are checked alone")
    commit = _git(folder, "rev-parse", "--verify", "--quiet", "--end-of-options", f"{revision}^{{commit}}")
    if commit.returncode:
        raise InputError(
            f"git knows no revision {revision!r}; name a tag, a branch or a commit (a shallow clone has few: git fetch "
            "--tags --unshallow)"
        )
    at = commit.stdout.decode().strip()
    listed = _told(_git(folder, "ls-tree", "--name-only", "-z", at, "./"))
    names = [name for name in listed.decode(errors="replace").split("\0") if name.endswith(".json")]
    return {name.removesuffix(".json"): _told(_git(folder, "show", f"{at}:./{name}")) for name in names}


def _told(done: subprocess.CompletedProcess[bytes]) -> bytes:
    if done.returncode:
        lines = done.stderr.decode(errors="replace").strip().splitlines()
        raise InputError(f"git failed: {lines[-1] if lines else f'exit code {done.returncode}'}")
    return done.stdout


def _git(folder: Path, *arguments: str) -> subprocess.CompletedProcess[bytes]:
    try:
        return subprocess.run(
            ["git", "-C", str(folder), *arguments], capture_output=True, check=False, timeout=_TIMEOUT_SECONDS
        )
    except FileNotFoundError:
        raise InputError("git is not installed; without --against the schemas are checked alone") from None
    except subprocess.TimeoutExpired:
        raise InputError(f"git did not answer for {_TIMEOUT_SECONDS} seconds; try `git -C {folder} status`") from None
