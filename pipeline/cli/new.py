"""`pipeline new`: an event type of your own."""

from __future__ import annotations

from typing import TYPE_CHECKING, BinaryIO

import click

from pipeline.cli.schema.infer import from_records
from pipeline.core import event_type
from pipeline.errors import InputError
from pipeline.project import project_root
from pipeline.schema import scaffold

if TYPE_CHECKING:
    from pathlib import Path


@click.command()
@click.argument("name", metavar="TYPE")
@click.option(
    "--from",
    "file",
    type=click.File("rb"),
    metavar="FILE",
    help="Records to propose a schema for, as `schema infer` reads them.",
)
@click.option("--examples", "is_real", is_flag=True, help="Take the first 3 of them as examples, as they are.")
def command(name: str, file: BinaryIO | None, *, is_real: bool) -> None:
    """Begin a new event type: a schema, a route and a test, which pass as they are.

    \b
    pipeline new orders.v1                              begins with an id
    pipeline new orders.v1 --from orders.ndjson         begins with what these records have
    pipeline new orders.v2                              a break of orders.v1 lives beside it

    TYPE is words of a-z and 0-9, joined by . _ or -, then .v and the version. Nothing is overwritten.
    """  # noqa: D301 - \b keeps click from folding the lines
    if not event_type.is_name(name):
        raise click.BadParameter(f"{name!r} is no name of an event type; one is {event_type.FORM}", param_hint="TYPE")
    root = project_root()
    _check_module(root, name)
    scaffold.check_free(root, scaffold.files(name, {}))
    schema = scaffold.beginning(name) if file is None else from_records(name, file, is_real=is_real)
    contents = scaffold.files(name, schema)
    scaffold.write(root, contents)
    for place in contents:
        click.echo(place)
    _, _, test = contents
    click.echo(
        f"say in the schema what an event is, in the route what is done with it, and in the test what becomes of it; "
        f"then:\n  pipeline schema check\n  python -m pytest {test}\n  pipeline deploy, and pipeline put --type {name}",
        err=True,
    )


def _check_module(root: Path, name: str) -> None:
    """Raise InputError for a type that would share its route's file with another: a-b.v1 and a.b.v1 read as one."""
    module = event_type.module_name(name)
    for path in (root / "schemas").glob("*.json"):
        other = path.name.removesuffix(".json")
        if other != name and event_type.module_name(other) == module:
            raise InputError(f"{name} would share pipeline/routes/{module}.py with {other}; take another name")
