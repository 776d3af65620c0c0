"""What a package is built for."""

from __future__ import annotations

import platform

import pytest

from pipeline.build.target import ARM64, LINUX, MACOS, X86_64, Target, on_lambda, on_this_machine
from pipeline.errors import InputError


@pytest.mark.parametrize(
    ("target", "name"),
    [
        (Target(ARM64), "aarch64-manylinux_2_34"),
        (Target(X86_64), "x86_64-manylinux_2_34"),
        (Target(ARM64, MACOS), "aarch64-apple-darwin"),
        (Target(X86_64, MACOS), "x86_64-apple-darwin"),
    ],
)
def test_the_installers_word_for_it(target: Target, name: str) -> None:
    """Each target has the name that uv knows it by."""
    assert name == target.platform


def test_lambda_runs_arm64_linux() -> None:
    """On AWS the default is the cheaper processor."""
    assert Target(ARM64, LINUX) == on_lambda()
    assert Target(X86_64, LINUX) == on_lambda(X86_64)


@pytest.mark.parametrize(
    ("system", "machine", "docker", "target"),
    [
        ("Linux", "x86_64", False, Target(X86_64, LINUX)),
        ("Linux", "aarch64", False, Target(ARM64, LINUX)),
        ("Darwin", "arm64", False, Target(ARM64, MACOS)),
        ("Darwin", "x86_64", False, Target(X86_64, MACOS)),
        ("Darwin", "arm64", True, Target(ARM64, LINUX)),
        ("Linux", "AMD64", True, Target(X86_64, LINUX)),
    ],
)
def test_this_machine(monkeypatch: pytest.MonkeyPatch, system: str, machine: str, docker: bool, target: Target) -> None:  # noqa: FBT001 - a case of the table
    """LocalStack runs functions on this machine as it is, or on Linux when it runs in Docker."""
    monkeypatch.setattr(platform, "system", lambda: system)
    monkeypatch.setattr(platform, "machine", lambda: machine)

    assert target == on_this_machine(docker=docker)


def test_a_machine_that_lambda_does_not_know(monkeypatch: pytest.MonkeyPatch) -> None:
    """Another processor is told, with those that there are."""
    monkeypatch.setattr(platform, "machine", lambda: "riscv64")

    with pytest.raises(InputError, match="this machine is riscv64; Lambda packages are built for arm64 and x86_64"):
        on_this_machine()
