"""`pipeline schema`: the schemas of event types."""

import click

from pipeline.cli.schema.check import check
from pipeline.cli.schema.infer import infer


@click.group()
def command() -> None:
    """Check the schemas of event types, or propose one from records.

    \b
    pipeline schema check                         are they well made, and are their examples right?
    pipeline schema check --against v1.2.0        and does no edit since then break writers or readers?
    pipeline schema infer orders.ndjson           a schema for these records
    """  # noqa: D301 - \b keeps click from folding the lines


command.add_command(check)
command.add_command(infer)
