"""`pipeline local`: LocalStack on this machine."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import click

from pipeline import emulator
from pipeline.project import project_root

state_option = click.option(
    "--state",
    type=click.Path(file_okay=False, path_type=Path),
    metavar="FOLDER",
    help="State folder of this LocalStack; default: .pipeline/localstack/run.",
)


@click.group()
def command() -> None:
    """Run LocalStack on this machine, without Docker."""


@command.command()
@click.option("--port", default=emulator.DEFAULT_PORT, show_default=True, type=click.IntRange(1, 65535))
@click.option("--timeout", default=emulator.DEFAULT_TIMEOUT_SECONDS, show_default=True, help="Seconds for the start.")
@click.option("--java-home", envvar="JAVA_HOME", type=click.Path(path_type=Path), hidden=True)
@state_option
def up(port: int, timeout: float, java_home: Path | None, state: Path | None) -> None:
    """Install what is missing, start LocalStack and wait until it answers."""
    running = emulator.up(
        project_root(), port=port, state=state, timeout_seconds=timeout, java_home=java_home, report=_tell
    )
    _tell("LocalStack is up" if running.started else "LocalStack is running already")
    click.echo(running.endpoint_url)
    _tell(f"  export AWS_ENDPOINT_URL={running.endpoint_url} AWS_DEFAULT_REGION=us-east-1")
    _tell("  export AWS_ACCESS_KEY_ID=test AWS_SECRET_ACCESS_KEY=test")


@command.command()
@state_option
def down(state: Path | None) -> None:
    """Stop LocalStack and all that it has started."""
    stopped = emulator.down(project_root(), state=state)
    _tell("LocalStack has stopped" if stopped else "LocalStack is not running")


@command.command()
@click.option("--json", "as_json", is_flag=True, help="One JSON object.")
@state_option
def status(state: Path | None, *, as_json: bool) -> None:
    """Tell whether LocalStack runs, and where. Exit code 3 when it does not."""
    found = emulator.status(project_root(), state=state)
    if as_json:
        click.echo(json.dumps({"up": found.up, "endpoint_url": found.endpoint_url}))
    sys.exit(0 if found.up else 3)


def _tell(line: str) -> None:
    click.echo(line, err=True)
