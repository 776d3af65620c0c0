"""What a package is built for. Lambda runs Linux; LocalStack without Docker runs functions on this very machine."""

from __future__ import annotations

import platform
from dataclasses import dataclass
from typing import Final

from pipeline.errors import InputError

ARM64: Final = "arm64"
X86_64: Final = "x86_64"
LINUX: Final = "linux"
MACOS: Final = "macos"

_ARCHITECTURES: Final = {"x86_64": X86_64, "amd64": X86_64, "aarch64": ARM64, "arm64": ARM64}
# Lambda's python3.13 is Amazon Linux 2023, with glibc 2.34; older wheels count as well.
_PLATFORMS: Final = {
    (ARM64, LINUX): "aarch64-manylinux_2_34",
    (X86_64, LINUX): "x86_64-manylinux_2_34",
    (ARM64, MACOS): "aarch64-apple-darwin",
    (X86_64, MACOS): "x86_64-apple-darwin",
}


@dataclass(frozen=True, slots=True)
class Target:
    """What the compiled dependencies of a package run on.

    Args:
        architecture: as Lambda names it: arm64 or x86_64.
        system: linux (Lambda, Docker) or macos (LocalStack without Docker on a Mac).
    """

    architecture: str
    system: str = LINUX

    @property
    def platform(self) -> str:
        """The same in the words of `uv pip install --python-platform`."""
        return _PLATFORMS[self.architecture, self.system]

    def __str__(self) -> str:
        return f"{self.system} {self.architecture}"


def on_lambda(architecture: str | None = None) -> Target:
    """What AWS runs on: arm64 unless told otherwise."""
    return Target(architecture or ARM64)


def on_this_machine(architecture: str | None = None, *, docker: bool = False) -> Target:
    """What LocalStack runs on. In Docker it is Linux, whatever the host; without, it is the host."""
    mac = platform.system() == "Darwin" and not docker
    return Target(architecture or _host_architecture(), MACOS if mac else LINUX)


def _host_architecture() -> str:
    machine = platform.machine()
    try:
        return _ARCHITECTURES[machine.lower()]
    except KeyError:
        raise InputError(f"this machine is {machine}; Lambda packages are built for arm64 and x86_64") from None
