"""The promise, checked at the end of a run: what must hold whatever went wrong.

Each check gives one line for everything that is broken; nothing, when the promise is kept. A record that the mapping
gave up must be at its destination, and may or may not have had its effects. Per position, the archive is free of
duplicates only as long as batches begin where they began before: not when a mapping begins anew, an old batch comes out
of order, or records are given up, for then what is left of their batch begins elsewhere.
"""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from typing import TYPE_CHECKING, Any

from pipeline.aws.s3 import archived, dead_letters, position_key
from pipeline.core.attribute_value import from_json
from pipeline.core.decode import decode
from pipeline.core.records import read
from pipeline.model import MARKER
from pipeline.testing.mapping import Outcome
from pipeline.testing.mapping.faults import InvocationFault
from tests.simulation import kinds
from tests.simulation.kinds import CHANGES, DROPPED, GOOD, POISON
from tests.simulation.relaying import relayed, relayed_as_made
from tests.simulation.seen import due, event_of, excused, position, position_of, s3
from tests.simulation.tables import OURS
from tests.simulation.telling import told, told_in_order
from tests.simulation.world import content

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.simulation.world import Fact, World

ON_PURPOSE = DROPPED | {OURS}


def broken(world: World) -> list[str]:
    """Everything that is broken; an empty list when the promise is kept."""
    checks = [in_destination, answers_are_of_the_batch, nothing_trimmed, states_only_advance]
    if world.schedule.source == "table":
        checks += [relayed, relayed_as_made]
    else:
        checks += [dead_lettered, delivered, entities, told, told_in_order]
    checks += [dropped, archived_once, archive_in_order]
    return [f"{check.__name__}: {line}" for check in checks for line in check(world)]


# every run ------------------------------------------------------------------------------------------------------------


def in_destination(world: World) -> Iterator[str]:
    """What is given up is at the destination: S3 has the records, SQS the place where they lie."""
    for simulator in world.simulators.values():
        kept: Counter[str] = Counter()
        bodies: list[str | bytes] = [*simulator.on_failure.objects.values(), *simulator.on_failure.sent]
        for body in bodies:
            record = json.loads(body)
            info = record.get("KinesisBatchInfo") or record["DDBStreamBatchInfo"]
            kept[info["startSequenceNumber"]] += info["batchSize"]
            if "payload" in record:
                payload = record["payload"]
                events = json.loads(payload) if isinstance(payload, str) else payload
                if len(events["Records"]) != info["batchSize"]:
                    yield f"{len(events['Records'])} of {info['batchSize']} records at the destination"
        if sum(kept.values()) != len(simulator.records_given_up()):
            yield f"{kept} at the destination, {len(simulator.records_given_up())} were given up"


def answers_are_of_the_batch(world: World) -> Iterator[str]:
    """No answer names anything but records of its batch."""
    for name, simulator in world.simulators.items():
        yield from (f"{name}: {each}" for each in simulator.invocations if each.outcome is Outcome.FAILED)


def nothing_trimmed(world: World) -> Iterator[str]:
    """No record grew older than the stream keeps it."""
    for source in (world.stream, *world.tables.sources.values()):
        yield from (f"{record.sequence_number}" for record in source.trimmed)


def states_only_advance(world: World) -> Iterator[str]:
    """No state was ever replaced by an older one."""
    yield from getattr(world.table.items, "moved_back", ["the table was not watched"])


def dropped(world: World) -> Iterator[str]:
    """What is dropped is counted."""
    least = sum(fact.put.kind in ON_PURPOSE for fact in due(world))
    counted = sum(ledger.dropped for ledger in world.ledgers)
    if counted < least:
        yield f"{counted} counted, {least} dropped"
    if counted and not any(fact.put.kind in ON_PURPOSE for fact in world.facts):
        yield f"{counted} counted, none was to be dropped"


# process on what was put ----------------------------------------------------------------------------------------------


def dead_lettered(world: World) -> Iterator[str]:
    """What can never succeed, and nothing else, is a dead letter, with the record as it was delivered."""
    kept = {key.removeprefix("dead-letters/"): letter for key, letter in dead_letters(s3(world), "dead")}
    dead = {key_of(fact): fact for fact in world.facts if fact.put.kind in POISON or fact.put.kind == "refused"}
    yield from (f"good, but a dead letter: {key}: {kept[key]['reason']}" for key in kept.keys() - dead.keys())
    for fact in due(world):
        if key_of(fact) in dead and key_of(fact) not in kept:
            yield f"lost: {fact.put.kind} at {key_of(fact)}"
    for key, letter in kept.items():
        if key not in dead:
            continue
        fact = dead[key]
        if letter["record"] != fact.record.original:
            yield f"not the original: {key}"
        _, reasons = POISON.get(fact.put.kind, (b"", {"refused_by_sink"}))
        if letter["reason"] not in reasons:
            yield f"{fact.put.kind} was dead-lettered as {letter['reason']}: {letter['detail']}"


def key_of(fact: Fact) -> str:
    """Where the dead letter of a record lies."""
    return f"{position_key(position(fact.record, fact.sub_sequence_number))}.json"


def delivered(world: World) -> Iterator[str]:
    """Every good event is in the table, once and as it was put; and nothing else is."""
    facts: defaultdict[str, list[Fact]] = defaultdict(list)
    for fact in world.facts:
        if fact.put.kind in GOOD:
            facts[fact.event_id].append(fact)
    items = {key[0].removeprefix("event#"): item for key, item in world.table.items.items() if key[1] == "event"}
    yield from (
        f"lost: {fact.event_id}"
        for fact in due(world)
        if fact.put.kind in GOOD - items.keys() and fact.event_id not in items
    )
    yield from (f"invented: {event_id}" for event_id in items.keys() - facts.keys())
    for event_id, item in items.items():
        mine = {position_of(each): each for each in facts[event_id]}
        place = item[MARKER]["S"]
        if place not in mine:
            yield f"{event_id} has the position {place}"
        elif item["data"] != expected_data(mine[place]):
            yield f"{event_id} is not as it was put: {item['data']}"


def expected_data(fact: Fact) -> Any:  # noqa: ANN401 - an AttributeValue
    """The data of an item, from what was put."""
    match fact.put.kind:
        case "claimed":
            return from_json(kinds.log(fact.event_id, fact.put.key, fact.put.hour)["data"])
        case "log event":
            return from_json(kinds.data_of_log_event(fact.event_id))
        case "table change":
            return from_json(decode(*read({"Records": [fact.record.original]})).data)
    return from_json(json.loads(content(fact.put, fact.event_id))["data"])


def entities(world: World) -> Iterator[str]:
    """Every entity has the newest of its versions, and nothing older than the newest that was not given up."""
    possible: defaultdict[str, dict[int, dict[str, Fact]]] = defaultdict(lambda: defaultdict(dict))
    for fact in world.facts:
        if fact.put.kind in CHANGES:
            possible[f"entity#{fact.put.key}"][fact.version][fact.event_id] = fact
    needed: Counter[str] = Counter()
    for fact in due(world):
        if fact.put.kind in CHANGES:
            pk = f"entity#{fact.put.key}"
            needed[pk] = max(needed[pk], fact.version)
    states = {key[0]: item for key, item in world.table.items.items() if key[1] == "state"}
    yield from (f"invented: {pk}" for pk in states.keys() - possible.keys())
    yield from (f"lost: {pk}" for pk in needed.keys() - states.keys())
    for pk, item in states.items():
        version, event_id = int(item["version"]["S"]), item["event_id"]["S"]
        if version < needed[pk] or version not in possible[pk]:
            yield f"{pk} is at {version}, and should be at {needed[pk]}"
        elif event_id not in possible[pk][version]:
            yield f"{pk} is of the event {event_id}, which has another version"
        elif (item.get("data"), item["deleted"]["BOOL"]) != expected_state(possible[pk][version][event_id]):
            yield f"{pk} is not as {event_id} has it: {item.get('data')}"


def expected_state(fact: Fact) -> tuple[Any, bool]:
    """The data of a state, which is what the entity is after the change, or nothing; and whether it is deleted."""
    is_ours = fact.put.kind == "change"
    after = {"id": {"S": fact.event_id}} if is_ours else kinds.image(fact.put.key, fact.put.version)
    return (None, True) if fact.put.is_delete else ({"M": after}, False)


# the archive ----------------------------------------------------------------------------------------------------------


def lines(world: World) -> list[tuple[str, dict[str, Any]]]:
    """Every archived line with the key of its object."""
    return [(key, line) for key, _, each in archived(s3(world), "archive") for line in each]


def archived_once(world: World) -> Iterator[str]:
    """Every good event is in the archive; per position once, where batches always began where they began before."""
    simulator = world.simulators["process"]
    out = {str(each).rpartition("/")[0] for each in excused([simulator])}
    good = good_positions(world)
    found = Counter(line["position"] for _, line in lines(world))
    needed = {place for place in good if place.rpartition("/")[0] not in out}
    if not may_be_cut(world):
        yield from (f"a gap: {place}" for place in sorted(needed - found.keys()))
    yield from (f"invented: {place}" for place in found.keys() - good.keys())
    yield from (
        f"{line['id']} at {line['position']}"
        for _, line in lines(world)
        if good.get(line["position"], line["id"]) != line["id"]
    )
    is_strict = not (world.rewinds or simulator.on_failure.given_up or may_be_cut(world))
    if is_strict:
        yield from (f"{count} times: {place}" for place, count in found.items() if count > 1)


def may_be_cut(world: World) -> bool:
    """Whether the one known limit may have been met, which `test_limits` holds on to.

    When two deliveries begin at the same record, and the one that ends last got less far, its object holds less.
    """
    return world.met[InvocationFault.STALE] + world.met[InvocationFault.LEFT_BEHIND] > 0


def good_positions(world: World) -> dict[str, str]:
    """The records on the stream that are to be delivered: position to event id."""
    if world.schedule.source == "table":
        return {str(position(record)): event_of(record)["id"] for record in world.stream.records()}
    return {position_of(fact): fact.event_id for fact in world.facts if fact.put.kind in GOOD}


def archive_in_order(world: World) -> Iterator[str]:
    """Within an object lines are in the order of their positions, and of one shard and hour, as its name says."""
    for key, _, each in archived(s3(world), "archive"):
        numbers = [tuple(map(int, line["position"].split("/")[2:])) for line in each]
        if numbers != sorted(set(numbers)):
            yield f"{key}: {numbers}"
        for line in each:
            partition = f"type={line['type']}/date={line['time'][:10]}/hour={line['time'][11:13]}"
            if f"/{partition}/" not in key or f"/{line['position'].split('/')[1]}/" not in key:
                yield f"{key} holds {line['position']} of {partition}"
