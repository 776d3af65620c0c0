"""`pipeline schema check`."""

from __future__ import annotations

from pathlib import Path

import click
import orjson

from pipeline.project import SCHEMAS
from pipeline.schema import check as checking
from pipeline.schema.document import read_folder
from pipeline.schema.released import last_tag, released


@click.command()
@click.option(
    "--against",
    metavar="REV",
    help="A git revision: what is there was released, and no edit since may break it. Default: the last tag.",
)
@click.option(
    "--schemas",
    "folder",
    type=click.Path(path_type=Path),
    default=SCHEMAS,
    metavar="FOLDER",
    help="Default: the project's.",
)
@click.option("--json", "is_json", is_flag=True, help="One JSON object a finding, on stdout.")
def check(against: str | None, folder: Path, *, is_json: bool) -> int:
    """Check every schema, run its examples, and compare it with what was released.

    \b
    pipeline schema check                      compares with the last tag, if there is one
    pipeline schema check --against main       before a merge
    pipeline schema check --json | jq .        type, pointer, text, breaks, is_fault

    To refuse what was accepted breaks writers, and a replay of the archive. To accept what was refused breaks readers.
    A property more that nobody has to send breaks nobody. What cannot be decided counts as a break. A break needs a
    new version of the type: orders.v2.json beside orders.v1.json, each with its route.

    Exit code 0: all is well; 1: something has to be changed; 2: wrong usage.
    """  # noqa: D301 - \b keeps click from folding the lines
    files = read_folder(folder)
    revision = against or last_tag(folder)
    before = {} if revision is None else released(folder, revision)
    said = checking.check(files, before)
    for each in said:
        if is_json:
            click.echo(orjson.dumps(each._asdict()))
        else:
            click.echo(click.style(str(each), fg="red" if each.is_fault else "yellow"))
    faults = sum(each.is_fault for each in said)
    click.echo(f"{len(files)} schemas, {faults} to change; {_compared(revision, len(before))}", err=True)
    return 1 if faults else 0


def _compared(revision: str | None, count: int) -> str:
    if revision is None:
        return "no tag yet, so nothing counts as released (--against REV compares)"
    return f"compared with {count} of {revision}"
