"""How a step looks."""

from __future__ import annotations

import click
import pytest
from click.testing import CliRunner

from pipeline.aws.cloudformation.progress import Step
from pipeline.cli.steps import tell


@click.command()
@click.argument("status")
def show(status: str) -> None:
    """Tell one step."""
    tell(Step("Table", status, "AWS::DynamoDB::Table"))


@pytest.mark.parametrize(
    ("status", "code"),
    [
        ("CREATE_COMPLETE", "\x1b[32m"),
        ("UPLOADED", "\x1b[32m"),
        ("CREATE_IN_PROGRESS", "\x1b[2m"),
        ("ROLLBACK_IN_PROGRESS", "\x1b[33m"),
        ("UPDATE_ROLLBACK_COMPLETE", "\x1b[33m"),
        ("CREATE_FAILED", "\x1b[31m"),
    ],
)
def test_colour(status: str, code: str) -> None:
    """Done is green, under way is dim, rolled back is yellow, failed is red."""
    assert code in CliRunner().invoke(show, [status], color=True).stderr


def test_no_colour_in_a_pipe() -> None:
    """A step that goes to a file is a plain line on stderr."""
    result = CliRunner().invoke(show, ["CREATE_COMPLETE"])

    assert f"{Step('Table', 'CREATE_COMPLETE', 'AWS::DynamoDB::Table')}\n" == result.stderr
    assert "" == result.stdout
