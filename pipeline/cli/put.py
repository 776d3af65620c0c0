"""`pipeline put`: the lines of files, or of stdin, onto the stream."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import click

from pipeline.aws.kinesis import KinesisStream
from pipeline.cli import event_type
from pipeline.cli.options import aws_options, stack_option
from pipeline.cli.shipping import ship
from pipeline.cli.sources import local_to_utc
from pipeline.cli.stack_output import stack_output
from pipeline.core.log_line import LOG_TYPE, LogLines

if TYPE_CHECKING:
    from pipeline.aws.clients import Clients
    from pipeline.cli.sources import Source


@click.command()
@click.argument("files", nargs=-1, required=True, metavar="FILE... | -")
@click.option(
    "--type",
    "type_name",
    default=LOG_TYPE,
    show_default=True,
    metavar="TYPE",
    callback=event_type.one,
    help="Type of the events. Of another type than log.v1, each line is the data itself, a JSON object.",
)
@click.option("--key", "key_field", metavar="FIELD", help="Keep lines in order that have the same value in this field.")
@click.option("--ordered", "is_ordered", is_flag=True, help="Keep all lines of a file in order (one call a line).")
@click.option("--raw", "is_raw", is_flag=True, help="Ship lines as they are, without an envelope.")
@click.option("--stream", "stream_name", metavar="NAME", help="The Kinesis stream; default: the stack's.")
@stack_option
@aws_options
def command(
    clients: Clients,
    files: tuple[str, ...],
    type_name: str,
    key_field: str | None,
    stream_name: str | None,
    stack: str,
    *,
    is_ordered: bool,
    is_raw: bool,
) -> int:
    """Ship the lines of files, or of stdin, to the stream.

    \b
    pipeline put /var/log/dpkg.log           lines of text, with the time and severity they name
    tail -F app.log | pipeline put -         as they come, within a second
    pipeline put --key user events.ndjson    JSON lines; those of one user stay in order

    A line that is a CloudEvents object is shipped as the event it is. Any other line becomes a log.v1 event. The same
    unchanged file put twice has no second effect.

    Lines carry their time and place and are sorted by them where they are read; on the stream they have no order.
    --key and --ordered give them one: lines of one key are sent one by one, each when the one before it is accepted,
    about 100 a second for each key.

    Exit code 0 when every line was accepted, 1 when not, 130 after Ctrl-C.
    """  # noqa: D301 - \b keeps click from folding the lines
    if is_raw and (key_field is not None or type_name != LOG_TYPE):
        raise click.UsageError("--raw ships lines as they are: it takes no --key and no --type")
    if is_ordered and key_field is not None:
        raise click.UsageError("--ordered and --key are two orders: give one")
    name = stream_name or stack_output(clients, stack, "StreamName")
    stream = KinesisStream(clients.kinesis, name)
    stream.check()
    settings = partial(LogLines, event_type=type_name, key_field=key_field, is_ordered=is_ordered, is_raw=is_raw)

    def reader(source: Source) -> LogLines:
        return settings(source.uri, source.now, local_to_utc, source.salt)

    return ship(files, stream, reader).exit_code
