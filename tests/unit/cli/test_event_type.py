"""Naming an event type on the command line."""

from pathlib import Path

import pytest

from pipeline.cli.event_type import check, known
from pipeline.errors import InputError


def test_known_types_are_the_schemas(tmp_path: Path) -> None:
    """A file `<type>.json` is a type; what else lies there is none."""
    for name in ("log.v1.json", "change.v1.json", "README.md"):
        (tmp_path / name).touch()

    assert ["change.v1", "log.v1"] == known(tmp_path)


def test_types_of_the_project_are_known() -> None:
    """The two that it ships with are among them."""
    assert {"log.v1", "change.v1"} <= set(known())


def test_a_known_type_passes() -> None:
    """As it is."""
    assert "log.v1" == check("log.v1", ["change.v1", "log.v1"])


@pytest.mark.parametrize(
    ("name", "types", "expected"),
    [
        (
            "log.v2",
            ["change.v1", "log.v1"],
            "there is no event type 'log.v2'; did you mean log.v1? (known: change.v1, log.v1)",
        ),
        ("zebra", ["change.v1", "log.v1"], "there is no event type 'zebra' (known: change.v1, log.v1)"),
        ("log.v1", [], "there is no event type 'log.v1' (known: none)"),
    ],
)
def test_an_unknown_type_is_told_with_the_closest(name: str, types: list[str], expected: str) -> None:
    """One line that helps."""
    with pytest.raises(InputError) as caught:
        check(name, types)

    assert expected == str(caught.value)
