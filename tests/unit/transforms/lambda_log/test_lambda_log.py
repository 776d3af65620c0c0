"""Which logs are of a Lambda function, and what is said of the function."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.core.process import finish, prepare
from pipeline.core.records import read
from pipeline.model import Line
from pipeline.testing.bench import STAGES
from pipeline.testing.lambda_events import kinesis_event, log_subscription
from pipeline.transforms import lambda_log
from tests.unit.transforms.lambda_log.lines import REPORT, RESOURCE
from tests.unit.transforms.outcome import VALUES, after, an_event, holds, is_linear

if TYPE_CHECKING:
    from pipeline.model import Json

STREAM = "2026/11/23/[$LATEST]0a1b2c3d4e5f60718293a4b5c6d7e8f9"
AWS_LAMBDA = {"cloud.platform": "aws_lambda"}


@pytest.mark.parametrize(
    ("group", "stream", "expected"),
    [
        ("/aws/lambda/orders", STREAM, {"faas.name": "orders", "faas.version": "$LATEST", "faas.instance": STREAM}),
        (
            "/shop/all",
            "2026/11/23/orders[7]0a1b2c3d",
            {"faas.name": "orders", "faas.version": "7", "faas.instance": "2026/11/23/orders[7]0a1b2c3d"},
        ),
        ("/aws/lambda/us-east-1.edge", "other", {"faas.name": "us-east-1.edge"}),
        ("/aws/lambda/", STREAM, None),
        ("/aws/lambda-insights", "orders", None),
        ("/shop/all", STREAM, None),
        ("/shop/all", "orders/web/1", None),
    ],
)
def test_the_function(group: str, stream: str, expected: dict[str, Json] | None) -> None:
    """Its name is that of the group, or stands in the stream where several share a group."""
    resource: dict[str, Json] = {"aws.log.group.names": [group], "aws.log.stream.names": [stream], "x": 1}
    (data,) = after(lambda_log.read, {"body": "x", "resource": resource})
    assert {"body": "x", "resource": resource if expected is None else resource | AWS_LAMBDA | expected} == data


@pytest.mark.parametrize(
    "data",
    [
        {"body": REPORT},
        {"body": REPORT, "resource": {}},
        {"body": REPORT, "resource": {"aws.log.group.names": ["/ecs/shop"]}},
        {"body": REPORT, "resource": {"aws.log.group.names": []}},
        {"body": REPORT, "resource": {"aws.log.group.names": [7], "aws.log.stream.names": "x"}},
    ],
)
def test_other_logs(data: dict[str, Json]) -> None:
    """Of any other log nothing is read, whatever its lines look like."""
    event = an_event(data)
    assert event is lambda_log.read(event)[0]


def test_attributes_that_are_there() -> None:
    """They stay beside what is read."""
    (data,) = after(lambda_log.read, {"body": REPORT, "attributes": {"a": 1}, "resource": RESOURCE})
    assert {"a": 1, "faas.coldstart": True}.items() <= dict(data["attributes"]).items()  # type: ignore[arg-type] # it is one


@given(st.fixed_dictionaries({"body": VALUES}, optional={"attributes": VALUES}))
def test_any_data(data: dict[str, Json]) -> None:
    """Nothing is rejected, and what came in stays as it was."""
    holds(lambda_log.read, {**data, "resource": RESOURCE})


@pytest.mark.parametrize(
    "text",
    [
        "REPORT " + "RequestId: x " * 10,
        "[ERROR] E: " + "\n" * 10,
        "[ERROR] E: \nTraceback" * 3,
        "2026-11-23T10:00:00Z\t",
    ],
)
def test_time_is_linear(text: str) -> None:
    """However long a line is."""
    assert is_linear(lambda size: after(lambda_log.read, {"body": text * size, "resource": RESOURCE}), 500)


def test_a_subscription() -> None:
    """From the record that CloudWatch Logs puts onto the stream to the archive."""
    lines = ("START RequestId: 8fc6f963-411b-58b5-8483-a32130c0f45d Version: $LATEST\n", REPORT)
    found = finish(prepare(read(kinesis_event(log_subscription(*lines))), STAGES), {}, STAGES)
    data: list[Any] = [orjson.loads(each.line)["data"] for each in found.deliveries if isinstance(each, Line)]
    assert [] == found.dead_letters
    assert [("platform.start", 9), ("platform.report", 9)] == [
        (each["attributes"]["aws.lambda.event"], each["severity_number"]) for each in data
    ]
    assert {"8fc6f963-411b-58b5-8483-a32130c0f45d"} == {each["attributes"]["faas.invocation_id"] for each in data}
    assert {"orders"} == {each["resource"]["faas.name"] for each in data}
