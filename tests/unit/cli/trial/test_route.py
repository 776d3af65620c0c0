"""A route that is not registered yet."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import pytest

from pipeline.cli.trial.route import imported, load
from pipeline.errors import InputError, WrongDeclaration
from pipeline.routes import log_v1

if TYPE_CHECKING:
    from pathlib import Path

HEAD = "from pipeline.core.encode import archive_line\nfrom pipeline.core.route import Route\n"
TOLD = HEAD + "from pipeline.core.outlet import *\nROUTE = Route((), (archive_line, {}))"


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A user's folder, which is also where modules are looked for."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", [*sys.path])
    monkeypatch.setattr(sys, "modules", {**sys.modules})
    return tmp_path


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("mine.py", "orders.v1"),
        ("./mine.py:OTHER", "orders.v1"),
        ("mine", "orders.v1"),
        ("mine:OTHER", "orders.v1"),
        ("pipeline.routes.log_v1:ROUTE", log_v1.TYPE),
    ],
)
def test_where_a_route_is_found(name: str, expected: str, folder: Path) -> None:
    """In a file, with what stands beside it, or in a module."""
    (folder / "beside.py").write_text('TYPE = "orders.v1"\n')
    (folder / "mine.py").write_text(
        HEAD + "from beside import TYPE\nROUTE = Route((), (archive_line,))\nOTHER = Route((len,), (archive_line,))\n"
    )
    tried = load(name)
    assert expected == tried.type
    assert tried.route.transforms if "OTHER" in name else tried.route.destinations


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("a.py", "ROUTE = 7", r"a\.py: ROUTE is int; set it to a Route\("),
        ("a.py", "", r"a\.py: there is no ROUTE; set it to a Route\("),
        ("a.py:X", "ROUTE = 7", r"a\.py: there is no X; set it"),
        ("a.py", HEAD + "ROUTE = Route((), ())", r"a\.py: ROUTE\.destinations are none; name at least one"),
        (
            "a.py",
            TOLD.format('to_topic("Alerts")'),
            r"destinations\[1\] is to_topic\(\"Alerts\"\), which .* does not list",
        ),
        ("a.py", "def (", r"a\.py cannot be imported: .*a\.py:1: invalid syntax"),
        ("a.py", "\n1 / 0", r"a\.py cannot be imported: .*a\.py:2: ZeroDivisionError: division by zero"),
        ("a", "\nraise ValueError('two\\nlines')", r"a cannot be imported: .*a\.py:2: ValueError: two lines"),
        ("b.py", "", r"b\.py: there is no such file; --route takes FILE\.py or MODULE:ROUTE"),
        ("b_nowhere:ROUTE", "", r"b_nowhere cannot be imported: ModuleNotFoundError: No module named 'b_nowhere'"),
        ("log.v1", "", r"'log\.v1' is neither a file of Python nor a module.* is run with --type alone"),
        ("a/b", "", r"'a/b' is neither a file of Python nor a module"),
    ],
)
def test_what_is_no_route(name: str, text: str, said: str, folder: Path) -> None:
    """One line says where, and what to do."""
    (folder / "a.py").write_text(text)
    with pytest.raises(InputError, match=said) as caught:
        load(name)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("name", ["wrong.py", "wrong"])
def test_a_declaration_says_itself_what_is_wrong(name: str, folder: Path) -> None:
    """The errors of the project are passed on."""
    (folder / "wrong.py").write_text(
        "from pipeline.errors import WrongDeclaration\nraise WrongDeclaration('mask: give a key')"
    )
    with pytest.raises(WrongDeclaration, match="mask: give a key"):
        load(name)


def test_a_registered_route_that_cannot_be_imported(folder: Path) -> None:
    """Its file and line are said."""
    (folder / "broken_routes.py").write_text("x = \n")
    sys.path.insert(0, str(folder))
    with pytest.raises(InputError, match=r"broken_routes cannot be imported: .*broken_routes\.py:1: invalid syntax"):
        imported("broken_routes")


def test_a_file_with_a_dataclass(folder: Path) -> None:
    """A file is a module while it is run."""
    (folder / "classy.py").write_text(
        "from __future__ import annotations\nimport dataclasses\n"
        + HEAD
        + "@dataclasses.dataclass\nclass Step:\n    n: dataclasses.InitVar[int]\n"
        "ROUTE = Route((), (archive_line,))\n"
    )
    assert "classy.py" == load("classy.py").place
