"""The ledger as a table for people, on stderr."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.console import Console
from rich.table import Table

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pipeline.cli.demo.ledger import Row, Seen

COLUMNS = ("", "produced", "DynamoDB", "S3", "dropped", "dead-lettered", "")


def print_ledger(rows: Sequence[Row], seen: Seen) -> None:
    """Print every row, the total last, and the sum that must come out."""
    table = Table(box=None, pad_edge=False)
    for heading in COLUMNS:
        table.add_column(heading, justify="right" if heading else "left", no_wrap=True)
    for row in rows:
        counts = (row.produced, row.in_dynamodb, row.in_archive, row.dropped, row.dead_lettered)
        mark = "[green]adds up[/]" if row.adds_up else "[bold red]does not add up[/]"
        table.add_row(row.name, *map(str, counts), mark, style="bold" if row is rows[-1] else None)
    console = Console(stderr=True, highlight=False)
    console.print()
    console.print(table)
    console.print(f"archived in {seen.archive_objects} objects, {seen.archive_bytes:,} bytes compressed")
    total = rows[-1]
    console.print(
        f"{total.produced} produced = {total.in_dynamodb} delivered + {total.dropped} dropped on purpose"
        f" + {total.dead_lettered} dead-lettered"
        if total.adds_up
        else f"[bold red]{total.produced} produced, but {total.in_dynamodb} delivered (archived {total.in_archive}), "
        f"{total.dropped} dropped, {total.dead_lettered} dead-lettered[/]"
    )
