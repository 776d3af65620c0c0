"""The promise for changes of tables: relayed as they were made, in order, and our own not at all."""

from __future__ import annotations

import base64
import json
from collections import defaultdict
from typing import TYPE_CHECKING, Any

from pipeline.aws.s3 import dead_letters
from pipeline.core import change
from pipeline.core.attribute_value import size_bytes
from pipeline.core.records import read
from tests.simulation.seen import due, event_of, s3
from tests.simulation.tables import EXPIRY, FITS_BYTES, OURS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pipeline.model import Image
    from tests.simulation.world import Fact, World


def relayed(world: World) -> Iterator[str]:
    """Every change but our own is on the stream as it was made, first in the order of its item's, and none besides."""
    facts = {fact.event_id: fact for fact in world.facts if fact.put.kind != OURS}
    due_ids = {fact.event_id for fact in due(world)} & facts.keys()
    events = [event_of(record) for record in world.stream.records()]
    yield from (f"lost: {event_id}" for event_id in due_ids - {each["id"] for each in events})
    yield from (f"invented: {each['id']}" for each in events if each["id"] not in facts)
    yield from (f"a dead letter: {key}" for key, _ in dead_letters(s3(world), "dead"))
    by_key: defaultdict[str, list[int]] = defaultdict(list)
    for each in events:
        number = facts[each["id"]].record.sequence_number if each["id"] in due_ids else 0
        if number and number not in by_key[each["subject"]]:
            by_key[each["subject"]].append(number)
    yield from (f"out of order: {key}: {numbers}" for key, numbers in by_key.items() if numbers != sorted(numbers))
    if not world.simulators["process"].records_given_up():
        yield from (
            f"{key} is not at {max(numbers)}" for key, numbers in by_key.items() if version(world, key) < max(numbers)
        )
        missing = {each["id"] for each in events} - {pk.removeprefix("event#") for pk, _ in world.table.items}
        yield from (f"not in the table: {event_id}" for event_id in missing)


def relayed_as_made(world: World) -> Iterator[str]:
    """An event has its change, wherever its data lie, and says who deleted; a state has the item whenever it fits."""
    facts = {fact.event_id: fact for fact in world.facts}
    for event in map(event_of, world.stream.records()):
        data = event["data"] if "data" in event else left(world, event["dataref"])
        if data != change_of(facts[event["id"]]):
            yield f"{event['id']} is not as it was made: {str(data)[:200]}"
    for (pk, sk), state in world.table.items.items():
        if sk == "state":
            fact = facts[state["event_id"]["S"]]
            after = fact.record.original["dynamodb"].get("NewImage")
            if (after is None) != state["deleted"]["BOOL"] or state.get("data") not in may_be_held(after):
                yield f"{pk} is not as {fact.event_id} has it: {str(state)[:200]}"


def version(world: World, key: str) -> int:
    """The version of a state; 0 where there is none."""
    state = world.table.items.get((f"entity#{key}", "state"))
    return 0 if state is None else int(state["version"]["S"])


def left(world: World, reference: str) -> Any:  # noqa: ANN401 - JSON
    """The data that a reference leads to; None where it leads to nothing."""
    body = world.s3.buckets["claims"].get(reference.removeprefix("s3://claims/"))
    return None if body is None else json.loads(body)


def change_of(fact: Fact) -> Any:  # noqa: ANN401 - JSON
    """The data of the event of a change, from what was put."""
    (record,) = read({"Records": [fact.record.original]})
    data = change.decode(record).data
    if data["op"] == "d":
        data["source"] = {**fact_source(fact), "deleted_by": "ttl" if fact.put.kind == EXPIRY else "user"}
    return data


def fact_source(fact: Fact) -> dict[str, Any]:
    """Where a change comes from."""
    number = str(fact.record.sequence_number)
    return {"table": fact.put.table, "event_id": fact.event_id, "sequence_number": number}


def may_be_held(after: Image | None) -> list[Any]:
    """What the state may have of an item: the item; nothing of one that is gone, or hardly fits where it lies."""
    if after is None:
        return [None]
    held = {"M": {name: {"B": base64.b64decode(each["B"])} if "B" in each else each for name, each in after.items()}}
    return [held] if size_bytes(after) <= FITS_BYTES else [None]
