"""Naming an event type on the command line."""

from pathlib import Path

import pytest

from pipeline.cli.event_type import check, known, validator
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


def test_what_data_of_a_type_must_follow(tmp_path: Path) -> None:
    """The schema of the type, if it is one."""
    (tmp_path / "a.v1.json").write_text('{"required": ["id"]}')
    (tmp_path / "b.v1.json").write_text('{"type": 7}')

    assert [True, False] == [validator("a.v1", tmp_path).is_valid(each) for each in ({"id": 1}, {})]
    with pytest.raises(InputError, match=r"^b\.v1\.json is no schema; `pipeline schema check` says why$"):
        validator("b.v1", tmp_path)
