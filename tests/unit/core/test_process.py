from __future__ import annotations

import copy
import gzip
from typing import TYPE_CHECKING, Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.core import process
from pipeline.core.decode import decode
from pipeline.core.kpl import MAX_USER_RECORDS
from pipeline.core.process import Stages, finish, is_flood, prepare
from pipeline.core.records import read
from pipeline.core.route import Route
from pipeline.core.validate import compile_schemas
from pipeline.errors import Rejection
from pipeline.model import DeadLetter, Event, Line, Prepared, Reason, Record, Stage
from pipeline.testing.bench import STAGES
from pipeline.testing.lambda_events import aggregate, kinesis_event, log_event, log_subscription

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
    return [copy.replace(event, id=f"{event.id}{letter}") for letter in "ab"]


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
        ({**log_event(), "type": "log.v99"}, stages(), Reason.UNKNOWN_TYPE, Stage.VALIDATE),
        ({**log_event(), "data": {}}, stages(), Reason.SCHEMA_INVALID, Stage.VALIDATE),
        (log_event(), stages([reject]), Reason.TOO_LARGE, Stage.TRANSFORM),
        (log_event(), stages([crash]), Reason.BUG, Stage.TRANSFORM),
        (log_event(), stages([], [reject]), Reason.TOO_LARGE, Stage.ROUTE),
        (log_event(), stages([], [crash]), Reason.BUG, Stage.ROUTE),
        (log_event(), copy.replace(stages(), decode=crash), Reason.BUG, Stage.DECODE),
        (log_event(), copy.replace(stages(), routes={}), Reason.BUG, Stage.TRANSFORM),
    ],
)
def test_dead_letter(record: bytes | dict[str, Any], these: Stages, reason: Reason, stage: Stage) -> None:
    """A record that can never succeed becomes a dead letter with its reason and its stage."""
    batch = read(kinesis_event(record, first=7))
    assert ([], [("7", reason, stage)]) == run(batch, these)[1:]


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", Reason.NOT_JSON),
        (b"a log line", Reason.NOT_JSON),
        (b"null", Reason.NOT_AN_EVENT),
        (b"{}", Reason.NOT_AN_EVENT),
        (b'{"a":1', Reason.NOT_JSON),
        (b'{"a":1}{"a":1}', Reason.NOT_JSON),
        (b"NaN", Reason.NOT_JSON),
        (b"[Infinity]", Reason.NOT_JSON),
        (b"-Infinity", Reason.NOT_JSON),
        (b"1e999", Reason.NUMBER_OUT_OF_RANGE),
        (b"[-1e999]", Reason.NUMBER_OUT_OF_RANGE),
        (b"[18446744073709551616]", Reason.NUMBER_OUT_OF_RANGE),
        (b"9" * 5000, Reason.NUMBER_OUT_OF_RANGE),
        (b'"\\ud800"', Reason.NOT_JSON),
        (b'"\\udc00\\ud800"', Reason.NOT_JSON),
        (b'"\xed\xa0\x80"', Reason.NOT_UTF8),
        (b'"\xc0\x80"', Reason.NOT_UTF8),
        (b'"\xf5\x80\x80\x80"', Reason.NOT_UTF8),
        (b"\xff\xfe{\x00}\x00", Reason.NOT_UTF8),
        (b"\xef\xbb\xbf{}", Reason.NOT_JSON),
        (b"[" * 101 + b"]" * 101, Reason.TOO_DEEP),
        (b"[" * 100_000, Reason.TOO_DEEP),
        (b'{"a":' * 2000 + b"1" + b"}" * 2000, Reason.TOO_DEEP),
        (b'{"a":1,"a":2}', Reason.DUPLICATE_KEY),
        (orjson.dumps(log_event())[:-1] + b',"id":"e-2"}', Reason.DUPLICATE_KEY),
        (aggregate(b"{}")[:-1], Reason.AGGREGATE_CORRUPT),
        (aggregate(b"{"), Reason.NOT_JSON),
        (aggregate(aggregate(b"{}")), Reason.NOT_UTF8),
        (log_subscription("x")[:-1], Reason.GZIP_CORRUPT),
        (gzip.compress(bytes(10_000_000)), Reason.TOO_LARGE),
        (gzip.compress(b"x"), Reason.NOT_JSON),
        (log_subscription("x", owner=None), Reason.NOT_AN_EVENT),
        (orjson.dumps({"eventSource": "aws:dynamodb"}), Reason.NOT_AN_EVENT),
        (orjson.dumps(log_event(body={"n": 1e-200})), Reason.NUMBER_OUT_OF_RANGE),
        (orjson.dumps(log_event(body={"": 1})), Reason.SCHEMA_INVALID),
        (orjson.dumps(log_event(body="x" * 500_000)), Reason.TOO_LARGE),
    ],
    ids=range(36),
)
def test_poison(data: bytes, reason: Reason) -> None:
    """Whatever bytes a record holds, it is a dead letter with a stable reason, and its neighbours are delivered."""
    batch = read(kinesis_event(log_event("1"), data, log_event("3"), first=1))
    processed = finish(prepare(batch, STAGES), {}, STAGES)
    assert [("2", reason)] == [(each.record.position.sequence_number, each.reason) for each in processed.dead_letters]
    assert {"1", "3"} == {each.position.sequence_number for each in processed.deliveries}


@given(st.binary() | st.binary().map(aggregate) | st.binary().map(gzip.compress))
def test_any_bytes(data: bytes) -> None:
    """No bytes hit a bug."""
    processed = finish(prepare(read(kinesis_event(data)), STAGES), {}, STAGES)
    assert Reason.BUG not in [each.reason for each in processed.dead_letters]


def test_aggregate() -> None:
    """Each user record has its own outcome, and all are counted."""
    low = log_event("c", severity_number=1)
    batch = read(kinesis_event(aggregate(log_event("a"), b"{", low, log_event("d")), log_event("e"), first=1))
    prepared = prepare(batch, STAGES)
    assert [("1", 0), ("1", 1), ("1", 2), ("1", 3), ("2", 0)] == [
        (each.position.sequence_number, each.position.sub_sequence_number) for each in prepared.records
    ]
    assert ["a", "d", "e"] == [event.id for _, event in prepared.events]
    assert [1] == [each.record.position.sub_sequence_number for each in prepared.dead_letters]
    assert [2] == [each.sub_sequence_number for each in prepared.dropped]


def test_bound() -> None:
    """What a batch unfolds to is bounded: the records after the bound are left unread, the first never is."""
    batch = read(kinesis_event(*[aggregate(*[b"{"] * MAX_USER_RECORDS)] * 3, log_event("4"), first=1))
    prepared = prepare(batch, STAGES)
    assert (2 * MAX_USER_RECORDS, batch[2:]) == (len(prepared.records), list(prepared.unread))


def test_no_bound_on_what_is_plain(monkeypatch: pytest.MonkeyPatch) -> None:
    """The largest batch of plain records that there is, is read to its end; with no room at all, one record is."""
    batch = read(kinesis_event(*[log_event()] * 10_000))
    assert not prepare(batch, STAGES).unread
    monkeypatch.setattr(process, "MAX_BATCH_BYTES", 1)
    assert 9_999 == len(prepare(batch, STAGES).unread)


def test_bug_in_unpack() -> None:
    """A bug while unpacking makes one dead letter of the record."""
    prepared = prepare(records("1"), copy.replace(stages(), unpack=crash))
    assert [(Reason.BUG, Stage.UNPACK)] == [(each.reason, each.stage) for each in prepared.dead_letters]
    assert records("1") == prepared.records


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
