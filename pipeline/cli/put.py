"""`pipeline put`: the lines of files, or of stdin, onto the stream."""

from __future__ import annotations

import hashlib
from contextlib import ExitStack
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

from pipeline.aws.claims import open_claims
from pipeline.aws.kinesis import KinesisStream
from pipeline.cli import event_type
from pipeline.cli.options import aws_options, stack_option
from pipeline.cli.shipping.dry_run import CountingClaims, CountingStream, Preview
from pipeline.cli.shipping.follow.run import check_names, follow
from pipeline.cli.shipping.follow.store import Store
from pipeline.cli.shipping.inputs import Inputs
from pipeline.cli.shipping.once import ship
from pipeline.cli.shipping.progress import shown
from pipeline.cli.shipping.reading import Reader
from pipeline.cli.shipping.rejects import Rejects
from pipeline.cli.shipping.shipper import Shipper
from pipeline.cli.shipping.sources import local_to_utc
from pipeline.cli.shipping.stopping import stopping
from pipeline.cli.shipping.tally import Tally, lines, say
from pipeline.cli.stack_output import stack_output
from pipeline.core import formats
from pipeline.core.chunk import MAX_RECORD_BYTES
from pipeline.core.claim import MAX_CLAIM_BYTES
from pipeline.core.log_line import LOG_TYPE, LogLines
from pipeline.library import AGGREGATED

if TYPE_CHECKING:
    from pipeline.aws.clients import Clients
    from pipeline.ports import RecordStream
    from pipeline.producer import Options
    from pipeline.producer.settings import Oversize

_RAW: Final = "--raw ships lines as they are: it takes no --key, no --type and no --format"
_WHOSE_CLAIMS: Final = (
    "a consumer fetches claims from one bucket only: with --stream, name that of its consumer with --claims-bucket"
)


@click.command()
@click.argument("files", nargs=-1, required=True, metavar="FILE... | FOLDER... | 'PATTERN'... | -")
@click.option(
    "--type",
    "type_name",
    default=LOG_TYPE,
    show_default=True,
    metavar="TYPE",
    callback=event_type.one,
    help="Type of the events. Of another type than log.v1, a record of JSON or CSV is the data itself; a line of a log "
    "(access log, syslog, logfmt) is log data, which must follow the type's schema.",
)
@click.option(
    "--format",
    "format_name",
    type=click.Choice(formats.NAMES),
    help="Format of the lines; default: what the beginning of each file looks like.",
)
@click.option("--key", "key_field", metavar="FIELD", help="Keep lines in order that have the same value in this field.")
@click.option("--ordered", "is_ordered", is_flag=True, help="Keep all lines of a file in order.")
@click.option(
    "--aggregate/--no-aggregate",
    "is_aggregated",
    default=True,
    show_default=True,
    help=f"Let events of {' and '.join(sorted(AGGREGATED))} share records of the stream (KPL format); whatever else is "
    "shipped has its own.",
)
@click.option(
    "--oversize",
    type=click.Choice(["refuse", "claim-check"]),
    default="refuse",
    show_default=True,
    help="What becomes of a line above 1 MiB: it is refused, or its data (up to 8 MiB) are left in S3.",
)
@click.option("--claims-bucket", metavar="NAME", help="The bucket of --oversize claim-check; default: the stack's.")
@click.option("--raw", "is_raw", is_flag=True, help="Ship lines as they are, without an envelope.")
@click.option(
    "--rejects",
    "rejects_path",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Add lines that are not of the format, or cannot be shipped, to this file. Default: what is not of the format "
    "is shipped as text, with the reason in parse_error.",
)
@click.option("--follow", "is_followed", is_flag=True, help="Go on with what comes; remember the place over restarts.")
@click.option(
    "--state",
    "state_folder",
    type=click.Path(path_type=Path, file_okay=False),
    metavar="DIR",
    help="Where --follow remembers; default: kinesis-pipeline in the user's folder for state (XDG_STATE_HOME).",
)
@click.option(
    "--state-home",
    envvar="XDG_STATE_HOME",
    type=click.Path(path_type=Path),
    default=Path("~/.local/state"),
    hidden=True,
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
    oversize: Oversize,
    claims_bucket: str | None,
    rejects_path: Path | None,
    state_folder: Path | None,
    state_home: Path,
    stream_name: str | None,
    stack: str,
    *,
    is_ordered: bool,
    is_aggregated: bool,
    is_raw: bool,
    is_dry_run: bool,
    is_followed: bool,
) -> int:
    """Ship the lines of files, or of stdin, to the stream.

    \b
    pipeline put /var/log/dpkg.log             lines of text, with the time and severity they name
    pipeline put access.log.gz 'logs/*.log'    formats and compression are told by what is in the file
    pipeline put --dry-run access.log          what would be sent, and what it would cost a month
    pipeline put --follow '/var/log/app/*.log' as they come, through rotation, on from the same place after a restart
    journalctl -f | pipeline put -             the same of a pipe, without a place
    pipeline put --key user events.ndjson      JSON lines; those of one user stay in order
    pipeline put --type access_log.v1 access.log   as web access logs: user agents, places, masked addresses

    A line that is a CloudEvents object is shipped as the event it is. Any other line becomes a log.v1 event, or one of
    --type. The same unchanged file put twice has no second effect.

    Lines carry their time and place and are sorted by them where they are read; on the stream they have no order.
    --key and --ordered give them one, through outages, throttling and resharding. It costs nothing where lines share
    records; what travels alone (--no-aggregate, --raw, a type that is no log, lines that are events already) is sent
    one by one for each key, about 100 a second.

    An outage is waited for: a minute, and --follow waits for as long as it takes.

    Exit code 0 when every line was accepted, 1 when not, 130 after Ctrl-C. --follow is ended by SIGTERM, with 0 when
    all that was read was accepted.
    """  # noqa: D301 - \b keeps click from folding the lines
    is_claimed = oversize == "claim-check"
    for is_wrong, why in (
        (is_raw and (key_field or format_name or type_name != LOG_TYPE), _RAW),
        (is_ordered and key_field, "--ordered and --key are two orders: give one"),
        (is_followed and is_dry_run, "--dry-run looks at what is there: leave --follow out"),
        (is_raw and is_claimed, "--raw ships lines as they are: --oversize claim-check cannot take them apart"),
        (claims_bucket and not is_claimed, "--claims-bucket is for --oversize claim-check: give both, or neither"),
        (is_claimed and stream_name and not (claims_bucket or is_dry_run), _WHOSE_CLAIMS),
        (state_folder and not is_followed, "--state is where --follow remembers: give both, or neither"),
    ):
        if is_wrong:
            raise click.UsageError(why)
    make = partial(
        LogLines,
        to_utc=local_to_utc,
        event_type=type_name,
        validator=event_type.validator(type_name),
        key_field=key_field,
        is_ordered=is_ordered,
        is_raw=is_raw,
        on_unparsed="text" if rejects_path is None else "reject",
    )
    limit_bytes = MAX_CLAIM_BYTES if is_claimed else MAX_RECORD_BYTES
    reader = Reader(make, format_name, type_name, is_raw=is_raw, limit_bytes=limit_bytes)
    options: Options = {"aggregate": AGGREGATED if is_aggregated else (), "oversize": oversize, "claims": None}
    if is_dry_run:
        return _dry_run(files, reader, options)
    if is_followed:
        check_names(files)
    name = stream_name or stack_output(clients, stack, "StreamName")
    stream = KinesisStream(clients.kinesis, name)
    stream.check()
    if is_claimed:
        options["claims"] = open_claims(claims_bucket or stack_output(clients, stack, "ClaimsBucketName"), clients)
    folder = state_folder or state_home.expanduser() / "kinesis-pipeline"
    store = Store(folder / f"{name}-{_digest(_target(clients, name))}.json") if is_followed else None
    return _ship(files, stream, reader, rejects_path, store, options)


def _ship(
    files: tuple[str, ...],
    stream: RecordStream,
    reader: Reader,
    rejects_path: Path | None,
    store: Store | None,
    options: Options,
) -> int:
    """Ship, or follow where there is a store; tell how it goes and what became of it."""
    tally = Tally()
    with ExitStack() as until_done:
        rejects = until_done.enter_context(Rejects(rejects_path)) if rejects_path else None
        shipper = Shipper(tally, rejects, limit_bytes=reader.limit_bytes)
        if store is not None:
            until_done.enter_context(store)
        until_done.callback(_tell, tally, rejects)
        with shown(tally), stopping(tally):
            if store is not None:
                follow(files, stream, reader, shipper, store, **options)
            else:
                own = [rejects_path] if rejects_path else []
                ship(Inputs(files, tally.fail, tally.note, own).find(), stream, reader, shipper, **options)
    return tally.exit_code


def _tell(tally: Tally, rejects: Rejects | None) -> None:
    tally.tell()
    if rejects is not None and tally.rejected:
        rejects.sync()
        say(f"rejected and kept in {rejects.path}: {lines(tally.rejected)}")


def _target(clients: Clients, stream_name: str) -> str:
    """What tells the stream from all others: a place in the files is a place on the way to one stream."""
    account = clients.sts.get_caller_identity()["Account"]
    return f"{account} {clients.kinesis.meta.endpoint_url} {stream_name}"


def _digest(target: str) -> str:
    return hashlib.blake2b(target.encode(), digest_size=6).hexdigest()


def _dry_run(files: tuple[str, ...], reader: Reader, options: Options) -> int:
    tally, stream, claims = Tally(), CountingStream(), CountingClaims()
    preview = Preview(tally)
    listened = replace(reader, make=preview.make(reader.make))
    settings: Options = {**options, "claims": claims}
    with stopping(tally):
        found = Inputs(files, tally.fail, tally.note).find()
        shipper = Shipper(tally, tap=preview.tap, limit_bytes=reader.limit_bytes)
        ship(found, stream, listened, shipper, **settings)
    preview.tell(stream.volume, claims)
    return tally.exit_code
