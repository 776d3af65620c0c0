"""`pipeline tail`: processed records as they arrive, from the stream of the results table."""

from __future__ import annotations

import re
import select
import sys
from datetime import UTC, datetime, timedelta
from itertools import islice
from typing import TYPE_CHECKING, Final

import click

from pipeline.aws.dynamodbstreams import RETENTION, follow, processed, stream_of
from pipeline.cli import event_type
from pipeline.cli.behind import Behind
from pipeline.cli.display import Display
from pipeline.cli.options import aws_options, stack_option
from pipeline.cli.pipes import hush
from pipeline.cli.stack_output import stack_output
from pipeline.errors import Retryable

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from mypy_boto3_dynamodbstreams.type_defs import RecordTypeDef

    from pipeline.aws.clients import Clients
    from pipeline.model import Json

_SPAN: Final = re.compile(r"(\d{1,6})([smhd])", re.ASCII)
_UNITS: Final = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}


def _since(_context: click.Context, _parameter: click.Parameter, value: str | None) -> datetime | None:
    return None if value is None else parse_since(value, datetime.now(UTC))


def parse_since(text: str, now: datetime) -> datetime:
    """The time that `10m` or an RFC 3339 time means. Raises click.BadParameter."""
    if span := _SPAN.fullmatch(text):
        try:
            return now - timedelta(**{_UNITS[span[2]]: int(span[1])})
        except OverflowError:
            raise click.BadParameter(f"{text} is too far back") from None
    try:
        since = datetime.fromisoformat(text)
    except ValueError:
        since = None
    if since is None or since.tzinfo is None:
        raise click.BadParameter(f"{text!r} is neither a span such as 30s, 10m, 2h or 1d, nor an RFC 3339 time")
    if since > now:
        raise click.BadParameter(f"{text} is still to come")
    return since


@click.command()
@click.option(
    "--type",
    "types",
    multiple=True,
    metavar="TYPE",
    callback=event_type.several,
    help="Show this event type only; can be given several times.",
)
@click.option(
    "--since",
    metavar="SPAN|TIME",
    callback=_since,
    help="Begin with what was processed since then: 30s, 10m, 2h, 1d or an RFC 3339 time; at most 24 hours. "
    "Default: from now on.",
)
@click.option("--json", "is_json", is_flag=True, help="One JSON object a line; the default when not on a terminal.")
@click.option("--limit", type=click.IntRange(1), metavar="N", help="End after this many.")
@click.option("--table", metavar="NAME", help="The results table; default: the stack's.")
@stack_option
@aws_options
def command(
    clients: Clients,
    types: frozenset[str],
    since: datetime | None,
    limit: int | None,
    table: str | None,
    stack: str,
    *,
    is_json: bool,
) -> int:
    """Follow the processed records as they arrive.

    \b
    pipeline tail                                 all of them, from now on
    pipeline tail --since 10m --type log.v1       logs of the last ten minutes, and what comes next
    pipeline tail --json | jq .data.body          one JSON object a line

    Reads the stream of the results table, where each event appears once, when it was written. Says when it is more than
    half a minute behind, and at its end how to go on. Exit code 0 at the limit
    or when the reader of the output has gone, 130 after Ctrl-C.
    """  # noqa: D301 - \b keeps click from folding the lines
    if table is None:
        stream_arn, what = stack_output(clients, stack, "ResultsTableStreamArn"), f"stack {stack}"
    else:
        stream_arn, what = stream_of(clients.dynamodb, table), f"table {table}"
    batches, behind = follow(clients.dynamodbstreams, stream_arn, since, tell=_tell), Behind(_tell, since)
    _tell(f"following {' and '.join(sorted(types)) or 'all'} records of {what}, {_from(since)} (Ctrl-C ends it)")
    display = Display(as_json=is_json or None)
    try:
        for event in islice(events(behind.watch(batches), types), limit):
            display.event(event)
    except KeyboardInterrupt:
        _tell(behind.go_on)
        return 130
    except Retryable as error:
        raise Retryable(f"{error}; {behind.go_on}") from error
    except BrokenPipeError:
        hush()
    return 0


def events(batches: Iterable[list[RecordTypeDef]], types: frozenset[str]) -> Iterator[dict[str, Json]]:
    """The events of these types (of all, where none is named), for as long as somebody reads."""
    for records in batches:
        for event in filter(None, map(processed, records)):
            if not types or event.get("type") in types:
                yield event
        if not records and _reader_is_gone():
            return


def _from(since: datetime | None) -> str:
    if since is None:
        return "from now on"
    if datetime.now(UTC) - since > RETENTION:
        return "from the beginning of its stream: it holds 24 hours"
    return f"since {since.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC"


def _reader_is_gone() -> bool:
    """Whether the other end of a pipe has been closed (`pipeline tail | head`): otherwise only writing would tell."""
    try:
        descriptor = sys.stdout.fileno()
    except (OSError, ValueError):
        return False
    poller = select.poll()
    poller.register(descriptor, 0)
    return any(event & (select.POLLERR | select.POLLHUP) for _, event in poller.poll(0))


def _tell(line: str) -> None:
    click.echo(line, err=True)
