"""Builders of what sinks are given: small deliveries at the position of a number."""

from __future__ import annotations

from typing import TYPE_CHECKING

import orjson

from pipeline.core.attribute_value import image_json
from pipeline.core.encode import version_of
from pipeline.model import Item, Line, Notice, Position, State

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pipeline.model import AttributeValue, Failure


def position(number: int) -> Position:
    """The position of a record with this sequence number."""
    return Position("events", "shard-0", str(number))


def by_number(failures: Mapping[Position, Failure]) -> dict[int, Failure]:
    """What a sink answered, by sequence number."""
    return {int(position.sequence_number): failure for position, failure in failures.items()}


def an_item(number: int, key: str | None = None, body: str = "x") -> Item:
    """An item under its own key, or under the given one."""
    key = key or f"event#{number}"
    return Item(position(number), key, image_json({"pk": {"S": key}, "sk": {"S": "event"}, "body": {"S": body}}))


def a_state(number: int, entity: str, version: int, body: str = "x", *, deleted: bool = False) -> State:
    """A state of an entity, or its tombstone."""
    key = f"entity#{entity}"
    item: dict[str, AttributeValue] = {
        "pk": {"S": key},
        "sk": {"S": "state"},
        "version": {"S": version_of(str(version))},
        "deleted": {"BOOL": deleted},
        "body": {"S": body},
    }
    return State(position(number), key, version_of(str(version)), image_json(item))


def a_line(number: int, partition: str = "type=log.v1/date=2026-11-23/hour=10") -> Line:
    """A line that holds its number."""
    return Line(position(number), partition, f'{{"n":{number}}}\n'.encode())


def a_notice(number: int, key: str = "k", outlet: str = "Outlet", body: str = "x") -> Notice:
    """A notice of the event `e-<number>`."""
    event = {"id": f"e-{number}", "source": "//a", "type": "log.v1", "subject": key, "data": {"body": body}}
    time = "2026-11-23T10:00:00Z"
    return Notice(position(number), outlet, f"e-{number}", "log.v1", "//a", key, time, orjson.dumps(event))
