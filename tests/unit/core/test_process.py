from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any

import pytest

from pipeline.core.decode import decode
from pipeline.core.process import Stages, finish, is_flood, prepare
from pipeline.core.records import read
from pipeline.core.route import Route
from pipeline.core.validate import compile_schemas
from pipeline.errors import Rejection
from pipeline.model import DeadLetter, Event, Line, Prepared, Reason, Record, Stage
from pipeline.testing.lambda_events import kinesis_event, log_event

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pipeline.ports import Destination, Transform


def line(record: Record, event: Event) -> Line:
    return Line(record.position, "p", event.id.encode())


def crash(*_: Any) -> Any:  # noqa: ANN401 - stands for any stage
    raise ZeroDivisionError("secret content")


def reject(*_: Any) -> Any:  # noqa: ANN401 - the same
    raise Rejection(Reason.TOO_LARGE, "too large to hold")


def split(event: Event) -> Sequence[Event]:
    return [dataclasses.replace(event, id=f"{event.id}{letter}") for letter in "ab"]


def stages(transforms: Sequence[Transform] = (), destinations: Sequence[Destination] = (line,)) -> Stages:
    validators = compile_schemas({"log.v1": {"required": ["body"]}})
    return Stages(decode, validators, {"log.v1": Route(transforms, destinations)})


def records(*ids: str) -> list[Record]:
    return read(kinesis_event(*(log_event(each) for each in ids), first=1))


def run(batch: Sequence[Record], these: Stages) -> tuple[Prepared, list[bytes], list[tuple[str, Reason, Stage]]]:
    """What is prepared, the lines delivered, and the dead letters as (sequence number, reason, stage)."""
    prepared = prepare(batch, these)
    processed = finish(prepared, {}, these)
    lines = [each.line for each in processed.deliveries if isinstance(each, Line)]
    dead = [(each.record.position.sequence_number, each.reason, each.stage) for each in processed.dead_letters]
    return prepared, lines, dead


def test_delivered() -> None:
    """Every record ends in its deliveries, in the order of the batch."""
    assert ([b"1", b"2"], []) == run(records("1", "2"), stages())[1:]


def test_dropped() -> None:
    """A record of which nothing is left is dropped, and counted as that."""
    prepared, lines, dead = run(records("1"), stages([lambda _: ()]))
    assert (frozenset({records("1")[0].position}), [], []) == (prepared.dropped, lines, dead)


def test_split() -> None:
    """A record may end in many deliveries, all at its position."""
    assert [b"1aa", b"1ab", b"1ba", b"1bb"] == run(records("1"), stages([split, split]))[1]


@pytest.mark.parametrize(
    ("record", "these", "reason", "stage"),
    [
        (b"{", stages(), Reason.NOT_JSON, Stage.DECODE),
        ({**log_event(), "type": "log.v9"}, stages(), Reason.UNKNOWN_TYPE, Stage.VALIDATE),
        ({**log_event(), "data": {}}, stages(), Reason.SCHEMA_INVALID, Stage.VALIDATE),
        (log_event(), stages([reject]), Reason.TOO_LARGE, Stage.TRANSFORM),
        (log_event(), stages([crash]), Reason.BUG, Stage.TRANSFORM),
        (log_event(), stages([], [reject]), Reason.TOO_LARGE, Stage.ROUTE),
        (log_event(), stages([], [crash]), Reason.BUG, Stage.ROUTE),
        (log_event(), dataclasses.replace(stages(), decode=crash), Reason.BUG, Stage.DECODE),
        (log_event(), dataclasses.replace(stages(), routes={}), Reason.BUG, Stage.TRANSFORM),
    ],
)
def test_dead_letter(record: bytes | dict[str, Any], these: Stages, reason: Reason, stage: Stage) -> None:
    """A record that can never succeed becomes a dead letter with its reason and its stage."""
    batch = read(kinesis_event(record, first=7))
    assert ([], [("7", reason, stage)]) == run(batch, these)[1:]


def test_good_neighbours() -> None:
    """A poison record takes none of its neighbours along."""
    batch = read(kinesis_event(log_event("1"), b"{", log_event("3"), first=1))
    assert ([b"1", b"3"], [("2", Reason.NOT_JSON, Stage.DECODE)]) == run(batch, stages())[1:]


def test_all_or_nothing() -> None:
    """A record of which one event cannot be encoded is a dead letter as a whole, once."""

    def only_a(record: Record, event: Event) -> Line:
        return line(record, event) if event.id.endswith("a") else reject()

    _, lines, dead = run(records("1", "a"), stages([split], [line, only_a]))
    assert ([], [("1", Reason.TOO_LARGE, Stage.ROUTE), ("2", Reason.TOO_LARGE, Stage.ROUTE)]) == (lines, dead)


def test_bug_names_the_place() -> None:
    """A bug's dead letter says what and where, and nothing of the record's content."""
    (letter,) = prepare(records("1"), stages([crash])).dead_letters
    assert letter.detail == f"ZeroDivisionError at {__name__}:{crash.__code__.co_firstlineno + 1}"


@pytest.mark.parametrize(
    ("bugs", "others", "total", "flood"),
    [
        (0, 0, 0, False),
        (0, 4, 4, False),
        (1, 0, 1, True),
        (1, 0, 2, False),
        (1, 1, 2, False),
        (2, 0, 3, True),
        (2, 0, 4, False),
        (3, 1, 4, True),
    ],
)
def test_is_flood(bugs: int, others: int, total: int, *, flood: bool) -> None:
    """More than half of a batch hitting bugs is a flood; half of it, or any number of bad records, is none."""
    batch = records(*map(str, range(total)))
    reasons = [Reason.BUG] * bugs + [Reason.NOT_JSON] * others
    letters = [DeadLetter(each, reason, "", Stage.DECODE) for each, reason in zip(batch, reasons, strict=False)]
    assert flood == is_flood(letters, batch)
