from __future__ import annotations

from typing import Any

import pytest

from pipeline.core.submission import (
    MAX_EVENTS,
    MAX_FAULTS_OF_AN_EVENT,
    Fault,
    Rules,
    check,
    entry,
    values,
)
from pipeline.core.validate import compile_schemas
from pipeline.errors import Rejection
from pipeline.model import Entry, Event, Position, Reason
from pipeline.routes import PROCESS
from pipeline.testing.lambda_events import log_event

RULES = Rules(
    compile_schemas({"log.v1": {"properties": {"n": {"items": {"type": "string"}}}, "additionalProperties": True}}),
    PROCESS,
)
JSON, BATCH, NDJSON = "application/cloudevents+json", "application/cloudevents-batch+json", "application/x-ndjson"


@pytest.mark.parametrize(
    ("body", "media_type", "expected"),
    [
        (b'{"a": 1}', JSON, [{"a": 1}]),
        (b"[1]", JSON, [[1]]),
        (b"[1, 2]", BATCH, [1, 2]),
        (b"[]", BATCH, []),
        (b"1\n\n2\r\n", NDJSON, [1, 2]),
        (b"0," * (MAX_EVENTS - 1) + b"0", None, [0] * MAX_EVENTS),
    ],
)
def test_values(body: bytes, media_type: str | None, expected: list[Any]) -> None:
    """A body is one value, those of an array, or one a line."""
    assert expected == (values(body, media_type) if media_type else values(b"[" + body + b"]", BATCH))


def test_a_line_that_is_no_json() -> None:
    """Its place holds why; the other lines are read."""
    first, second, third = values(b"1\n{\n3", NDJSON)
    assert (1, 3) == (first, third)
    assert isinstance(second, Rejection)
    assert Reason.NOT_JSON == second.reason


def test_faults_are_bounded() -> None:
    """Of many faults so many are listed."""
    found = check(log_event("x" * 600, n=[["y" * 1000]] * 50), RULES, 0.0)
    assert isinstance(found, list)
    assert MAX_FAULTS_OF_AN_EVENT == len(found)


def test_pointers_are_escaped() -> None:
    """A name with `/` or `~` is written as RFC 6901 has it."""
    rules = Rules(compile_schemas({"log.v1": {"properties": {"a/b~c": {"type": "string"}}}}), PROCESS)
    found = check({**log_event(), "data": {"a/b~c": 1}}, rules, 0.0)
    assert [Fault("/data/a~1b~0c", Reason.SCHEMA_INVALID, 'the value is not of type "string" [type]')] == found


def test_an_entry() -> None:
    """An event travels under its key; a key that is too long under its hash."""
    event = Event("e", "//a", "log.v1", "2026-11-23T10:00:00Z", {"body": "x"}, "key")
    data = b'{"specversion":"1.0","id":"e","source":"//a","type":"log.v1","time":"2026-11-23T10:00:00Z",'
    data += b'"subject":"key","data":{"body":"x"}}'
    assert Entry(Position("api", "", "7"), "key", data) == entry(event, 7)
    long = Event("e", "//a", "log.v1", "2026-11-23T10:00:00Z", {}, "\U0001f600" * 200)
    assert 64 == len(entry(long, 0).partition_key)
