"""The stages of a batch in two pure halves; between them the shell fetches the facts that the first half wants.

    prepare   unpack ▸ decode ▸ validate ▸ transform     Records → Prepared
    finish    enrich ▸ transform ▸ route ▸ encode        Prepared + facts → Processed

Data that did not travel with their event come as bodies: `prepare` names the claims that it wants, and is run again
with what they led to. They are rare, so a batch without them pays for nothing.

A record ends in events or deliveries, in nothing (dropped), or as a dead letter; never in an exception. What came
packed is as many records as there are user records in it, or one that cannot be unpacked. An unexpected exception is a
bug, and comes again on every redelivery, so it makes a dead letter too; `is_flood` says when there are so many that the
deploy is bad rather than the records.

A batch can unfold to a multiple of what was delivered, so there is a bound: what comes after it is left unread.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from traceback import walk_tb
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

from pipeline.core.claim import Claims
from pipeline.core.validate import Validators, validate
from pipeline.errors import Rejection, Retryable
from pipeline.model import DeadLetter, Prepared, Processed, Reason, Stage

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from pipeline.core.route import Route
    from pipeline.model import Claim, Delivery, Event, Facts, Position, Record, Want


# What a batch may take up once it is unpacked. A batch of 10,000 plain records stays far below; 4 MB of compressed logs
# do not, and a function's memory and time have an end.
MAX_BATCH_BYTES: Final = 64 * 1024 * 1024
# About what a user record takes as Python objects on its way, besides its data.
USER_RECORD_BYTES: Final = 2 * 1024
# What a claim takes of that room, in its own bytes: its body, the data as Python objects, and the line of the archive.
CLAIM_WEIGHT: Final = 4


def as_it_is(record: Record) -> Sequence[Record]:
    """The unpacking of a stream on which nothing is packed."""
    return (record,)


def as_they_come(records: Sequence[Record]) -> None:
    """The check of a function that takes every batch."""
    del records


@dataclass(frozen=True, slots=True)
class Stages:
    """What one function does with a record; `routes` has an entry for every type that `validators` has.

    `claims_bucket` is where data may wait that did not travel with their event; empty where that never happens.
    `check` raises Misconfiguration for a batch that should not have come here at all.
    """

    decode: Callable[[Record], Event]
    validators: Validators
    routes: Mapping[str, Route]
    unpack: Callable[[Record], Sequence[Record]] = as_it_is
    claims_bucket: str = ""
    check: Callable[[Sequence[Record]], None] = as_they_come


def prepare(
    records: Sequence[Record], stages: Stages, bodies: Mapping[Claim, bytes | None] = MappingProxyType({})
) -> Prepared:
    """Unpack every record that there is room for, the first at least; decode, validate, transform every user record.

    With the bodies of all claims that it wanted without them, it wants none, and leaves the same unread.
    Raises Misconfiguration when the batch should not have come.
    """
    stages.check(records)
    unpacked: list[Record] = []
    events: list[tuple[Record, Event]] = []
    dead_letters: list[DeadLetter] = []
    dropped: set[Position] = set()
    wants: set[Want] = set()
    claims = Claims(stages.claims_bucket, bodies)
    unread, room_bytes = deque(records), MAX_BATCH_BYTES
    while unread and room_bytes > CLAIM_WEIGHT * claims.size_bytes:
        for record, ready in _outcomes(unread.popleft(), stages, claims, wants):
            unpacked.append(record)
            room_bytes -= USER_RECORD_BYTES + len(record.data or b"")
            if isinstance(ready, DeadLetter):
                dead_letters.append(ready)
            elif ready:
                for event in ready:
                    events.append((record, event))  # noqa: PERF401 - nearly always one
            elif ready is not None:
                dropped.add(record.position)
    wanted = tuple(dict.fromkeys(claims.wanted))
    return Prepared(unpacked, events, dead_letters, frozenset(dropped), frozenset(wants), unread, wanted)


def finish(prepared: Prepared, facts: Facts, stages: Stages) -> Processed:
    """Enrich, route and encode every event; a record of which one event fails is a dead letter as a whole.

    It ends before the first record that cannot do without a fact that is unavailable: what comes after it must not
    overtake it.
    """
    deliveries: list[Delivery] = []
    dead: dict[Position, DeadLetter] = {}
    nowhere: set[Position] = set()
    unfinished: Position | None = None
    for record, event in prepared.events:
        try:
            made = _deliveries(record, event, facts, stages)
        except Retryable:
            unfinished = record.position
            break
        if isinstance(made, DeadLetter):
            dead[record.position] = made
        else:
            found = [each for each in made if each is not None]
            deliveries += found
            if len(found) < len(made):
                nowhere.add(record.position)
    if dead or unfinished:
        deliveries = [each for each in deliveries if each.position not in dead and each.position != unfinished]
    if nowhere:
        nowhere -= {each.position for each in deliveries} | dead.keys() | {unfinished}
    return Processed(deliveries, [*prepared.dead_letters, *dead.values()], frozenset(nowhere), unfinished)


def is_flood(dead_letters: Sequence[DeadLetter], records: Sequence[Record]) -> bool:
    """Whether most of a batch hit a bug."""
    return 2 * sum(letter.reason is Reason.BUG for letter in dead_letters) > len(records)


def _outcomes(
    record: Record, stages: Stages, claims: Claims, wants: set[Want]
) -> Sequence[tuple[Record, Sequence[Event] | DeadLetter | None]]:
    """What becomes of each user record; of a record without any, that it is dropped."""
    try:
        user_records = stages.unpack(record)
    except Exception as error:  # noqa: BLE001 - every way to fail is an outcome of the record
        return [(record, dead_letter(record, error, Stage.UNPACK))]
    return [(each, _events(each, stages, claims, wants)) for each in user_records] or [(record, ())]


def _events(record: Record, stages: Stages, claims: Claims, wants: set[Want]) -> Sequence[Event] | DeadLetter | None:
    """What becomes of one; None while its claim is wanted. What its events want is added to the wants."""
    stage = Stage.DECODE
    try:
        event = stages.decode(record)
        if event.dataref is not None:
            redeemed = claims.redeem(record, event, event.dataref)
            if redeemed is None:
                return None
            event = redeemed
        stage = Stage.VALIDATE
        validate(event, stages.validators)
        stage = Stage.TRANSFORM
        events = stages.routes[event.type].transform(event)
        stage = Stage.ENRICH
        for each in events:
            route = stages.routes[each.type]
            if route.lookups:
                wants.update(route.wants(each))
    except Exception as error:  # noqa: BLE001 - the same
        return dead_letter(record, error, stage)
    return events


def _deliveries(record: Record, event: Event, facts: Facts, stages: Stages) -> Sequence[Delivery | None] | DeadLetter:
    """What is written of an event, with None for each place that it does not go to. Raises Retryable."""
    stage = Stage.ENRICH
    try:
        route = stages.routes[event.type]
        enriched = route.enrich(event, facts) if route.lookups or route.then else (event,)
        stage = Stage.ROUTE
        made = [encode(record, ready) for ready in enriched for encode in stages.routes[ready.type].destinations]
    except Retryable:
        raise
    except Exception as error:  # noqa: BLE001 - the same
        return dead_letter(record, error, stage)
    return made if enriched else (None,)


def dead_letter(record: Record, error: Exception, stage: Stage) -> DeadLetter:
    """What becomes of a record whose way ended in an error: with the Rejection's reason, or as a bug."""
    if isinstance(error, Rejection):
        return DeadLetter(record, error.reason, error.detail, stage)
    return DeadLetter(record, Reason.BUG, f"{type(error).__name__} at {place(error)}", stage)


def place(error: Exception) -> str:
    """The innermost `module:line`; the exception's text may hold record content, so it is left out."""
    *_, (frame, line) = walk_tb(error.__traceback__)
    return f"{frame.f_globals.get('__name__', '?')}:{line}"
