"""`pipeline schema infer`."""

from __future__ import annotations

import re
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, Final

import click

from pipeline.core import event_type, formats
from pipeline.core.packed import Damaged
from pipeline.errors import InputError
from pipeline.schema import inference
from pipeline.schema.lint import lint
from pipeline.schema.proposal import proposal
from pipeline.schema.records import Records
from pipeline.schema.scaffold import text_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pipeline.model import Json

_EXAMPLES: Final = 3


def as_type(_context: click.Context, _parameter: click.Parameter, value: str | None) -> str | None:
    """A click callback for the name of a type that need not be there yet."""
    if value is not None and not event_type.is_name(value):
        raise click.BadParameter(f"{value!r} is no name of an event type; one is {event_type.FORM}")
    return value


@click.command()
@click.argument("file", type=click.File("rb"))
@click.option("--type", "name", metavar="TYPE", callback=as_type, help="Default: made of the file's name, as .v1.")
@click.option(
    "--format",
    "format_name",
    type=click.Choice(formats.NAMES),
    help="Format of the records; default: what the beginning of the file looks like.",
)
@click.option("--examples", "is_real", is_flag=True, help="Take the first 3 records as examples, as they are.")
def infer(file: BinaryIO, name: str | None, format_name: str | None, *, is_real: bool) -> None:
    """Propose a schema for the records of FILE (- is stdin).

    \b
    pipeline schema infer orders.ndjson > schemas/orders.v1.json
    pipeline schema infer orders.csv.gz                gzip, zstd, and the formats of `pipeline put`
    pipeline new orders.v1 --from orders.ndjson        the schema, and a route and a test with it

    A row of CSV is an object of texts, and a line of a log is log data, as `pipeline put` makes them.

    Every record follows it: types, what is always there, formats, enums of few repeated texts. Ranges and lengths are
    not made up, and other properties stay allowed. The examples are made up unless --examples is given; names and
    enums are those of the records. Read it before you use it: it knows these records only.
    """  # noqa: D301 - \b keeps click from folding the lines
    wanted = name or type_of_file(file.name)
    click.echo(text_of(from_records(wanted, file, format_name, is_real=is_real)), nl=False)


def from_records(name: str, file: BinaryIO, format_name: str | None = None, *, is_real: bool) -> dict[str, object]:
    """The schema of a type for the records of a file; what could not be read is told. Raises InputError."""
    records = Records(file, format_name)
    first: list[Json] = []
    try:
        found = inference.infer(_keeping(records, first) if is_real else records)
    except Damaged as error:
        raise InputError(f"{file.name}: {error}") from None
    if not records.good:
        why = f"; {records.told[0]}" if records.told else ""
        raise InputError(f"{file.name} holds no record, which is a JSON object, a row of CSV or a line of a log{why}")
    for line in records.told:
        click.echo(f"passed over {line}", err=True)
    click.echo(f"{records.good} records read, {records.bad} lines passed over", err=True)
    description = f"As {records.good} records have it; say here what an event of the type is."
    schema = proposal(name, description, found.schema(), first)
    if faults := lint(name, schema):
        raise InputError(f"no schema can be made of these records: {faults[0]}; make them flatter, or write it by hand")
    return schema


def type_of_file(name: str) -> str:
    """The type that a file of this name may hold: `Orders-2026.ndjson` → `orders-2026.v1`; of none, `records.v1`.

    >>> type_of_file("data/Orders 2026.csv.gz"), type_of_file("orders.v2.json"), type_of_file("<stdin>")
    ('orders-2026.v1', 'orders.v2', 'records.v1')
    """
    stem = Path(name.lower().removesuffix(".gz").removesuffix(".zst")).stem
    if event_type.is_name(stem):
        return stem
    made = re.sub(r"[^a-z0-9]+", "-", stem, flags=re.ASCII).strip("-") + ".v1"
    return made if name != "<stdin>" and event_type.is_name(made) else "records.v1"


def _keeping(records: Records, first: list[Json]) -> Iterator[dict[str, Json]]:
    iterator = iter(records)
    for record in islice(iterator, _EXAMPLES):
        first.append(record)
        yield record
    yield from iterator
