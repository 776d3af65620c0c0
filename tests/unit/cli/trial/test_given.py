"""What a line stands for."""

from __future__ import annotations

import json
from typing import Any

import pytest

from pipeline.cli.trial.given import on_stream, records_in
from pipeline.cli.trial.outcome import Was
from pipeline.core.log_line import Shipment
from pipeline.errors import InputError
from pipeline.model import Event
from pipeline.testing.lambda_events import aggregate, dynamodb_record, kinesis_event, kinesis_record, log_event

RECORD = kinesis_record(log_event())
CHANGE = dynamodb_record({"id": {"S": "1"}}, after={"id": {"S": "1"}})
POSITION = {"stream": "events", "shard": "s", "sequence_number": "1", "sub_sequence_number": 2}


def letter(record: object, **members: object) -> dict[str, Any]:
    about = {"reason": "not_json", "detail": "no", "stage": "decode", "function": "process", "position": POSITION}
    return {**about, "record": record, **members}


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (RECORD, [RECORD]),
        (CHANGE, [CHANGE]),
        (kinesis_event(log_event("a"), log_event("b")), kinesis_event(log_event("a"), log_event("b"))["Records"]),
        ({"requestContext": {}, "payload": {"Records": [RECORD]}}, [RECORD]),
        ({"requestContext": {}, "payload": json.dumps({"Records": [CHANGE]})}, [CHANGE]),
        (letter(RECORD), [RECORD]),
        (letter(CHANGE, function="relay_changes"), [CHANGE]),
    ],
)
def test_records_of_streams(value: object, expected: list[dict[str, Any]]) -> None:
    """Each is run as it was delivered, for the function that it was delivered to."""
    given = records_in("x", 3, json.dumps(value).encode())
    assert given is not None
    assert expected == [each.record.original for each in given]
    assert [each["eventSource"] == "aws:dynamodb" for each in expected] == [each.is_change for each in given]
    assert {("x", 3)} == {(each.file, each.line) for each in given}


def test_a_dead_letter_is_its_user_record() -> None:
    """It says which one it is, and why it was one."""
    (given,) = records_in("x", 1, json.dumps(letter(kinesis_record(aggregate(log_event())))).encode()) or ()
    assert (2, Was("not_json", "decode", "no")) == (given.only, given.was)


@pytest.mark.parametrize(
    "content",
    [
        b"started",
        b'{"body": "started"}',
        b'{"eventSource": "aws:kinesis"',
        b'["eventSource"]',
        b'{"eventSource": "aws:kinesis", "eventSourceARN": 7}',
        b'{"Records": [], "eventSource": 1}',
        b'{"Records": [{"eventSource": "aws:s3", "eventSourceARN": "x"}]}',
        b'{"Records": [7], "eventSource": 1}',
        b'{"payload": "eventSource"}',
        b'{"a":' * 100_000 + b'"eventSource"',
        json.dumps({**log_event(), "eventSource": "aws:kinesis"}).encode(),
        json.dumps({**RECORD, "specversion": "1.0"}).encode(),
    ],
)
def test_lines_like_any_other(content: bytes) -> None:
    """What only looks like a record is left to what reads lines."""
    assert records_in("x", 1, content) is None


@pytest.mark.parametrize(
    ("value", "said"),
    [
        (letter({"eventSource": "aws:sns"}, function="ingest_async"), "a dead letter of ingest_async, whose record is"),
        ({**RECORD, "kinesis": {}}, r"not a record as Lambda delivers it \(KeyError: 'sequenceNumber'\)"),
        ({**CHANGE, "eventSourceARN": "x"}, r"not a record as Lambda delivers it \(IndexError: "),
    ],
)
def test_records_that_cannot_be_run(value: object, said: str) -> None:
    """One line says why."""
    with pytest.raises(InputError, match=said):
        records_in("x", 1, json.dumps(value).encode())


def test_what_would_not_be_on_a_stream() -> None:
    """The limit is of data and key together."""
    event = Event("e", "//s", "log.v1", "2026-11-23T10:00:00Z", {"body": ""})
    given = on_stream("x", 1, Shipment(event, "k"), 1, 0.0)
    size = len(given.record.data or b"")
    fits = Event("e", "//s", "log.v1", "2026-11-23T10:00:00Z", {"body": "x" * (1024 * 1024 - size - 1)})
    assert 1024 * 1024 - 1 == len(on_stream("x", 1, Shipment(fits, "k"), 1, 0.0).record.data or b"")
    with pytest.raises(InputError, match="1,048,577 bytes in all; a record on the stream is at most 1,048,576"):
        on_stream("x", 1, Shipment(fits, "kk"), 1, 0.0)
