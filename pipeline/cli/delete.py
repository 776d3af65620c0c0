"""`pipeline delete`: the end of a stack."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from pipeline.aws.cloudformation import where
from pipeline.aws.cloudformation.removal import Removal
from pipeline.aws.deploy import pace
from pipeline.cli.options import aws_options
from pipeline.cli.steps import tell

if TYPE_CHECKING:
    from pipeline.aws.clients import Clients


@click.command()
@click.option("--stack", required=True, metavar="NAME", help="The deployed stack.")
@click.option("--data", is_flag=True, help="Remove its tables, buckets and undelivered messages too.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@aws_options
def command(clients: Clients, stack: str, *, data: bool, yes: bool) -> None:
    """Remove a stack; its tables, buckets and what lies undelivered stay unless --data is given.

    \b
    pipeline delete --stack orders-test                 asks first; prints the names of what is left
    pipeline delete --stack orders-test --data --yes    all of it
    """  # noqa: D301 - \b keeps click from folding the lines
    removal = Removal(clients, stack, tell, pace(clients))
    holders = removal.holders()
    if not yes:
        kept = "and everything in" if data else "but not"
        names = ", ".join(each.name for each in holders)
        click.confirm(f"Remove stack {stack} {where(clients)}, {kept} {names}?", abort=True, err=True)
    for each in removal.run(data=data):
        click.echo(f"kept  {each.name}  {each.kind}")
