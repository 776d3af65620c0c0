"""`pipeline deploy`: this checkout as a running stack."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import TYPE_CHECKING

import click

from pipeline import emulator
from pipeline.aws.deploy import Options, prepare
from pipeline.build.target import ARM64, X86_64
from pipeline.cli.options import aws_options, stack_option
from pipeline.cli.steps import tell
from pipeline.cli.trial.schemas import check
from pipeline.project import project_root

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from pipeline.aws.clients import Clients
    from pipeline.aws.cloudformation.changes import Change


class _Parameter(click.ParamType[tuple[str, str]]):
    """KEY=VALUE."""

    name = "KEY=VALUE"

    def convert(
        self, value: str | tuple[str, str], param: click.Parameter | None, ctx: click.Context | None
    ) -> tuple[str, str]:
        if isinstance(value, tuple):
            return value
        key, equals, rest = value.partition("=")
        if not key or not equals:
            self.fail(f"{value!r} is not KEY=VALUE", param, ctx)
        return key, rest


@click.command()
@stack_option
@click.option(
    "--parameter",
    "parameters",
    multiple=True,
    type=_Parameter(),
    help="A parameter of the template; may be given more than once. What is left out stays as it is.",
)
@click.option(
    "--architecture",
    type=click.Choice([ARM64, X86_64]),
    help="What the functions run on; default: arm64, and on LocalStack this machine's.",
)
@click.option("--artifact-bucket", metavar="NAME", help="Upload to this bucket and not to one made for the purpose.")
@click.option("--dry-run", is_flag=True, help="Show what would change, and change nothing.")
@click.option("--json", "as_json", is_flag=True, help="Print the result as JSON.")
@aws_options
def command(
    clients: Clients,
    stack: str,
    parameters: Sequence[tuple[str, str]],
    architecture: str | None,
    artifact_bucket: str | None,
    *,
    dry_run: bool,
    as_json: bool,
) -> None:
    """Build the functions, deploy infra/template.yaml, and print what the stack made.

    \b
    pipeline deploy --local                          onto the LocalStack of `pipeline local up`
    pipeline deploy --stack orders-prod              onto AWS, with your AWS configuration
    pipeline deploy --stack orders-prod --dry-run    what would change
    pipeline deploy --parameter StreamMode=PROVISIONED --parameter ShardCount=4

    Schemas and routes are looked at first: what no function could start with is not deployed. A stack that is up to
    date is left as it is. Tables and buckets outlive their stack; `pipeline delete` removes it.
    """  # noqa: D301 - \b keeps click from folding the lines
    check()
    docker = clients.local and _in_docker()
    options = Options(dict(parameters), architecture, docker=docker, artifact_bucket=artifact_bucket)
    deployment = prepare(clients, stack, report=tell, options=options)
    if dry_run:
        _print_changes(deployment.preview(), as_json=as_json)
    else:
        _print_outputs(deployment.run(), as_json=as_json)


def _in_docker() -> bool:
    found = emulator.status(project_root())
    return found.up and found.environments is None


def _print_outputs(outputs: Mapping[str, str], *, as_json: bool) -> None:
    if as_json:
        click.echo(json.dumps(dict(outputs), indent=2))
        return
    width = max(map(len, outputs), default=0)
    for name, value in outputs.items():
        click.echo(f"{name:<{width}}  {value}")


def _print_changes(changes: Sequence[Change], *, as_json: bool) -> None:
    if as_json:
        click.echo(json.dumps([asdict(change) for change in changes], indent=2))
        return
    if not changes:
        click.echo("no resource changes", err=True)
    for change in changes:
        replaced = {"True": "replaced", "Conditional": "perhaps replaced"}.get(change.replacement, "")
        click.echo(f"{change.action:<7} {change.resource:<28} {change.kind}  {replaced}".rstrip())
