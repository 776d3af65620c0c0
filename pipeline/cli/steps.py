"""How the steps of a deployment look: one line each on stderr, coloured on a terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from pipeline.aws.cloudformation.progress import Step


def tell(step: Step) -> None:
    """Print a step."""
    click.echo(click.style(str(step), fg=_colour(step), dim=step.status.endswith("_IN_PROGRESS")), err=True)


def _colour(step: Step) -> str | None:
    if step.failed:
        return "red"
    if "ROLLBACK" in step.status:
        return "yellow"
    return None if step.status.endswith(("_IN_PROGRESS", "BUILDING")) else "green"
