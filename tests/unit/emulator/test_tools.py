from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from pipeline.emulator.tools import (
    Node,
    find_java,
    find_node,
    find_uv,
    java_home_in,
    java_version,
    libjvm_below,
    node_version,
)
from pipeline.errors import EmulatorError

if TYPE_CHECKING:
    from collections.abc import Callable

    type Programs = Callable[[str, str], Path]

OPENJDK_21 = """
Property settings:
    java.class.version = 65.0
    java.home = {home}
    java.io.tmpdir = /tmp
openjdk version "{version}" 2024-10-15
OpenJDK Runtime Environment (build 21.0.5+11)
"""


def java_that_tells(home: Path, version: str) -> str:
    """A script that prints what java prints."""
    return f"echo '{OPENJDK_21.format(home=home, version=version)}' >&2"


def java_home(folder: Path, library: str = "lib/server/libjvm.so") -> Path:
    """A Java home with a library in it."""
    (folder / library).parent.mkdir(parents=True)
    (folder / library).touch()
    return folder


@pytest.mark.parametrize(
    ("told", "version"),
    [
        ('openjdk version "17.0.15" 2025-04-15', 17),
        ('openjdk version "25" 2025-09-16', 25),
        ('java version "1.8.0_202"', 8),
        ('openjdk version "11.0.25" 2024-10-15', 11),
        ("The operation couldn't be completed. Unable to locate a Java Runtime.", 0),
        ("", 0),
    ],
)
def test_java_version(told: str, version: int) -> None:
    """Java tells its version in more than one way."""
    assert version == java_version(told)


@pytest.mark.parametrize(("told", "version"), [("v20.20.2\n", 20), ("v24.1.0", 24), ("20.1", 0), ("", 0)])
def test_node_version(told: str, version: int) -> None:
    """Node tells its version after a v."""
    assert version == node_version(told)


def test_java_home_in() -> None:
    """Java tells where its home is, spaces and all."""
    told = OPENJDK_21.format(home="/Library/Java Machines/21", version="21")
    assert Path("/Library/Java Machines/21") == java_home_in(told)
    assert java_home_in("java.home is not told") is None


@pytest.mark.parametrize("library", ["lib/server/libjvm.so", "lib/server/libjvm.dylib"])
def test_libjvm_below(tmp_path: Path, library: str) -> None:
    """The library is found on Linux and on macOS."""
    assert tmp_path / library == libjvm_below(java_home(tmp_path, library))


def test_libjvm_below_nothing(tmp_path: Path) -> None:
    """A Java home without a library is none."""
    assert libjvm_below(tmp_path) is None
    assert libjvm_below(None) is None


def test_find_java_on_path(tmp_path: Path, programs: Programs) -> None:
    """Java 17 or newer on PATH is used."""
    home = java_home(tmp_path / "home")
    programs("java", java_that_tells(home, "17.0.1"))
    assert home / "lib/server/libjvm.so" == find_java()


def test_find_java_home_first(tmp_path: Path, programs: Programs) -> None:
    """JAVA_HOME comes before PATH."""
    first, second = java_home(tmp_path / "first"), java_home(tmp_path / "second")
    programs("java", java_that_tells(second, "17.0.1"))
    programs(str(first / "bin" / "java"), java_that_tells(first, "21.0.1"))
    assert first / "lib/server/libjvm.so" == find_java(first)


def test_find_java_too_old_in_home(tmp_path: Path, programs: Programs) -> None:
    """An old Java in JAVA_HOME does not hide the new one on PATH."""
    old, new = java_home(tmp_path / "old"), java_home(tmp_path / "new")
    programs("java", java_that_tells(new, "17.0.1"))
    programs(str(old / "bin" / "java"), java_that_tells(old, "11.0.1"))
    assert new / "lib/server/libjvm.so" == find_java(old)


def test_find_java_stand_in(programs: Programs) -> None:
    """A stand-in that only offers to install Java is none."""
    programs("java", "echo 'No Java runtime present, requesting install.' >&2; exit 1")
    assert find_java() is None


def test_find_java_none(programs: Programs) -> None:
    """No Java is no Java."""
    del programs
    assert find_java(Path("/nonexistent")) is None


def test_find_node(programs: Programs) -> None:
    """The interpreter behind a version manager's shim is used, not the shim."""
    programs("node", 'if [ "$1" = -p ]; then echo /opt/node/bin/node; else echo v22.1.0; fi')
    npm = programs("npm", "echo 10.0.0")
    assert Node(Path("/opt/node/bin/node"), (str(npm),)) == find_node()


def test_find_node_too_old(programs: Programs) -> None:
    """A Node that is too old is none."""
    programs("node", "echo v18.20.0")
    programs("npm", "echo 10.0.0")
    assert find_node() is None


def test_find_node_without_npm(programs: Programs) -> None:
    """A Node without npm, as some systems ship it, is none."""
    programs("node", "echo v22.1.0")
    assert find_node() is None


def test_find_node_with_broken_npm(programs: Programs) -> None:
    """A Node whose npm does not run is none."""
    programs("node", "echo v22.1.0")
    programs("npm", "exit 127")
    assert find_node() is None


def test_find_uv_of_setup(tmp_path: Path, programs: Programs) -> None:
    """The uv that `make setup` installed comes before the one on PATH."""
    programs("uv", "")
    own = programs(str(tmp_path / ".pipeline" / "uv" / "bin" / "uv"), "")
    assert own == find_uv(tmp_path)


def test_find_uv_on_path(tmp_path: Path, programs: Programs) -> None:
    """Without `make setup`, the uv on PATH is used."""
    assert programs("uv", "") == find_uv(tmp_path)


def test_find_uv_none(tmp_path: Path, programs: Programs) -> None:
    """Without any uv, the error says what to run."""
    del programs
    with pytest.raises(EmulatorError, match="make setup"):
        find_uv(tmp_path)
