"""What SNS, EventBridge and SQS hand over, in the shapes that AWS documents, and in others."""

from __future__ import annotations

import copy
import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.core import arrival
from pipeline.core.arrival import accept, read, source_of, tells_of_an_object
from pipeline.errors import Misconfiguration
from pipeline.model import DeadLetter, Entry, Position, Reason, Stage
from pipeline.testing.arrivals import (
    FIFO_QUEUE_ARN,
    QUEUE_ARN,
    SENT_AT_MS,
    TOPIC_ARN,
    bus_event,
    fifo_event,
    fifo_record,
    message_id,
    replayed,
    sns_body,
    sns_event,
    sqs_event,
    sqs_record,
)
from pipeline.testing.lambda_events import dynamodb_event, kinesis_event, log_event
from tests.unit.core.arriving import BUS, BY, ID, OURS, RULES, outcome, put, refused

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

# where it comes from --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("event", "expected"),
    [
        (sns_event("x"), arrival.SNS),
        (sqs_event("x"), arrival.SQS),
        (fifo_event("x"), arrival.SQS),
        (bus_event({}), arrival.EVENTBRIDGE),
        (replayed(bus_event(None)), arrival.EVENTBRIDGE),
        (kinesis_event(b"x"), "aws:kinesis"),
        ({"Records": [{"eventSource": "aws:s3"}]}, arrival.S3),
        (bus_event({}, "Object Created", source="aws.s3"), arrival.EVENTBRIDGE),
        ({"continue": {}}, arrival.CONTINUE),
    ],
)
def test_source(event: Mapping[str, Any], expected: str) -> None:
    """Each says who sent it, in its own spelling."""
    assert expected == source_of(event)


@pytest.mark.parametrize(
    ("event", "expected"),
    [
        (bus_event({"bucket": {"name": "drop"}}, "Object Created", source="aws.s3"), True),
        (bus_event({"bucket": {"name": "other"}}, "Object Created", source="aws.s3"), False),
        (bus_event({"bucket": {"name": "drop"}}, "Object Deleted", source="aws.s3"), False),
        (bus_event({"bucket": {"name": "drop"}}, "Object Created"), False),
        (bus_event({"bucket": "drop"}, "Object Created", source="aws.s3"), False),
        (bus_event(None, "Object Created", source="aws.s3"), False),
        (sns_event("x"), False),
    ],
)
def test_word_of_an_object(event: Mapping[str, Any], expected: bool) -> None:  # noqa: FBT001 - a table
    """Only what was written to that very bucket is an object to read."""
    assert expected is tells_of_an_object(event, "drop")


@pytest.mark.parametrize(
    "event",
    [
        {},
        dynamodb_event(),
        {"Records": None},
        {"Records": {}},
        {"Records": ["x"]},
        {"Records": [{}]},
        {"Records": [{"eventSource": None}]},
        {"detail-type": "x", "detail": {}},
        {"detail-type": 1, "detail": {}, "source": "x"},
        {"test": "from the console"},
    ],
)
def test_no_source(event: Mapping[str, Any]) -> None:
    """What nobody is known to send is raised, so that it ends where a person looks."""
    for take in (source_of, read):
        with pytest.raises(Misconfiguration, match="of no source that is known; look at what invokes the function"):
            take(event)


def test_read_sns() -> None:
    """A notification lies in its topic, under its message's id."""
    event = sns_event("é")
    (record,) = read(event)
    assert (Position(TOPIC_ARN, "", ID), SENT_AT_MS / 1000) == (record.position, record.arrived_at)
    assert (event["Records"][0], "é".encode(), None) == (record.original, record.data, record.partition_key)


def test_read_eventbridge() -> None:
    """An event lies in its source, under its id: the bus is not in it."""
    event = bus_event({})
    (record,) = read(event)
    assert (Position(BUS, "", ID), 1_764_000_000.0, event) == (record.position, record.arrived_at, record.original)


def test_read_sqs() -> None:
    """Messages lie in their queue, in the order of the batch; of a FIFO queue, they have their group's order."""
    one, two = read(sqs_event("a", "b"))
    assert [Position(QUEUE_ARN, "", message_id(n)) for n in (0, 1)] == [one.position, two.position]
    assert (SENT_AT_MS / 1000, b"a", None) == (one.arrived_at, one.data, one.partition_key)
    groups = [(each.position.stream, each.partition_key) for each in read(fifo_event("a", "b", "c", groups=2))]
    assert [(FIFO_QUEUE_ARN, f"group-{n}") for n in (0, 1, 0)] == groups


def test_groups_of_a_standard_queue() -> None:
    """They are for fairness, and no order."""
    attributes = {"SentTimestamp": str(SENT_AT_MS), "MessageGroupId": "customer-7"}
    (record,) = read({"Records": [sqs_record("x", attributes=attributes)]})
    assert record.partition_key is None


def _without(event: dict[str, Any], *path: str | int) -> dict[str, Any]:
    changed = copy.deepcopy(event)
    inner: Any = changed
    for name in path[:-1]:
        inner = inner[name]
    del inner[path[-1]]
    return changed


@pytest.mark.parametrize(
    "event",
    [
        *(_without(sns_event("x"), "Records", 0, "Sns", name) for name in ("TopicArn", "MessageId", "Timestamp")),
        *(_without(bus_event({}), name) for name in ("id", "time")),
        *(_without(sqs_event("x"), "Records", 0, name) for name in ("messageId", "eventSourceARN", "body")),
        _without(sqs_event("x"), "Records", 0, "attributes", "SentTimestamp"),
        _without(fifo_event("x"), "Records", 0, "attributes", "MessageGroupId"),
        sns_event("x", MessageId=""),
        sns_event("x", TopicArn=7),
        sns_event("x", Timestamp="yesterday"),
        sns_event("x", Message=None),
        bus_event({}, id=7),
        bus_event({}, source=""),
        bus_event({}, time=None),
        {"Records": [sqs_record("x", attributes=None)]},
        {"Records": [sqs_record("x", eventSourceARN=None)]},
        {"Records": [sqs_record("x", attributes={"SentTimestamp": "soon"})]},
        {"Records": [sqs_record("x"), *sns_event("x")["Records"]]},
        {"Records": [sqs_record("x"), None]},
        kinesis_event(b"x"),
    ],
)
def test_another_shape(event: Mapping[str, Any]) -> None:
    """What is not of its source's shape is raised, without what it holds: nothing of it can be named or kept."""
    with pytest.raises(Misconfiguration, match=r"^the event of aws\S+ is not of the documented shape \(\w+Error\); "):
        read(event)


# order ----------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("own", [None, "own"])
@pytest.mark.parametrize("wrapped", [str, sns_body])
def test_order_of_a_group(own: str | None, wrapped: Callable[[str], str]) -> None:
    """A message of a FIFO queue goes under its group, and is about it unless it is an event about something else."""
    event = fifo_event(wrapped(json.dumps(log_event("e-1", key=own))))
    entry = outcome(event)
    assert isinstance(entry, Entry)
    assert ("group-0", own or "group-0") == (entry.partition_key, orjson.loads(entry.data)["subject"])
    assert "group-0" == put(fifo_event(wrapped("text")))["subject"]


def test_a_group_with_a_long_name() -> None:
    """One that Kinesis would not take as a key goes under its hash."""
    (record,) = read({"Records": [fifo_record("x", group="g" * 300)]})
    entry = accept(record, RULES)
    assert isinstance(entry, Entry)
    assert 64 == len(entry.partition_key)


@pytest.mark.parametrize("event", [sns_event, sqs_event])
def test_no_order(event: Callable[[str], dict[str, Any]]) -> None:
    """Elsewhere an event goes under its subject, and what has none under its id: it is in order with nothing."""
    ours, other = outcome(event(OURS)), outcome(event("text"))
    assert isinstance(ours, Entry)
    assert isinstance(other, Entry)
    assert ("key", ID) == (ours.partition_key, other.partition_key)
    assert "subject" not in orjson.loads(other.data)


@pytest.mark.parametrize("by", BY.values(), ids=BY)
def test_a_large_event(by: Callable[[str], dict[str, Any]]) -> None:
    """What is too large for an item leaves its data in the claims bucket, and is in the same order as if it did not."""
    text = "x" * 500_000
    (record,) = read(by(text))
    entry, small = accept(record, replace(RULES, claims_bucket="claims")), outcome(by("small"))
    assert isinstance(entry, Entry)
    assert isinstance(small, Entry)
    assert entry.owed is not None
    assert text == orjson.loads(entry.owed.body)["body"]
    assert f"s3://claims/{entry.owed.claim.key}" == orjson.loads(entry.data)["dataref"]
    assert small.partition_key == entry.partition_key


# what can never be put ------------------------------------------------------------------------------------------------

NO_DATA = '{"specversion": "1.0", "id": "e", "source": "s", "type": "log.v1"}'


@pytest.mark.parametrize(
    ("text", "reason", "stage", "detail"),
    [
        ('{"specversion": "1.0"', Reason.NOT_JSON, Stage.DECODE, "unexpected end of data"),
        ('{"specversion": "1.0", "id": "\\ud800"}', Reason.NOT_JSON, Stage.DECODE, "surrogate"),
        ('{"specversion": "1.0", "id": 1, "id": 2}', Reason.DUPLICATE_KEY, Stage.DECODE, "'id' twice"),
        ('{"specversion": "1.0", "n": 1' + "0" * 30 + "}", Reason.NUMBER_OUT_OF_RANGE, Stage.DECODE, "64 bits"),
        ('{"specversion": "1.0", "a": ' + "[" * 300 + "]" * 300 + "}", Reason.TOO_DEEP, Stage.DECODE, "100 levels"),
        ('{"specversion": 1}', Reason.NOT_AN_EVENT, Stage.VALIDATE, "/specversion: "),
        (NO_DATA, Reason.NOT_AN_EVENT, Stage.VALIDATE, '"data" is a required property'),
        (OURS.replace("log.v1", "log.v9"), Reason.UNKNOWN_TYPE, Stage.VALIDATE, "/type: "),
        (OURS.replace('"body"', '"bodi"'), Reason.SCHEMA_INVALID, Stage.VALIDATE, "; /data: "),
        ("x" * 500_000, Reason.TOO_LARGE, Stage.VALIDATE, "about "),
    ],
    ids=range(10),
)
@pytest.mark.parametrize("by", BY.values(), ids=BY)
def test_poison(by: Callable[[str], dict[str, Any]], text: str, reason: Reason, stage: Stage, detail: str) -> None:
    """Each way to be wrong is a dead letter with its reason, and with what Lambda delivered."""
    event = by(text)
    letter = refused(event)
    assert (reason, stage, event["Records"][0]) == (letter.reason, letter.stage, letter.record.original)
    assert detail in letter.detail


def _nested(levels: int) -> dict[str, Any]:
    value: dict[str, Any] = {}
    for _ in range(levels):
        value = {"a": value}
    return value


@pytest.mark.parametrize(
    ("event", "reason"),
    [
        (bus_event({"n": 2**64}), Reason.NUMBER_OUT_OF_RANGE),
        (bus_event({"n": float("nan")}), Reason.NOT_JSON),
        (bus_event({"a": "\ud800"}), Reason.NOT_JSON),
        (bus_event({}, source="a\ud800"), Reason.NOT_UTF8),
        (bus_event({}, "a\ud800"), Reason.NOT_UTF8),
        (sns_event("x", Subject="\ud800"), Reason.NOT_UTF8),
        (sns_event("half \ud800"), Reason.NOT_UTF8),
        (fifo_event('{"half": "\ud800"}'), Reason.NOT_UTF8),
        (bus_event(_nested(50)), Reason.TOO_DEEP),
        (bus_event(_nested(5_000)), Reason.TOO_DEEP),
        (bus_event({"": 1}), Reason.SCHEMA_INVALID),
        (bus_event({"bodi": "x"}, "log.v1"), Reason.SCHEMA_INVALID),
        (bus_event({"specversion": "1.0"}, "log.v1"), Reason.NOT_AN_EVENT),
        (bus_event({}, time="2025-11-24"), Reason.NOT_AN_EVENT),
        (sns_event("x", MessageId="x" * 600), Reason.NOT_AN_EVENT),
        (sqs_event(sns_body("x", Timestamp="yesterday")), Reason.NOT_AN_EVENT),
        (
            {"Records": [sqs_record("x", messageAttributes={"a": {"stringValue": "y" * 500_000}})]},
            Reason.TOO_LARGE,
        ),
    ],
)
def test_poison_around_the_text(event: Mapping[str, Any], reason: Reason) -> None:
    """So is what is wrong with the rest of it."""
    assert reason == refused(event).reason


def test_deeper_than_can_be_written(monkeypatch: pytest.MonkeyPatch) -> None:
    """A detail that cannot even be made JSON again is too deep."""

    def deep(_value: object) -> str:
        raise RecursionError

    monkeypatch.setattr(json, "dumps", deep)
    assert Reason.TOO_DEEP == refused(bus_event({})).reason


def test_a_bug() -> None:
    """What nobody thought of is a dead letter, too, and says where it was met, not what it met."""
    letter = refused({"Records": [sqs_record("secret", messageAttributes="secret")]})
    assert (Reason.BUG, Stage.DECODE) == (letter.reason, letter.stage)
    assert letter.detail.startswith("AttributeError at pipeline.core.")


def test_a_detail_is_bounded() -> None:
    """All faults are said, as far as there is room."""
    wrong = {**log_event("x" * 600), "source": "", "data": {f"unknown-{n}": n for n in range(100)}}
    assert arrival.MAX_DETAIL_CHARACTERS == len(refused(sns_event(json.dumps(wrong))).detail)


@given(st.text() | st.recursive(st.none() | st.booleans() | st.text(), st.lists).map(json.dumps))
def test_any_text(text: str) -> None:
    """No text hits a bug, whoever brings it."""
    for by in (sns_event, sqs_event, fifo_event, bus_event):
        found = outcome(by(text))
        assert not isinstance(found, DeadLetter) or found.reason is not Reason.BUG
