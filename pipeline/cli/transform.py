"""`pipeline transform`: what would become of records, without AWS."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import click

from pipeline.cli.shipping.inputs import Inputs
from pipeline.cli.shipping.reading import Reader
from pipeline.cli.shipping.sources import local_to_utc
from pipeline.cli.shipping.tally import Tally, complain, lines, say
from pipeline.cli.trial import explain
from pipeline.cli.trial.counts import Counts
from pipeline.cli.trial.facts import known
from pipeline.cli.trial.reading import LIMIT_BYTES, Chunks
from pipeline.cli.trial.route import load
from pipeline.cli.trial.run import Trial
from pipeline.cli.trial.schemas import read_schemas, stages, type_of
from pipeline.cli.trial.show import Show
from pipeline.core import formats
from pipeline.core.log_line import LOG_TYPE, LogLines
from pipeline.errors import InputError
from pipeline.project import SCHEMAS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pipeline.cli.trial.given import Given


@click.command()
@click.argument("files", nargs=-1, required=True, metavar="FILE... | FOLDER... | 'PATTERN'... | -")
@click.option(
    "--type",
    "type_name",
    metavar="TYPE",
    help="Type of lines that do not say it; default: log.v1, or the TYPE of --route. "
    "Of another type than log.v1, a record of JSON or CSV is the data itself; a line of a log is log data.",
)
@click.option(
    "--route",
    "route_name",
    metavar="FILE.py|MODULE[:NAME]",
    help="Take this ROUTE in place of the registered one of that type.",
)
@click.option(
    "--schemas",
    "folder",
    type=click.Path(path_type=Path),
    default=SCHEMAS,
    metavar="FOLDER",
    help="Default: the project's.",
)
@click.option(
    "--format",
    "format_name",
    type=click.Choice(formats.NAMES),
    help="Format of the lines; default: what the beginning of each file looks like.",
)
@click.option("--key", "key_field", metavar="FIELD", help="The subject of an event is the value of this field.")
@click.option("--ordered", "is_ordered", is_flag=True, help="All lines of a file have one subject.")
@click.option("--raw", "is_raw", is_flag=True, help="Lines are records as they are, without an envelope.")
@click.option("--explain", "is_explained", is_flag=True, help="Show what each stage did to one record.")
@click.option(
    "--line", "line_number", type=click.IntRange(1), metavar="N", help="The one to explain; default: the first."
)
@click.option(
    "--facts",
    "facts",
    multiple=True,
    metavar="FILE|NAME=FILE",
    help="What lookups find: facts as NDJSON or JSON, or an object (countries.csv=FILE) or a GeoIP database "
    "(geoip=FILE.mmdb) by its name; may be given again.",
)
@click.option("--json", "is_json", is_flag=True, help="One JSON object a line; the default when not on a terminal.")
def command(  # noqa: PLR0917 - an option is an argument
    files: tuple[str, ...],
    type_name: str | None,
    route_name: str | None,
    folder: Path,
    format_name: str | None,
    key_field: str | None,
    line_number: int | None,
    facts: tuple[str, ...],
    *,
    is_ordered: bool,
    is_raw: bool,
    is_explained: bool,
    is_json: bool,
) -> int:
    """Run the lines of files, or of stdin, through the pipeline's own stages, and show what would become of them.

    \b
    pipeline transform access.log                            each event before and after, as a diff
    pipeline transform --explain --line 7 access.log         what each stage did to line 7, and what is written where
    pipeline transform --type orders.v1 orders.ndjson > out  NDJSON; the exit code says whether all is well
    pipeline transform --type access_log.v1 access.log       as web access logs
    pipeline transform --route new_route.py orders.ndjson    a route that is not registered yet
    pipeline transform --facts facts.ndjson orders.ndjson    with what lookups find: one a line, {"kind": "table",
                                                             "name": "customers", "key": "42", "fact": {…}}
    aws s3 cp s3://BUCKET/dead-letters/KEY - | pipeline transform -

    Nothing of AWS is needed, and nothing is written. Lines are read as `pipeline put` reads them. A line that is a
    record as Lambda delivers it, a batch of them, or a dead letter is run as that record.

    Exit code 0 when nothing was dead-lettered, nothing waits for a fact, and all could be run; 1 when not, 2 wrong
    usage, 130 after Ctrl-C.
    """  # noqa: D301 - \b keeps click from folding the lines
    for is_wrong, why in (
        (is_raw and (key_field or format_name or type_name or is_ordered), "--raw takes lines as they are, whole"),
        (is_ordered and key_field, "--ordered and --key are two subjects: give one"),
        (line_number and not is_explained, "--line is the one to explain: give --explain too"),
    ):
        if is_wrong:
            raise click.UsageError(why)
    schemas, tried = read_schemas(folder), load(route_name) if route_name else None
    event_type = type_of(type_name, tried, schemas) or LOG_TYPE
    make = partial(
        LogLines,
        to_utc=local_to_utc,
        event_type=event_type,
        key_field=key_field,
        is_ordered=is_ordered,
        is_raw=is_raw,
    )
    reader = Reader(make, format_name, event_type, is_raw=is_raw, limit_bytes=LIMIT_BYTES)
    tally = Tally()

    def skip(given: Given, why: str) -> None:
        tally.refuse(given.file, given.line, why)

    trial = Trial(*stages(schemas, event_type, tried), skip, known(facts))
    return _run(files, reader, trial, tally, Show(is_json or None), (line_number or 0) if is_explained else None)


def _run(files: tuple[str, ...], reader: Reader, trial: Trial, tally: Tally, show: Show, only: int | None) -> int:
    """Run and show all of it, or one line explained; the summary comes whatever happens."""
    counts = Counts()

    def run(chunk: Sequence[Given]) -> None:
        for outcome in trial.run(chunk) if chunk else ():
            counts.add(outcome)
            if only is None:
                show.outcome(outcome)
            elif show.is_json:
                show.json(explain.as_json(outcome, trial.steps(outcome)))
            else:
                show.lines(explain.lines(outcome, trial.steps(outcome)), is_whole=True)
        show.flush()

    chunks = Chunks(reader, tally, run, only)
    is_cut_off = False
    try:
        chunks.read(Inputs(files, tally.fail, tally.note).find())
    except KeyboardInterrupt:
        is_cut_off = True
    if only and not (chunks.is_done or is_cut_off or tally.failed_inputs):
        raise InputError(f"there is no record at line {only}")
    tally.tell_more()
    for line in (*counts.told(trial.seconds), *trial.known.told()):
        say(line)
    if tally.refused:
        complain(f"{lines(tally.refused)} could not be run")
    if is_cut_off:
        return 130
    return 1 if tally.failed_inputs or tally.refused or counts.letters or counts.retried else 0
