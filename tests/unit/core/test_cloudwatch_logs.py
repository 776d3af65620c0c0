from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from pipeline.core.decode import decode
from pipeline.core.process import finish, prepare
from pipeline.core.records import read
from pipeline.core.unpack import unpack
from pipeline.errors import Rejection
from pipeline.model import Event, Line, Reason
from pipeline.testing.bench import STAGES
from pipeline.testing.lambda_events import kinesis_event, log_subscription

if TYPE_CHECKING:
    from pipeline.model import Json

LOG_EVENT: dict[str, Any] = {"id": "3195", "timestamp": 1764000000250, "message": "x"}


def events_of(*messages: str, **changes: Any) -> list[Event]:  # noqa: ANN401 - JSON
    (record,) = read(kinesis_event(log_subscription(*messages, **changes)))
    return [decode(each) for each in unpack(record)]


def test_event() -> None:
    """A log event becomes a log with its own id and time, under its log group."""
    expected = Event(
        id="31953106606966983378809025079804211143289615424298220000",
        source="//logs.amazonaws.com/000000000000:/aws/lambda/orders",
        type="log.v1",
        time="2025-11-24T16:00:00.250000Z",
        data={
            "body": "[WARN] low on disk",
            "severity_text": "WARN",
            "resource": {
                "cloud.provider": "aws",
                "cloud.account.id": "000000000000",
                "aws.log.group.names": ["/aws/lambda/orders"],
                "aws.log.stream.names": ["2026/11/23/[$LATEST]0a1b"],
            },
        },
    )
    assert [expected] == events_of("[WARN] low on disk\n")


@pytest.mark.parametrize(
    ("message", "body", "severity_text"),
    [
        ("", "", None),
        ("a line\r\n", "a line", None),
        ("a line\n\n", "a line\n", None),
        ('{"level": "error", "n": 1}\n', {"level": "error", "n": 1}, "error"),
        ('{"n": 12345678901234567890123}', '{"n": 12345678901234567890123}', None),
        ('{"a": 1, "a": 2}', '{"a": 1, "a": 2}', None),
        ("[1]", "[1]", None),
        ('{"broken', '{"broken', None),
        ("\u0000 \u2028 \U0001f600", "\u0000 \u2028 \U0001f600", None),
    ],
)
def test_body(message: str, body: Json, severity_text: str | None) -> None:
    """A JSON object that is kept exactly is the body as it is; any other line is the body as text."""
    (event,) = events_of(message)
    assert (body, severity_text) == (event.data["body"], event.data.get("severity_text"))


def test_twice() -> None:
    """A log event that comes twice is the same event."""
    assert events_of("one") == events_of("one")


@pytest.mark.parametrize(
    ("log_event", "reason"),
    [
        ("x", Reason.NOT_AN_EVENT),
        (None, Reason.NOT_AN_EVENT),
        ({**LOG_EVENT, "id": None}, Reason.NOT_AN_EVENT),
        ({**LOG_EVENT, "id": 7}, Reason.NOT_AN_EVENT),
        ({**LOG_EVENT, "timestamp": "now"}, Reason.TIME_INVALID),
        ({**LOG_EVENT, "timestamp": True}, Reason.NOT_AN_EVENT),
        ({**LOG_EVENT, "timestamp": 10**18}, Reason.NOT_AN_EVENT),
        ({**LOG_EVENT, "message": None}, Reason.SCHEMA_INVALID),
        ({**LOG_EVENT, "message": 7}, Reason.SCHEMA_INVALID),
    ],
    ids=range(9),
)
def test_bad_log_event(log_event: Json, reason: Reason) -> None:
    """A log event that cannot be used is a dead letter of its own, and its neighbours are delivered."""
    batch = kinesis_event(log_subscription(logEvents=[LOG_EVENT, log_event, {**LOG_EVENT, "id": "3196"}]), first=1)
    prepared = prepare(read(batch), STAGES)
    lines = [each for each in finish(prepared, {}, STAGES).deliveries if isinstance(each, Line)]
    assert [(1, reason)] == [(each.record.position.sub_sequence_number, each.reason) for each in prepared.dead_letters]
    assert [0, 2] == [each.position.sub_sequence_number for each in lines]
    assert batch["Records"][0] is prepared.dead_letters[0].record.original


@pytest.mark.parametrize(
    ("changes", "detail"),
    [
        ({"messageType": "NEWS"}, "the subscription record is neither DATA_MESSAGE with logEvents nor CONTROL_MESSAGE"),
        ({"logEvents": None}, "the subscription record is neither DATA_MESSAGE with logEvents nor CONTROL_MESSAGE"),
        ({"owner": ""}, "the subscription record has no owner"),
        ({"logGroup": None}, "the subscription record has no logGroup"),
        ({"logStream": 7}, "the subscription record has no logStream"),
    ],
)
def test_not_a_subscription(changes: dict[str, Any], detail: str) -> None:
    """A record that does not say what it is or where it comes from is rejected as a whole."""
    with pytest.raises(Rejection, match=f"^not_an_event: {detail}$"):
        events_of("x", **changes)


def test_dropped() -> None:
    """A control message, and a record without log events, are dropped on purpose."""
    batch = kinesis_event(log_subscription(messageType="CONTROL_MESSAGE"), log_subscription(), first=1)
    prepared = prepare(read(batch), STAGES)
    assert (["1", "2"], []) == (sorted(each.sequence_number for each in prepared.dropped), prepared.dead_letters)
