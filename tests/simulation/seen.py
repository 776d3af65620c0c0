"""What can be seen of a run: what had to have its effect, what lies on the stream and in S3."""

from __future__ import annotations

import base64
import json
from typing import TYPE_CHECKING, Any

from pipeline.core.records import read

if TYPE_CHECKING:
    from collections.abc import Iterable

    from pipeline.model import Position
    from pipeline.testing.mapping import Simulator, StreamRecord
    from tests.simulation.world import Fact, World


def excused(simulators: Iterable[Simulator]) -> set[Position]:
    """The records that the mappings gave up or did not let through."""
    return {position(record) for each in simulators for record in (*each.records_given_up(), *each.filtered)}


def due(world: World) -> list[Fact]:
    """The records that must have had their effect: on the table, or, of a table's changes, on the stream."""
    is_relayed = world.schedule.source == "table"
    readers = [each for name, each in world.simulators.items() if (name == "process") != is_relayed]
    out = excused(readers)
    return [fact for fact in world.facts if position(fact.record) not in out]


def position(record: StreamRecord, sub_sequence_number: int = 0) -> Position:
    """The position of a record, or of a user record in it; items and lines have it as text."""
    (read_record,) = read({"Records": [record.original]})
    return read_record.position._replace(sub_sequence_number=sub_sequence_number)


def position_of(fact: Fact) -> str:
    """The position of what was put, as text."""
    return str(position(fact.record, fact.sub_sequence_number))


def s3(world: World) -> Any:  # noqa: ANN401 - the fake stands for the client
    """The fake, as the readers want it."""
    return world.s3


def event_of(record: StreamRecord) -> dict[str, Any]:
    """The event in a record that was relayed."""
    event: dict[str, Any] = json.loads(base64.b64decode(record.original["kinesis"]["data"]))
    return event
