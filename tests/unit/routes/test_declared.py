"""Declaring a route: what is found at import, and what is refused there."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import pytest

from pipeline.core.route import Route
from pipeline.errors import WrongDeclaration
from pipeline.routes import PROCESS, process_stages
from pipeline.routes._declared import declared

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

HEAD = "from pipeline.core.encode import archive_line\nfrom pipeline.core.route import Route\n"
TOLD = HEAD + 'from pipeline.core.outlet import *\nTYPE = "a.v1"\nROUTE = Route((), (archive_line, {}))\n'
RIGHT = HEAD + 'TYPE = "{}"\nROUTE = Route((), (archive_line,))\n'


@pytest.fixture
def declare(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., dict[str, Route]]]:
    """Writes modules (name to text) into a package of their own, and gives their routes."""
    folder = tmp_path / "shop_routes"
    folder.mkdir()
    (folder / "__init__.py").touch()
    monkeypatch.syspath_prepend(tmp_path)

    def write(**modules: str) -> dict[str, Route]:
        for name, text in modules.items():
            (folder / f"{name}.py").write_text(text)
        return declared([str(folder)], folder.name)

    yield write
    for name in [each for each in sys.modules if each.startswith(folder.name)]:
        del sys.modules[name]


def test_every_file_is_a_route(declare: Callable[..., dict[str, Route]]) -> None:
    """A file more is a type more, whatever the others are; a name with an underscore in front is none."""
    found = declare(
        b_v1=RIGHT.format("b.v1"), shop_a_line_v12=RIGHT.format("shop.a-line.v12"), _shared="raise ValueError\n"
    )
    assert ["b.v1", "shop.a-line.v12"] == list(found)
    assert {Route} == {type(each) for each in found.values()}


@pytest.mark.parametrize(
    ("name", "text", "remedy"),
    [
        ("a_v1", HEAD, r"a_v1\.py: TYPE is None; set it to the name of the event type: words of a-z"),
        ("a_v1", 'TYPE = "A.v1"', r"TYPE is 'A\.v1'; set it"),
        ("a", RIGHT.format("a.v1"), r"a\.py: it declares a\.v1; name the file a_v1\.py"),
        ("a_v1", 'TYPE = "a.v1"\nROUTE = ()', r"ROUTE is \(\); set it to a Route\("),
        ("a_v1", HEAD + 'TYPE = "a.v1"\nROUTE = Route(len, (archive_line,))', r"ROUTE\.transforms is <.*a tuple"),
        ("a_v1", HEAD + 'TYPE = "a.v1"\nROUTE = Route((), (archive_line))', r"ROUTE\.destinations is <.*a comma"),
        ("a_v1", HEAD + 'TYPE = "a.v1"\nROUTE = Route((len, 7), (archive_line,))', r"transforms\[1\] is 7; set it"),
        ("a_v1", HEAD + 'TYPE = "a.v1"\nROUTE = Route((), ())', r"ROUTE\.destinations are none; name at least one"),
        (
            "a_v1",
            TOLD.format('to_topic("Alerts")'),
            r"destinations\[1\] is to_topic\(\"Alerts\"\), which .* \(AlertsTopic, ",
        ),
        ("a_v1", TOLD.format('to_queue("AlertsTopic")'), r"a topic: set it to to_topic\(\"AlertsTopic\"\)"),
    ],
)
def test_wrong(declare: Callable[..., dict[str, Route]], name: str, text: str, remedy: str) -> None:
    """A declaration that cannot be right fails at import, with the file, the place and the remedy."""
    with pytest.raises(WrongDeclaration, match=remedy):
        declare(**{name: text})


def test_a_schema_without_a_route() -> None:
    """A function does not start with a type that nobody said what to do with."""
    schemas: dict[str, dict[str, object]] = {name: {} for name in PROCESS}
    with pytest.raises(WrongDeclaration, match=r"schemas/of\.no-route\.v1\.json has no route; .*of_no_route_v1\.py"):
        process_stages({**schemas, "of.no-route.v1": {}})
