"""What became of every record that the demo produced, read from where it must be, and whether it adds up.

Each door that records come in by has a row of its own. A record is known again by the id of its event; a change of a
table, whose id its stream gives it, by its item and operation; a dead letter by the place that it came from.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import orjson

from pipeline.aws import s3
from pipeline.aws.cloudwatch import Metric
from pipeline.aws.results import shown
from pipeline.core import change

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from pipeline.aws.clients import Clients

_EVENT: Final = "event"

type Identity = str | tuple[str, str]
"""What an event is known again by: its id, or the key and operation of a change."""


class Place(NamedTuple):
    """Where a bad record came from, as its dead letter's position has it."""

    stream: str
    number: str


@dataclass(frozen=True, slots=True)
class Handed:
    """What was handed over at one door.

    Args:
        door: its name, and its row's.
        good: what must be delivered, but for the drops.
        bad: what must be dead letters, and of which reason.
        drops: how many of the good ones a route drops on purpose.
    """

    door: str
    good: frozenset[Identity] = frozenset()
    bad: Mapping[Place, str] = field(default_factory=dict)
    drops: int = 0


@dataclass(frozen=True, slots=True)
class Row:
    """One door, in records."""

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


class Produced:
    """Everything that was handed over, at whichever door."""

    def __init__(self, doors: Sequence[Handed]) -> None:
        self.doors = doors
        self._good = frozenset[Identity]().union(*(each.good for each in doors))
        self.bad = {place: reason for each in doors for place, reason in each.bad.items()}

    def identity(self, event: Mapping[str, Any]) -> Identity | None:
        """Which of the demo's records an event is, if any."""
        if event["id"] in self._good:
            return str(event["id"])
        if event["type"] != change.TYPE or "data" not in event:  # a large change is none of the demo's
            return None
        identity = "/".join(map(str, event["data"]["key"].values())), str(event["data"]["op"])
        return identity if identity in self._good else None

    @property
    def deliverable(self) -> int:
        """How many are to be delivered."""
        return len(self._good) - sum(each.drops for each in self.doors)


@dataclass(slots=True)
class Seen:
    """What was found of it so far."""

    stored: set[Identity] = field(default_factory=set)
    archived: list[Identity] = field(default_factory=list)
    archive_objects: int = 0
    archive_bytes: int = 0
    dead: dict[Place, dict[str, Any]] = field(default_factory=dict)
    dropped: int = 0

    def note_stored(self, event: Mapping[str, Any], produced: Produced) -> bool:
        """Note an event of the results table; whether it is one of the demo's that was not noted before."""
        identity = produced.identity(event)
        if identity is None or identity in self.stored:
            return False
        self.stored.add(identity)
        return True

    def note_archived(self, line: Mapping[str, Any], produced: Produced) -> bool:
        """Note a line of the archive; every line counts, so that one too many is seen. Whether it is the demo's."""
        identity = produced.identity(line)
        if identity is None:
            return False
        self.archived.append(identity)
        return True

    def has_all(self, produced: Produced) -> bool:
        """Whether all that is to be stored is, and every bad record has its dead letter."""
        return len(self.stored) >= produced.deliverable and self.dead.keys() >= produced.bad.keys()


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
            seen.note_stored(shown(image), produced)
    for _, body, lines in s3.archived(clients.s3, outputs["ArchiveBucketName"]):
        mine = [seen.note_archived(line, produced) for line in lines]
        if any(mine):
            seen.archive_objects += 1
            seen.archive_bytes += len(body)
    seen.dead = dead_letters(clients, outputs, produced)
    seen.dropped = dropped(clients, outputs["ProcessFunctionName"], since_ms)
    return seen


def dead_letters(clients: Clients, outputs: Mapping[str, str], produced: Produced) -> dict[Place, dict[str, Any]]:
    """The dead letters of the demo's bad records, by where those came from."""
    kept = s3.dead_letters(clients.s3, outputs["DeadLetterBucketName"])
    by_place = {
        Place(letter["position"]["stream"], letter["position"]["sequence_number"]): letter for _, letter in kept
    }
    return {place: letter for place, letter in by_place.items() if place in produced.bad}


def dropped(clients: Clients, function: str, since_ms: int) -> int:
    """How many records the function says it dropped since then: the sum over its batch lines in the log."""
    pages = clients.logs.get_paginator("filter_log_events").paginate(
        logGroupName=f"/aws/lambda/{function}", startTime=since_ms, filterPattern=Metric.DROPPED
    )
    return sum(_count(event["message"], Metric.DROPPED) for page in pages for event in page["events"])


def rows(produced: Produced, seen: Seen) -> list[Row]:
    """The ledger, one row for each door, and the total."""
    doors = [_row(door, seen) for door in produced.doors]
    return [*doors, _total(doors)]


def _row(door: Handed, seen: Seen) -> Row:
    return Row(
        door.door,
        produced=len(door.good) + len(door.bad),
        in_dynamodb=len(door.good & seen.stored),
        in_archive=sum(each in door.good for each in seen.archived),
        # The function counts what it drops, and not by door: all of it is of the one door that has such records.
        dropped=seen.dropped if door.drops else 0,
        dead_lettered=sum(seen.dead.get(place, {}).get("reason") == reason for place, reason in door.bad.items()),
    )


def _total(every: Iterable[Row]) -> Row:
    columns = zip(
        *((row.produced, row.in_dynamodb, row.in_archive, row.dropped, row.dead_lettered) for row in every), strict=True
    )
    return Row("total", *(sum(column) for column in columns))


def _count(line: str, metric: str) -> int:
    try:
        value = orjson.loads(line)[metric]
    except (orjson.JSONDecodeError, KeyError, TypeError):
        return 0
    return int(value[0] if isinstance(value, list) else value)
