"""Which events of EventBridge are of a type of ours."""

from __future__ import annotations

from typing import Any

import pytest

from pipeline.core.bus_types import BusType, bus_types, declared
from pipeline.core.decode import MAX_SUBJECT_BYTES
from pipeline.errors import WrongDeclaration
from pipeline.testing.arrivals import ACCOUNT, bus_event

S3 = {"source": "aws.s3", "detail-type": ["Object Created", "Object Deleted"]}
KEY = BusType("s3.v1", (("bucket", "name"), ("object", "a/b~c")))


def test_what_a_schema_claims() -> None:
    """Each source with each of its detail-types, all with the same subject."""
    schema = {"x-eventbridge": {"events": [S3], "subject": ["/object/a~1b~0c"], "keep": ["account"]}}
    expected = BusType("s3.v1", (("object", "a/b~c"),), ("account",))
    assert {("aws.s3", "Object Created"): expected, ("aws.s3", "Object Deleted"): expected} == declared("s3.v1", schema)
    assert declared("s3.v1", schema) == bus_types({"log.v1": {}, "s3.v1": schema})


def test_what_two_schemas_claim() -> None:
    """No function starts with an event that is of two types."""
    schemas = {name: {"x-eventbridge": {"events": [S3]}} for name in ("s3.v1", "s3.v2")}
    with pytest.raises(
        WrongDeclaration, match=r"^s3.v2.json: aws.s3 'Object Created' is of s3.v1 too; leave it to one of them$"
    ):
        bus_types(schemas)


@pytest.mark.parametrize(
    ("said", "remedy"),
    [
        ([S3], 'must be {"events": '),
        ({}, 'must be {"events": '),
        ({"events": []}, 'must be {"events": '),
        ({"events": [S3], "key": []}, 'must be {"events": '),
        ({"events": [{"source": "aws.s3"}]}, "events are such as"),
        ({"events": [{"source": "", "detail-type": ["a"]}]}, "events are such as"),
        ({"events": [{"source": "a", "detail-type": "a"}]}, "events are such as"),
        ({"events": [{"source": "a", "detail-type": []}]}, "events are such as"),
        ({"events": [{"source": "a", "detail-type": [7]}]}, "events are such as"),
        ({"events": [{"source": "a", "detail-type": [""]}]}, "events are such as"),
        ({"events": [{**S3, "detail": {}}]}, "events are such as"),
        ({"events": [S3], "subject": "/id"}, "subject must be a list of JSON pointers"),
        ({"events": [S3], "subject": ["id"]}, "subject must be a list of JSON pointers"),
        ({"events": [S3], "keep": ["time"]}, "keep must be a list of some of account, detail-type, region, resources"),
        ({"events": [S3], "keep": "account"}, "keep must be a list of some of account"),
    ],
)
def test_what_cannot_be_claimed(said: object, remedy: str) -> None:
    """It is said what to write instead."""
    with pytest.raises(WrongDeclaration, match=f"^a.v1.json: x-eventbridge {remedy}"):
        declared("a.v1", {"x-eventbridge": said})


@pytest.mark.parametrize(
    ("detail", "expected"),
    [
        ({"bucket": {"name": "b"}, "object": {"a/b~c": "k/1"}}, "b/k/1"),
        ({"bucket": {"name": "b"}, "object": {"a/b~c": ""}}, None),
        ({"bucket": {"name": "b"}, "object": {"a/b~c": 7}}, None),
        ({"bucket": {"name": "b"}, "object": "a/b~c"}, None),
        ({"bucket": {"name": "b"}}, None),
        ({}, None),
        ([], None),
        (
            {"bucket": {"name": "b"}, "object": {"a/b~c": "ü" * (MAX_SUBJECT_BYTES // 2)}},
            "3c1eedd24b6453be365a0381299164088182f37aadca3159978c0e524337e256",
        ),
        ({"bucket": {"name": "b"}, "object": {"a/b~c": "k" * (MAX_SUBJECT_BYTES - 2)}}, f"b/{'k' * 1022}"),
    ],
)
def test_subject(detail: Any, expected: str | None) -> None:  # noqa: ANN401 - any JSON
    """The texts there with a / between them; what has not all of them has none, and a long one is its hash."""
    assert expected == KEY.subject_of(detail)


def test_no_subject() -> None:
    """A type need not have any."""
    assert {"type": "a.v1", "data": {"x": 1}} == BusType("a.v1").envelope(bus_event({"x": 1}), {"x": 1})


def test_what_is_kept() -> None:
    """Attributes of the event stand in the data under their own names; what the event does not have is left out."""
    made = BusType("a.v1", (("x",),), ("account", "resources", "region"))
    event = bus_event({}, resources=["r"])
    del event["region"]
    expected = {"type": "a.v1", "data": {"x": "y", "account": ACCOUNT, "resources": ["r"]}, "subject": "y"}
    assert expected == made.envelope(event, {"x": "y", "account": "?"})


@pytest.mark.parametrize("detail", [None, "x", 7, [1]])
def test_a_detail_that_is_none(detail: Any) -> None:  # noqa: ANN401 - any JSON
    """It is the data as it is, for the envelope's own check to refuse."""
    assert {"type": "s3.v1", "data": detail} == KEY.envelope(bus_event(detail), detail)
