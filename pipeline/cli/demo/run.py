"""The demo itself: deploy, hand over at every door, show, count."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

import click

from pipeline.aws.deploy import deploy
from pipeline.aws.dynamodbstreams import follow, processed
from pipeline.cli.demo import inputs, ledger
from pipeline.cli.demo.doors import DOORS, Hall
from pipeline.cli.demo.ledger import Produced, Seen
from pipeline.cli.demo.table import print_ledger
from pipeline.cli.display import Display

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from pipeline.aws.clients import Clients

ARRIVE_WITHIN_SECONDS: Final = 120.0


def run(clients: Clients, stack: str, emulator_log: Path, name: str) -> bool:
    """Deploy, hand over, show and count; whether the ledger adds up. `name` tells this run's records from earlier ones.

    Raises Incomplete when a door did not take what it was handed.
    """
    outputs = deploy(clients, stack, report=tell)
    started_at = datetime.now(UTC).replace(microsecond=0)  # the stream's own marks are whole seconds
    hall = Hall(clients, outputs, name, inputs.system_log() or emulator_log, emulator_log, tell)
    produced = Produced([door(hall) for door in DOORS])
    _show(clients, outputs, produced, started_at)
    seen = ledger.look(clients, outputs, produced, int(started_at.timestamp() * 1000))
    rows = ledger.rows(produced, seen)
    print_ledger(rows, seen)
    return all(row.adds_up for row in rows)


def tell(line: str) -> None:
    """Tell a line of the story."""
    click.echo(line, err=True)


def _show(clients: Clients, outputs: Mapping[str, str], produced: Produced, since: datetime) -> None:
    """Show what arrives, until all of it is there or the time is up."""
    arrived = Seen()
    give_up_at = time.monotonic() + ARRIVE_WITHIN_SECONDS
    display = Display()
    for records in follow(clients.dynamodbstreams, outputs["ResultsTableStreamArn"], since, tell=tell):
        for event in filter(None, map(processed, records)):
            if arrived.note_stored(event, produced):
                display.event(event)
        for place, letter in ledger.dead_letters(clients, outputs, produced).items():
            if place not in arrived.dead:
                arrived.dead[place] = letter
                display.dead_letter(letter)
        if arrived.has_all(produced):
            return
        if time.monotonic() > give_up_at:
            tell(f"not everything arrived within {ARRIVE_WITHIN_SECONDS:g} seconds")
            return
