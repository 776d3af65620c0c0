"""Where everything of the emulator lies, below `<project root>/.pipeline/localstack/`.

What is installed is shared; what runs has a state folder of its own, so that several can run side by side.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path


@dataclass(frozen=True, slots=True)
class Layout:
    """The paths of one emulator.

    Args:
        root: the project's root.
        state: the folder of one running emulator.
    """

    root: Path
    state: Path

    @property
    def recipes(self) -> Path:
        """The lock files and the plugin, part of the project."""
        return self.root / "infra" / "localstack"

    @property
    def plugin(self) -> Path:
        """The folder of the plugin, for LocalStack's PYTHONPATH."""
        return self.recipes / "plugin"

    @property
    def tether(self) -> Path:
        """The script that lets a process die with its parent."""
        return self.plugin / "process_executor" / "tether.py"

    @property
    def installed(self) -> Path:
        """The folder of the installed environments."""
        return base(self.root)

    @property
    def log(self) -> Path:
        """What LocalStack and its supervisor print."""
        return self.state / "localstack.log"

    @property
    def run_file(self) -> Path:
        """The facts of the emulator that runs on this state."""
        return self.state / "run.json"

    @property
    def lock(self) -> Path:
        """Locked as long as the emulator runs."""
        return self.state / "lock"

    @property
    def launch_file(self) -> Path:
        """What the supervisor is told to start."""
        return self.state / "launch.json"

    @property
    def home(self) -> Path:
        """LocalStack's HOME and FILESYSTEM_ROOT, gone when it ends."""
        return self.state / "localstack-home"

    @property
    def scratch(self) -> Path:
        """LocalStack's folder for temporary files, such as the code of functions."""
        return self.home / "tmp"

    @property
    def sandboxes(self) -> Path:
        """One folder for each execution environment of a function."""
        return self.scratch / "sandboxes"


def base(root: Path) -> Path:
    """The folder of all that the emulator keeps."""
    return root / ".pipeline" / "localstack"


def layout(root: Path, state: Path | None = None) -> Layout:
    """The layout for a project root and a state folder; without one, the user's own."""
    return Layout(root.resolve(), (state or base(root) / "run").resolve())
