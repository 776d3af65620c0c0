"""What became of every record that the demo produced, read from where it must be, and whether it adds up."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

import orjson

from pipeline.aws import s3
from pipeline.aws.cloudwatch import Metric
from pipeline.aws.results import shown
from pipeline.core import change

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from pipeline.aws.clients import Clients

_EVENT: Final = "event"


@dataclass(frozen=True, slots=True)
class Row:
    """One kind of input, in records."""

    name: str
    produced: int
    in_dynamodb: int
    in_archive: int
    dropped: int
    dead_lettered: int

    @property
    def adds_up(self) -> bool:
        """Whether each record has exactly one outcome, and what is delivered is in both places."""
        accounted = self.in_dynamodb + self.dropped + self.dead_lettered
        return self.produced == accounted and self.in_dynamodb == self.in_archive


@dataclass(frozen=True, slots=True)
class Produced:
    """What the demo handed over: ids of log events, (order, operation) of changes, sequence numbers of bad records."""

    logs: frozenset[str]
    changes: frozenset[tuple[str, str]]
    bad: Mapping[str, str]


@dataclass(slots=True)
class Seen:
    """What was found of it so far."""

    logs: set[str] = field(default_factory=set)
    changes: set[tuple[str, str]] = field(default_factory=set)
    archived_logs: list[str] = field(default_factory=list)
    archived_changes: list[tuple[str, str]] = field(default_factory=list)
    archive_objects: int = 0
    archive_bytes: int = 0
    dead: dict[str, dict[str, Any]] = field(default_factory=dict)
    dropped: int = 0

    def stored(self, event: Mapping[str, Any], produced: Produced) -> bool:
        """Note an event of the results table; whether it is one of the demo's that was not noted before."""
        match _identity(event, produced):
            case str(log) if log not in self.logs:
                self.logs.add(log)
            case (order_id, op) if (order_id, op) not in self.changes:
                self.changes.add((order_id, op))
            case _:
                return False
        return True

    def archived(self, line: Mapping[str, Any], produced: Produced) -> bool:
        """Note a line of the archive; every line counts, so that one too many is seen. Whether it is the demo's."""
        match _identity(line, produced):
            case str(log):
                self.archived_logs.append(log)
            case (order_id, op):
                self.archived_changes.append((order_id, op))
            case _:
                return False
        return True


def look(clients: Clients, outputs: Mapping[str, str], produced: Produced, since_ms: int) -> Seen:
    """Everything of the demo that is in DynamoDB, the archive, the dead letters and the function's own counts."""
    seen = Seen()
    pages = clients.dynamodb.get_paginator("scan").paginate(
        TableName=outputs["ResultsTableName"],
        FilterExpression="sk = :event",
        ExpressionAttributeValues={":event": {"S": _EVENT}},
    )
    for page in pages:
        for item in page["Items"]:
            image: Any = item
            seen.stored(shown(image), produced)
    for _, body, lines in s3.archived(clients.s3, outputs["ArchiveBucketName"]):
        mine = [seen.archived(line, produced) for line in lines]
        if any(mine):
            seen.archive_objects += 1
            seen.archive_bytes += len(body)
    seen.dead = dead_letters(clients, outputs, produced)
    seen.dropped = dropped(clients, outputs["ProcessFunctionName"], since_ms)
    return seen


def dead_letters(clients: Clients, outputs: Mapping[str, str], produced: Produced) -> dict[str, dict[str, Any]]:
    """The dead letters of the demo's bad records, by sequence number."""
    kept = s3.dead_letters(clients.s3, outputs["DeadLetterBucketName"])
    mine = ((letter["position"]["sequence_number"], letter) for _, letter in kept)
    return {number: letter for number, letter in mine if number in produced.bad}


def dropped(clients: Clients, function: str, since_ms: int) -> int:
    """How many records the function says it dropped since then: the sum over its batch lines in the log."""
    pages = clients.logs.get_paginator("filter_log_events").paginate(
        logGroupName=f"/aws/lambda/{function}", startTime=since_ms, filterPattern=Metric.DROPPED
    )
    return sum(_count(event["message"], Metric.DROPPED) for page in pages for event in page["events"])


def rows(produced: Produced, seen: Seen) -> list[Row]:
    """The ledger, one row for each kind of input, and the total."""
    logs = Row("log lines", len(produced.logs), len(seen.logs), len(seen.archived_logs), seen.dropped, 0)
    changes = Row("changes", len(produced.changes), len(seen.changes), len(seen.archived_changes), 0, 0)
    expected = [number for number, reason in produced.bad.items() if seen.dead.get(number, {}).get("reason") == reason]
    bad = Row("bad on purpose", len(produced.bad), 0, 0, 0, len(expected))
    return [logs, changes, bad, _total((logs, changes, bad))]


def _total(every: Iterable[Row]) -> Row:
    columns = zip(
        *((row.produced, row.in_dynamodb, row.in_archive, row.dropped, row.dead_lettered) for row in every), strict=True
    )
    return Row("total", *(sum(column) for column in columns))


def _identity(event: Mapping[str, Any], produced: Produced) -> str | tuple[str, str] | None:
    """Which of the demo's records this is, if any: a log by its id, a change by its order and operation."""
    if event["id"] in produced.logs:
        return str(event["id"])
    if event["type"] == change.TYPE:
        identity = str(event["data"]["key"].get("order_id")), str(event["data"]["op"])
        return identity if identity in produced.changes else None
    return None


def _count(line: str, metric: str) -> int:
    try:
        value = orjson.loads(line)[metric]
    except (orjson.JSONDecodeError, KeyError, TypeError):
        return 0
    return int(value[0] if isinstance(value, list) else value)
