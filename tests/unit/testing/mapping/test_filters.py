from __future__ import annotations

from typing import Any

import pytest

from pipeline.testing.lambda_events import dynamodb_record, kinesis_record
from pipeline.testing.mapping.filters import is_delivered

DATA = {"type": "log.v1", "size": 5, "tags": ["a", "b"], "none": None, "flag": True}


@pytest.mark.parametrize(
    ("pattern", "expected"),
    [
        ({"type": ["log.v1"]}, True),
        ({"type": ["x", "log.v1"]}, True),
        ({"type": ["x"]}, False),
        ({"type": ["log.v1"], "size": [6]}, False),
        ({"type": [{"prefix": "log."}]}, True),
        ({"type": [{"suffix": ".v2"}]}, False),
        ({"type": [{"equals-ignore-case": "LOG.V1"}]}, True),
        ({"type": [{"anything-but": ["log.v1"]}]}, False),
        ({"missing": [{"anything-but": ["log.v1"]}]}, False),
        ({"missing": [{"exists": False}]}, True),
        ({"none": [{"exists": True}]}, True),
        ({"none": [None]}, True),
        ({"missing": [None]}, False),
        ({"size": [{"numeric": [">", 1, "<=", 5]}]}, True),
        ({"size": [{"numeric": ["<", 5]}]}, False),
        ({"flag": [{"numeric": [">=", 1]}]}, False),
        ({"flag": [1]}, False),
        ({"tags": ["b"]}, True),
        ({"type": {"inner": ["x"]}}, False),
    ],
)
def test_data(pattern: dict[str, Any], expected: bool) -> None:  # noqa: FBT001 - a row of a table
    """A pattern of the data matches where each of its names has one of the values."""
    assert expected is is_delivered(kinesis_record(DATA), [{"data": pattern}])


@pytest.mark.parametrize(
    ("data", "pattern", "expected"),
    [
        (b"plain", {"data": ["plain"]}, True),
        (b"plain", {"data": {"type": ["log.v1"]}}, False),
        (b"5", {"data": ["5"]}, False),
        (b"plain", {"partitionKey": ["1"]}, True),
    ],
)
def test_plain(data: bytes, pattern: dict[str, Any], expected: bool) -> None:  # noqa: FBT001 - a row of a table
    """Data that are no JSON only match a pattern that is none, and the other way round."""
    assert expected is is_delivered(kinesis_record(data), [pattern])


def test_change() -> None:
    """A pattern of a table's stream is of the whole record."""
    record = dynamodb_record({"id": {"S": "1"}}, after={"id": {"S": "1"}})
    patterns: list[dict[str, Any]] = [{"eventName": ["REMOVE"]}, {"dynamodb": {"Keys": {"id": {"S": ["1"]}}}}]
    assert (True, False, True) == tuple(is_delivered(record, each) for each in (patterns, patterns[:1], []))


@pytest.mark.parametrize(
    ("pattern", "text"), [({"data": ["x", {"cidr": "10.0.0.0/8"}]}, "cidr"), ({"data": "x"}, "lists at its leaves")]
)
def test_unknown(pattern: dict[str, Any], text: str) -> None:
    """A rule that is not modelled is an error, never a match."""
    with pytest.raises((ValueError, TypeError), match=text):
        is_delivered(kinesis_record(b"plain"), [pattern])
