"""A part is a folder that is installed once, named after a hash of what it is made from, and is whole or done again.

    <installed>/<name>-<hash>/           the part
    <installed>/<name>-<hash>/.complete  written last; without it the installation was interrupted

Two installations at a time wait for each other. A part that is no longer wanted is removed, unless a running
emulator uses it.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import shutil
import subprocess
from dataclasses import dataclass
from typing import IO, TYPE_CHECKING, Final

from pipeline.errors import EmulatorError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

_COMPLETE: Final = ".complete"
_IN_USE: Final = ".in-use"


@dataclass(frozen=True, slots=True)
class Part:
    """Something to install.

    Args:
        name: the folder's name, before the hash.
        label: the name for a person.
        made_from: the files that decide what is in it.
        variant: whatever else decides, such as the Python version.
        commands: given the new, empty folder, the command lines that fill it.
    """

    name: str
    label: str
    made_from: Sequence[Path]
    variant: str
    commands: Callable[[Path], Sequence[Sequence[str]]]

    def folder(self, installed: Path) -> Path:
        """Where this part belongs."""
        digest = hashlib.sha256(self.variant.encode())
        for path in self.made_from:
            digest.update(path.read_bytes())
        return installed / f"{self.name}-{digest.hexdigest()[:12]}"


def ensure(part: Part, installed: Path, report: Callable[[str], None]) -> Path:
    """The part's folder, installed now if it is not there. Raises EmulatorError with the remedy."""
    folder = part.folder(installed)
    if (folder / _COMPLETE).exists():
        return folder
    report(f"installing {part.label}")
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    for command in part.commands(folder):
        _run(command, folder, installed / "install.log", part.label)
    (folder / _COMPLETE).touch()
    _remove_others(part, folder)
    return folder


@contextlib.contextmanager
def one_at_a_time(installed: Path, report: Callable[[str], None]) -> Iterator[None]:
    """Wait until no other process installs."""
    installed.mkdir(parents=True, exist_ok=True)
    with (installed / "install.lock").open("ab") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            report("another installation is under way; waiting for it")
            fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def use(folder: Path) -> IO[bytes]:
    """Keep the part from being removed for as long as the returned file is open."""
    lock = (folder / _IN_USE).open("ab")
    fcntl.flock(lock, fcntl.LOCK_SH)
    return lock


def _remove_others(part: Part, folder: Path) -> None:
    for other in folder.parent.glob(f"{part.name}-????????????"):
        if other != folder and not _is_used(other):
            shutil.rmtree(other, ignore_errors=True)


def _is_used(folder: Path) -> bool:
    try:
        with (folder / _IN_USE).open("ab") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    return False


def _run(command: Sequence[str], folder: Path, log: Path, label: str) -> None:
    with log.open("ab") as output:
        output.write(f"\n$ {' '.join(command)}\n".encode())
        output.flush()
        began_at = output.tell()
        try:
            code = subprocess.run(
                command, cwd=folder, stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT, check=False
            ).returncode
        except OSError as error:
            raise EmulatorError(f"{label} could not be installed: {error}") from error
    if code:
        why = reason(log.read_bytes()[began_at:].decode(errors="replace"))
        raise EmulatorError(
            f"{label} could not be installed (exit {code}): {why}; "
            f"check that the package registry can be reached, then run the command again; the whole story is in {log}"
        )


def reason(output: str) -> str:
    """The one line of a failed program's output that tells why: npm names a reason, others end with it."""
    lines = [line.strip() for line in output.splitlines() if line.strip()]
    told = next((line for line in lines if "reason:" in line), lines[-1] if lines else "it printed nothing")
    return told.removeprefix("npm error ").removeprefix("cause: ")
