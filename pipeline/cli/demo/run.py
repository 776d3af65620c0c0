"""The demo itself: deploy, ship, show, count."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

import click

from pipeline.aws.deploy import deploy
from pipeline.aws.dynamodbstreams import follow, processed
from pipeline.aws.kinesis import KinesisStream
from pipeline.cli.demo import inputs, ledger
from pipeline.cli.demo.ledger import Produced, Seen
from pipeline.cli.demo.table import print_ledger
from pipeline.cli.display import Display
from pipeline.errors import Incomplete
from pipeline.model import Accepted, Event
from pipeline.producer import Producer

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    from pipeline.aws.clients import Clients
    from pipeline.cli.demo.inputs import Bad
    from pipeline.core.log_line import Shipment
    from pipeline.producer import Report

ARRIVE_WITHIN_SECONDS: Final = 60.0


def run(clients: Clients, stack: str, emulator_log: Path, name: str) -> bool:
    """Deploy, ship, show and count; whether the ledger adds up. `name` tells this run's records from earlier ones."""
    outputs = deploy(clients, stack, report=tell)
    started_at = datetime.now(UTC).replace(microsecond=0)  # the stream's own marks are whole seconds
    produced = _ship(clients, outputs, emulator_log, name)
    _show(clients, outputs, produced, started_at)
    seen = ledger.look(clients, outputs, produced, int(started_at.timestamp() * 1000))
    rows = ledger.rows(produced, seen)
    print_ledger(rows, seen)
    return all(row.adds_up for row in rows)


def tell(line: str) -> None:
    """Tell a line of the story."""
    click.echo(line, err=True)


def _ship(clients: Clients, outputs: Mapping[str, str], emulator_log: Path, name: str) -> Produced:
    """Hand everything over. Raises Incomplete when the stream did not take all of it."""
    logs = [shipment for source in _sources(emulator_log, name) for shipment in source]
    bad, writes = inputs.bad_records(name), inputs.writes(name)
    tell(f"shipping {len(bad):>4} bad records, on purpose: {', '.join(each.reason for each in bad)}")
    tell(f"making   {len(writes):>4} changes in the source table: orders created, updated, deleted")
    accepted = _put(KinesisStream(clients.kinesis, outputs["StreamName"]), bad, logs)
    inputs.carry_out(clients.dynamodb, outputs["SourceTableName"], writes)
    return Produced(
        logs=frozenset(record.id for record, _ in logs if isinstance(record, Event)),
        changes=frozenset((each.order_id, each.op) for each in writes),
        bad={accepted[each.data]: each.reason for each in bad},
    )


def _sources(emulator_log: Path, name: str) -> Iterator[list[Shipment]]:
    for path in filter(None, (inputs.system_log(), emulator_log)):
        lines = list(inputs.log_lines(path, name))
        tell(f"shipping {len(lines):>4} lines of {path}")
        yield lines
    tell(f"shipping {1:>4} line of TRACE, which the route drops on purpose")
    yield [inputs.trace_line(name)]


def _put(stream: KinesisStream, bad: Sequence[Bad], logs: Sequence[Shipment]) -> dict[bytes, str]:
    """Put all onto the stream; the sequence numbers of the bad records."""
    reports: list[Report] = []
    with Producer(stream, reports.append) as producer:
        # The bad ones go first: whatever they held back would be everything.
        for each in bad:
            producer.put(each.data, key=each.reason)
        for record, key in logs:
            producer.put(record, key=key)
    refused = [report for report in reports if not isinstance(report.outcome, Accepted)]
    if refused:
        raise Incomplete(f"{len(refused)} records were not accepted by the stream: {refused[0].outcome}")
    return {
        report.record: report.outcome.sequence_number
        for report in reports
        if isinstance(report.record, bytes) and isinstance(report.outcome, Accepted)
    }


def _show(clients: Clients, outputs: Mapping[str, str], produced: Produced, since: datetime) -> None:
    """Show what arrives, until all of it is there or the time is up."""
    arrived, dead = Seen(), set[str]()
    give_up_at = time.monotonic() + ARRIVE_WITHIN_SECONDS
    display = Display()
    for records in follow(clients.dynamodbstreams, outputs["ResultsTableStreamArn"], since, tell=tell):
        for event in filter(None, map(processed, records)):
            if arrived.stored(event, produced):
                display.event(event)
        for number, letter in ledger.dead_letters(clients, outputs, produced).items():
            if number not in dead:
                dead.add(number)
                display.dead_letter(letter)
        # One line of the logs is dropped on purpose.
        wanted = len(produced.logs) - 1 + len(produced.changes)
        if len(arrived.logs) + len(arrived.changes) >= wanted and dead >= produced.bad.keys():
            return
        if time.monotonic() > give_up_at:
            tell(f"not everything arrived within {ARRIVE_WITHIN_SECONDS:g} seconds")
            return
