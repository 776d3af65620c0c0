from __future__ import annotations

from dataclasses import replace
from typing import Any

import orjson
import pytest

from pipeline.core.aggregate import bucket_names, bucket_of
from pipeline.core.chunk import MAX_RECORD_BYTES
from pipeline.core.encode import archive_line
from pipeline.core.route import Route
from pipeline.core.submission import (
    MAX_EVENTS,
    MAX_FAULTS_OF_AN_EVENT,
    Fault,
    Ready,
    Rules,
    check,
    values,
)
from pipeline.core.validate import compile_schemas
from pipeline.errors import Rejection
from pipeline.model import Line, Reason
from pipeline.producer.settings import Settings
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


def ready(event: dict[str, Any], rules: Rules = RULES) -> Ready:
    """The event as it travels; it must be good."""
    found = check(event, rules, 0.0)
    assert isinstance(found, Ready)
    return found


SHARED = replace(RULES, aggregated=frozenset({"log.v1"}), claims_bucket="claims")


def test_an_event_as_it_travels() -> None:
    """It goes under its subject, or else its id; a key that is too long under its hash."""
    event = log_event("e", key="key")
    data = b'{"specversion":"1.0","id":"e","source":"//a","type":"log.v1","time":"2026-11-23T10:00:00Z",'
    data += b'"subject":"key","data":{"body":"x"}}'
    assert Ready("e", "key", data, b"") == ready(orjson.loads(data))
    assert 64 == len(ready(log_event("e", key="\U0001f600" * 200)).partition_key)
    assert "e" == ready({name: value for name, value in event.items() if name != "subject"}).partition_key


def test_an_event_that_shares_a_record() -> None:
    """It goes under the bucket of its key, as a producer sends it; the key travels inside."""
    event = log_event("e", key="key")
    bucket = bucket_of(b"key", bucket_names(Settings().buckets))
    found = ready(event, SHARED)
    assert ("e", bucket, event, b"key") == (found.id, found.partition_key, orjson.loads(found.data), found.user_key)


def sized(size_bytes: int, rules: Rules) -> dict[str, Any]:
    """A log event that makes a record of this size, if it travels with its data."""
    event = log_event("e", key="key", n=[])
    name = ready(event, rules).partition_key
    filler = size_bytes - len(orjson.dumps(event)) - len(name)
    return {**event, "data": {**event["data"], "body": event["data"]["body"] + "x" * filler}}


ARCHIVED = Route(transforms=(), destinations=(archive_line,))


@pytest.mark.parametrize("aggregated", [frozenset[str](), frozenset({"log.v1"})])
@pytest.mark.parametrize(("excess", "is_claimed"), [(-1, False), (0, False), (1, True)])
def test_the_limit_of_a_record(aggregated: frozenset[str], excess: int, *, is_claimed: bool) -> None:
    """Up to the limit, with its partition key, an event travels whole; one byte more, and it leaves its data in S3."""
    rules = replace(SHARED, routes={"log.v1": ARCHIVED}, aggregated=aggregated)
    event = sized(MAX_RECORD_BYTES + excess, rules)
    found = ready(event, rules)
    if not is_claimed:
        assert (None, MAX_RECORD_BYTES + excess) == (found.owed, len(found.data) + len(found.partition_key))
        return
    assert found.owed is not None
    assert (orjson.dumps(event["data"]), b"") == (found.owed.body, found.user_key)
    assert f"s3://claims/{found.owed.claim.key}" == orjson.loads(found.data)["dataref"]
    refused = check(event, replace(rules, claims_bucket=""), 0.0)
    assert [Reason.TOO_LARGE] == [each.reason for each in refused if isinstance(each, Fault)]


def test_the_limit_of_an_item() -> None:
    """Data that the stream would take and an item would not are left in S3 as well, and so delivered."""
    whole, beyond = (ready(log_event("e", body="x" * size), SHARED) for size in (390_000, 420_000))
    assert (True, False) == (whole.owed is None, beyond.owed is None)


def test_what_no_claim_makes_smaller() -> None:
    """What is too large in any way is refused with a bucket, too."""

    def too_large(*_: object) -> Line:
        raise Rejection(Reason.TOO_LARGE, "for all")

    rules = replace(SHARED, routes={"log.v1": Route(transforms=(), destinations=(too_large,))})
    assert [Fault("", Reason.TOO_LARGE, "for all")] == check(log_event(), rules, 0.0)
