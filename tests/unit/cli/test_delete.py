"""`pipeline delete`: asks, and says what is left."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from click.testing import CliRunner

from pipeline.aws.cloudformation.removal import BUCKET, TABLE, Holder
from pipeline.cli import delete

if TYPE_CHECKING:
    from collections.abc import Sequence

HOLDERS = [Holder(TABLE, "s-Table"), Holder(BUCKET, "s-bucket")]


class FakeRemoval:
    """In place of `Removal`: keeps whether data was to go."""

    ran: list[bool] = []  # noqa: RUF012 - each test begins with its own

    def __init__(self, *_: object) -> None:
        """Anything will do."""

    def holders(self) -> Sequence[Holder]:
        """What holds data."""
        return HOLDERS

    def run(self, *, data: bool) -> Sequence[Holder]:
        """Remove."""
        self.ran.append(data)
        return () if data else HOLDERS


@pytest.fixture(autouse=True)
def ran(monkeypatch: pytest.MonkeyPatch) -> list[bool]:
    """What was removed: whether with the data, for each removal."""
    removed: list[bool] = []
    monkeypatch.setattr(FakeRemoval, "ran", removed)
    monkeypatch.setattr(delete, "Removal", FakeRemoval)
    return removed


ARGUMENTS = ["--stack", "s", "--endpoint-url", "http://127.0.0.1:1"]


def test_it_asks_and_names_what_stays(ran: list[bool]) -> None:
    """A yes removes the stack; what stays is on stdout, for a script to read."""
    result = CliRunner().invoke(delete.command, ARGUMENTS, input="y\n")

    assert "Remove stack s at http://127.0.0.1:1, but not s-Table, s-bucket?" in result.stderr
    assert "kept  s-Table  AWS::DynamoDB::Table\nkept  s-bucket  AWS::S3::Bucket\n" == result.stdout
    assert [False] == ran


def test_it_says_when_data_goes(ran: list[bool]) -> None:
    """With --data the question names everything that is lost."""
    result = CliRunner().invoke(delete.command, [*ARGUMENTS, "--data"], input="y\n")

    assert "and everything in s-Table, s-bucket?" in result.stderr
    assert [True] == ran


@pytest.mark.parametrize("answer", ["n\n", "\n", ""])
def test_anything_but_a_yes_removes_nothing(ran: list[bool], answer: str) -> None:
    """A no, an empty answer, or nobody who could answer leaves all as it is."""
    result = CliRunner().invoke(delete.command, [*ARGUMENTS, "--data"], input=answer)

    assert 1 == result.exit_code
    assert [] == ran


def test_yes_does_not_ask(ran: list[bool]) -> None:
    """--yes is for scripts."""
    result = CliRunner().invoke(delete.command, [*ARGUMENTS, "--data", "--yes"])

    assert "" == result.stdout + result.stderr
    assert [True] == ran


def test_a_stack_must_be_named(ran: list[bool]) -> None:
    """No stack is removed by default."""
    assert 2 == CliRunner().invoke(delete.command, ["--yes"]).exit_code
    assert [] == ran
