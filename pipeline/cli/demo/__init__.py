"""`pipeline demo`: real records of this machine through the whole pipeline, and a ledger that must add up."""

from __future__ import annotations

import uuid
from pathlib import Path

import click

from pipeline import emulator
from pipeline.aws.clients import Clients
from pipeline.cli.demo.run import run
from pipeline.cli.options import DEFAULT_STACK
from pipeline.errors import Incomplete
from pipeline.project import project_root


@click.command()
@click.option("--keep", is_flag=True, help="Leave LocalStack and the stack running, to explore.")
@click.option("--port", type=click.IntRange(1, 65535), default=emulator.DEFAULT_PORT, show_default=True)
@click.option("--state", type=click.Path(file_okay=False, path_type=Path), help="As of `pipeline local up`.")
@click.option("--java-home", envvar="JAVA_HOME", type=click.Path(path_type=Path), help="As of `pipeline local up`.")
def command(port: int, state: Path | None, java_home: Path | None, *, keep: bool) -> None:
    """Run the pipeline on real records of this machine.

    Starts LocalStack, deploys the stack, ships log lines and changes of a table, shows the processed records as they
    arrive (one JSON object a line when piped), and prints the ledger. Exit code 1 when the ledger does not add up.
    """
    root = project_root()
    options = emulator.Options(java_home=java_home)
    running = emulator.up(root, port=port, state=state, report=_tell, options=options)
    try:
        adds_up = run(Clients(running.endpoint_url, local=True), DEFAULT_STACK, running.log_path, uuid.uuid4().hex[:6])
    finally:
        if keep or not running.started:
            _tell_how_to_go_on()
        else:
            emulator.down(root, state=state)
            _tell("LocalStack has stopped; nothing is left running (make demo KEEP=1 leaves it up)")
    if not adds_up:
        raise Incomplete("the ledger does not add up: see the rows above, and the function's log for the reason")


def _tell_how_to_go_on() -> None:
    _tell("")
    _tell("it is all still running:")
    _tell("  .venv/bin/pipeline tail --local --since 1h       the processed records again, and what comes next")
    _tell("  .venv/bin/pipeline put --local FILE              ship a log of your own")
    _tell("  .venv/bin/pipeline local status                  where it is (for the AWS CLI: --endpoint-url)")
    _tell("  .venv/bin/pipeline local down                    stop it, and throw away what it holds")


def _tell(line: str) -> None:
    click.echo(line, err=True)
