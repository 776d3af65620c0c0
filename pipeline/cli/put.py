"""`pipeline put`: the lines of files, or of stdin, onto the stream."""

from __future__ import annotations

from contextlib import ExitStack
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import click

from pipeline.aws.kinesis import KinesisStream
from pipeline.cli import event_type
from pipeline.cli.options import aws_options, stack_option
from pipeline.cli.shipping.dry_run import CountingStream, Preview
from pipeline.cli.shipping.inputs import Inputs
from pipeline.cli.shipping.once import ship
from pipeline.cli.shipping.progress import shown
from pipeline.cli.shipping.reading import Reader
from pipeline.cli.shipping.rejects import Rejects
from pipeline.cli.shipping.shipper import Shipper
from pipeline.cli.shipping.sources import local_to_utc
from pipeline.cli.shipping.stopping import stopping
from pipeline.cli.shipping.tally import Tally
from pipeline.cli.stack_output import stack_output
from pipeline.core import formats
from pipeline.core.log_line import LOG_TYPE, LogLines

if TYPE_CHECKING:
    from pipeline.aws.clients import Clients


@click.command()
@click.argument("files", nargs=-1, required=True, metavar="FILE... | FOLDER... | 'PATTERN'... | -")
@click.option(
    "--type",
    "type_name",
    default=LOG_TYPE,
    show_default=True,
    metavar="TYPE",
    callback=event_type.one,
    help="Type of the events. Of another type than log.v1, each line is the data itself, a JSON object.",
)
@click.option(
    "--format",
    "format_name",
    type=click.Choice(formats.NAMES),
    help="Format of the lines; default: what the beginning of each file looks like.",
)
@click.option("--key", "key_field", metavar="FIELD", help="Keep lines in order that have the same value in this field.")
@click.option("--ordered", "is_ordered", is_flag=True, help="Keep all lines of a file in order (one call a line).")
@click.option("--raw", "is_raw", is_flag=True, help="Ship lines as they are, without an envelope.")
@click.option(
    "--rejects",
    "rejects_path",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Add lines that are not of the format, or cannot be shipped, to this file. Default: what is not of the format "
    "is shipped as text, with the reason in parse_error.",
)
@click.option("--dry-run", "is_dry_run", is_flag=True, help="Show the first events and the cost; send nothing.")
@click.option("--stream", "stream_name", metavar="NAME", help="The Kinesis stream; default: the stack's.")
@stack_option
@aws_options
def command(  # noqa: PLR0917 - an option is an argument
    clients: Clients,
    files: tuple[str, ...],
    type_name: str,
    format_name: str | None,
    key_field: str | None,
    rejects_path: Path | None,
    stream_name: str | None,
    stack: str,
    *,
    is_ordered: bool,
    is_raw: bool,
    is_dry_run: bool,
) -> int:
    """Ship the lines of files, or of stdin, to the stream.

    \b
    pipeline put /var/log/dpkg.log             lines of text, with the time and severity they name
    pipeline put access.log.gz 'logs/*.log'    formats and compression are told by what is in the file
    pipeline put --dry-run access.log          what would be sent, and what it would cost a month
    tail -F app.log | pipeline put -           as they come, within a second
    pipeline put --key user events.ndjson      JSON lines; those of one user stay in order

    A line that is a CloudEvents object is shipped as the event it is. Any other line becomes a log.v1 event. The same
    unchanged file put twice has no second effect.

    Lines carry their time and place and are sorted by them where they are read; on the stream they have no order.
    --key and --ordered give them one: lines of one key are sent one by one, each when the one before it is accepted,
    about 100 a second for each key.

    Exit code 0 when every line was accepted, 1 when not, 130 after Ctrl-C.
    """  # noqa: D301 - \b keeps click from folding the lines
    if is_raw and (key_field is not None or type_name != LOG_TYPE or format_name is not None):
        raise click.UsageError("--raw ships lines as they are: it takes no --key, no --type and no --format")
    if is_ordered and key_field is not None:
        raise click.UsageError("--ordered and --key are two orders: give one")
    make = partial(
        LogLines,
        to_utc=local_to_utc,
        event_type=type_name,
        key_field=key_field,
        is_ordered=is_ordered,
        is_raw=is_raw,
        on_unparsed="text" if rejects_path is None else "reject",
    )
    reader = Reader(make, format_name, is_raw=is_raw)
    if is_dry_run:
        return _dry_run(files, reader)
    stream = KinesisStream(clients.kinesis, stream_name or stack_output(clients, stack, "StreamName"))
    stream.check()
    tally = Tally()
    with ExitStack() as open_files:
        rejects = open_files.enter_context(Rejects(rejects_path)) if rejects_path else None
        try:
            with shown(tally), stopping(tally):
                ship(Inputs(files, tally.fail, tally.note).find(), stream, reader, Shipper(tally, rejects))
        finally:
            tally.tell()
            if rejects is not None and tally.rejected:
                click.echo(f"{tally.rejected:,} rejected lines were added to {rejects_path}", err=True)
    return tally.exit_code


def _dry_run(files: tuple[str, ...], reader: Reader) -> int:
    tally, stream = Tally(), CountingStream()
    preview = Preview(tally)
    listened = Reader(preview.make(reader.make), reader.format, is_raw=reader.is_raw)
    with stopping(tally):
        ship(Inputs(files, tally.fail, tally.note).find(), stream, listened, Shipper(tally, tap=preview.tap))
    preview.tell(stream.volume)
    return tally.exit_code
