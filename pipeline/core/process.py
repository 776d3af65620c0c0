"""The stages of a batch in two pure halves; between them the shell fetches the facts that the first half wants.

    prepare   decode ▸ validate ▸ transform     Records → Prepared
    finish    enrich ▸ route ▸ encode           Prepared + facts → Processed

A record ends in events or deliveries, in nothing (dropped), or as a dead letter; never in an exception. An unexpected
exception is a bug, and comes again on every redelivery, so it makes a dead letter too; `is_flood` says when there are
so many that the deploy is bad rather than the records.
"""

from __future__ import annotations

from dataclasses import dataclass
from traceback import walk_tb
from typing import TYPE_CHECKING

from pipeline.core.validate import Validators, validate
from pipeline.errors import Rejection
from pipeline.model import DeadLetter, Prepared, Processed, Reason, Stage

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from pipeline.core.route import Route
    from pipeline.model import Delivery, Event, Json, Position, Record


@dataclass(frozen=True, slots=True)
class Stages:
    """What one function does with a record; `routes` has an entry for every type that `validators` has."""

    decode: Callable[[Record], Event]
    validators: Validators
    routes: Mapping[str, Route]


def prepare(records: Sequence[Record], stages: Stages) -> Prepared:
    """Decode, validate and transform every record."""
    events: list[tuple[Record, Event]] = []
    dead_letters: list[DeadLetter] = []
    dropped: set[Position] = set()
    for record in records:
        stage = Stage.DECODE
        try:
            event = stages.decode(record)
            stage = Stage.VALIDATE
            validate(event, stages.validators)
            stage = Stage.TRANSFORM
            transformed = stages.routes[event.type].transform(event)
        except Exception as error:  # noqa: BLE001 - every way to fail is an outcome of the record
            dead_letters.append(_dead_letter(record, error, stage))
        else:
            events.extend((record, each) for each in transformed)
            if not transformed:
                dropped.add(record.position)
    return Prepared(events, dead_letters, frozenset(dropped))


def finish(prepared: Prepared, facts: Mapping[str, Json], stages: Stages) -> Processed:
    """Enrich, route and encode every event; a record of which one event fails is a dead letter as a whole."""
    del facts  # no route wants a lookup yet
    deliveries: list[Delivery] = []
    dead: dict[Position, DeadLetter] = {}
    for record, event in prepared.events:
        try:
            deliveries.extend(encode(record, event) for encode in stages.routes[event.type].destinations)
        except Exception as error:  # noqa: BLE001 - every way to fail is an outcome of the record
            dead[record.position] = _dead_letter(record, error, Stage.ROUTE)
    if dead:
        deliveries = [delivery for delivery in deliveries if delivery.position not in dead]
    return Processed(deliveries, [*prepared.dead_letters, *dead.values()])


def is_flood(dead_letters: Sequence[DeadLetter], records: Sequence[Record]) -> bool:
    """Whether most of a batch hit a bug."""
    return 2 * sum(letter.reason is Reason.BUG for letter in dead_letters) > len(records)


def _dead_letter(record: Record, error: Exception, stage: Stage) -> DeadLetter:
    if isinstance(error, Rejection):
        return DeadLetter(record, error.reason, error.detail, stage)
    return DeadLetter(record, Reason.BUG, f"{type(error).__name__} at {_place(error)}", stage)


def _place(error: Exception) -> str:
    """The innermost `module:line`; the exception's text may hold record content, so it is left out."""
    *_, (frame, line) = walk_tb(error.__traceback__)
    return f"{frame.f_globals.get('__name__', '?')}:{line}"
