"""`pipeline local`: LocalStack on this machine."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import click

from pipeline import emulator
from pipeline.emulator import containers, logs
from pipeline.emulator.layout import layout
from pipeline.emulator.lifecycle import running
from pipeline.project import project_root

if TYPE_CHECKING:
    from pipeline.emulator import Status

READY = {"available", "running"}

state_option = click.option(
    "--state",
    type=click.Path(file_okay=False, path_type=Path),
    metavar="FOLDER",
    help="Where this LocalStack keeps its log and files, for several side by side; default: .pipeline/localstack/run.",
)


@click.group()
def command() -> None:
    """Run LocalStack on this machine, without Docker or with it.

    \b
    pipeline local up                    install it the first time, start it, wait until it answers
    pipeline local up --port 4567        on another port
    pipeline local logs --follow         what it prints
    pipeline local down                  stop it; what it held is gone
    """  # noqa: D301 - \b keeps click from folding the lines


@command.command()
@click.option(
    "--port", default=emulator.DEFAULT_PORT, show_default=True, type=click.IntRange(1, 65535), help="Port of 127.0.0.1."
)
@click.option(
    "--timeout",
    default=emulator.DEFAULT_TIMEOUT_SECONDS,
    show_default=True,
    type=click.FloatRange(min=0, min_open=True),
    metavar="SECONDS",
    help="Time for the start, after the installation.",
)
@click.option("--docker", is_flag=True, help="Run it in a container, with docker-compose.localstack.yml.")
@click.option(
    "--java-home",
    envvar="JAVA_HOME",
    show_envvar=True,
    type=click.Path(path_type=Path),
    metavar="FOLDER",
    help="Java to use, of version 17 or newer; else the one on PATH, else one is installed.",
)
@state_option
@click.pass_context
def up(
    ctx: click.Context, port: int, timeout: float, java_home: Path | None, state: Path | None, *, docker: bool
) -> None:
    """Start LocalStack and wait until it answers. Prints the endpoint."""
    options = emulator.Options(timeout, java_home, docker)
    started = emulator.up(project_root(), port=port, state=state, options=options, report=_tell)
    _tell(f"LocalStack is {'up' if started.started else 'running already'}; its log: {started.log_path}")
    asked = ctx.get_parameter_source("port") is click.core.ParameterSource.COMMANDLINE
    if asked and urlsplit(started.endpoint_url).port != port:
        own = "" if state is None else f" --state {state}"
        _tell(
            f"it is not on port {port}: for that, first `pipeline local down{own}`; or beside it, with another --state"
        )
    # --local finds the user's own, and no other.
    way = "--local" if state is None else f"--endpoint-url {started.endpoint_url} after the next two lines"
    _tell(f"use it with {way}, or from any AWS tool:")
    _tell(f"  export AWS_ENDPOINT_URL={started.endpoint_url} AWS_DEFAULT_REGION=us-east-1")
    _tell("  export AWS_ACCESS_KEY_ID=test AWS_SECRET_ACCESS_KEY=test")
    click.echo(started.endpoint_url)


@command.command()
@state_option
def down(state: Path | None) -> None:
    """Stop LocalStack and all that it has started."""
    _tell(emulator.down(project_root(), state=state))


@command.command()
@click.option("--json", "as_json", is_flag=True, help="One JSON object.")
@state_option
@click.pass_context
def status(ctx: click.Context, state: Path | None, *, as_json: bool) -> None:
    """Tell whether LocalStack runs, and where. Exit code 3 when it does not."""
    found = emulator.status(project_root(), state=state)
    click.echo(json.dumps(asdict(found), default=str) if as_json else "\n".join(_rows(found)))
    if not found.up:
        ctx.exit(3)


@command.command(name="logs")
@click.option("--follow", "-f", is_flag=True, help="Go on with what it prints, until interrupted.")
@click.option("-n", "last", type=click.IntRange(0), metavar="N", help="Only the last N lines.")
@state_option
def print_logs(last: int | None, state: Path | None, *, follow: bool) -> None:
    """Print LocalStack's log."""
    place = layout(project_root(), state)
    run = running(place)
    try:
        if run is not None and run.docker:
            options = ["--follow"] if follow else []
            containers.compose(
                place, "logs", "--no-log-prefix", *options, "--tail", "all" if last is None else str(last)
            )
            return
        for line in logs.lines(place.log, last, follow=follow):
            click.echo(line, nl=False)
    except KeyboardInterrupt:
        return


def _rows(found: Status) -> list[str]:
    if not found.up:
        state = f"does not answer at {found.endpoint_url}" if found.endpoint_url else "is not running"
        return [f"LocalStack {state}", f"log        {found.log_path}"]
    ready = sorted(name for name, state in found.services.items() if state in READY)
    in_use = sorted(name for name, state in found.services.items() if state == "running")
    rows = {
        "endpoint": found.endpoint_url,
        "version": found.version,
        "pid": found.pid or "in Docker",
        "services": f"{len(ready)} of {len(found.services)} ready; in use: {', '.join(in_use) or 'none yet'}",
        "functions": "in Docker" if found.environments is None else f"{found.environments} execution environments",
        "log": found.log_path,
    }
    return [f"{name:10} {value}" for name, value in rows.items()]


def _tell(line: str) -> None:
    click.echo(line, err=True)
