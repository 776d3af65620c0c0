"""Which event it is that SNS, EventBridge and SQS bring, or what is made of it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from pipeline.core.arrival import accept, read
from pipeline.model import Reason
from pipeline.testing.arrivals import (
    ACCOUNT,
    QUEUE_ARN,
    SENT_AT,
    SENT_AT_MS,
    TOPIC_ARN,
    bus_event,
    replayed,
    sns_body,
    sns_event,
    sqs_event,
    sqs_record,
)
from pipeline.testing.bench import SCHEMA
from pipeline.testing.lambda_events import log_event
from tests.unit.core.arriving import BUS, BY, ID, OURS, RULES, outcome, put, refused

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

# events that are ours -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("by", BY.values(), ids=BY)
def test_an_event_of_ours(by: Callable[[str], dict[str, Any]]) -> None:
    """It stays that event, whoever brings it."""
    assert json.loads(OURS) == put(by(OURS))


def test_an_event_of_ours_by_a_bus() -> None:
    """The detail stays that event, whatever the detail-type."""
    assert json.loads(OURS) == put(bus_event(json.loads(OURS))) == put(bus_event(json.loads(OURS), "change.v1"))


def test_a_type_of_ours_by_a_bus() -> None:
    """A detail-type that is known is the type, the detail its data, and EventBridge's id the id."""
    event = bus_event({"body": "paid"}, "log.v1")
    expected = {
        "specversion": "1.0",
        "id": ID,
        "source": BUS,
        "type": "log.v1",
        "time": "2025-11-24T16:00:00Z",
        "data": {"body": "paid"},
    }
    assert expected == put(event) == put(replayed(event))


def test_a_type_that_nobody_knows_by_a_bus() -> None:
    """A detail-type of the form of a type's name is one without a schema; any other says nothing of a type."""
    letter = refused(bus_event({"body": "paid"}, "log.v2"))
    assert (Reason.UNKNOWN_TYPE, "/type: type 'log.v2' has no schema; did you mean log.v1?") == (
        letter.reason,
        letter.detail,
    )
    assert "log.v1" == put(bus_event({"body": "paid"}, "Log.v2"))["type"] == put(bus_event("paid", "log.v2"))["type"]
    assert json.loads(OURS) == put(bus_event(json.loads(OURS), "log.v2"))


FINDING, OBJECT = (SCHEMA[name]["examples"][0] for name in ("guardduty_finding.v1", "s3_object.v1"))
TOLD = {name: value for name, value in OBJECT.items() if name not in {"detail-type", "account", "region"}}


@pytest.mark.parametrize(
    ("event", "made"),
    [
        (
            bus_event(FINDING, "GuardDuty Finding", source="aws.guardduty"),
            {
                "source": "aws.eventbridge/aws.guardduty",
                "type": "guardduty_finding.v1",
                "subject": "16afba5c5c43e07c9e3e5e2e544e95df",
                "data": FINDING,
            },
        ),
        (
            bus_event(TOLD, "Object Created", source="aws.s3", account="123456789012", region="eu-central-1"),
            {
                "source": "aws.eventbridge/aws.s3",
                "type": "s3_object.v1",
                "subject": "shop-uploads/invoices/2026/7.pdf",
                "data": OBJECT,
            },
        ),
    ],
)
def test_events_that_a_schema_claims(event: Mapping[str, Any], made: dict[str, Any]) -> None:
    """The detail is the data of that type, the subject what the schema says, the id and time EventBridge's."""
    expected = {"specversion": "1.0", "id": ID, "time": "2025-11-24T16:00:00Z", **made}
    assert expected == put(event) == put(replayed(event))


@pytest.mark.parametrize(
    ("detail", "reason", "why"),
    [
        ({**FINDING, "severity": "high"}, "schema_invalid", "/data/severity: "),
        ({}, "schema_invalid", '"schemaVersion" is a required property'),
        ("x", "not_an_event", "/data: "),
        ({"a": 2**70}, "number_out_of_range", "more than 64 bits"),
    ],
)
def test_events_that_a_schema_claims_and_refuses(detail: object, reason: str, why: str) -> None:
    """They are dead letters, with all that came with them."""
    event = bus_event(detail, "GuardDuty Finding", source="aws.guardduty")
    letter = refused(event)
    assert (reason, event) == (letter.reason, letter.record.original)
    assert why in letter.detail


def test_an_event_of_ours_that_a_schema_claims() -> None:
    """It stays the event that it is."""
    assert json.loads(OURS) == put(bus_event(json.loads(OURS), "GuardDuty Finding", source="aws.guardduty"))


@pytest.mark.parametrize(
    ("event", "time"),
    [
        (sns_event, "2025-11-24T16:00:00.250000Z"),
        (sqs_event, "2025-11-24T16:00:00.250000Z"),
        (bus_event, "2025-11-24T16:00:00Z"),
    ],
)
def test_an_event_without_a_time(event: Callable[[Any], dict[str, Any]], time: str) -> None:
    """It has its source's mark, which every delivery repeats."""
    ours = {name: value for name, value in log_event("e-1").items() if name != "time"}
    assert time == put(event(ours if event is bus_event else json.dumps(ours)))["time"]


# what is made into one ------------------------------------------------------------------------------------------------


def test_a_notification() -> None:
    """It is a log whose attributes say where it comes from."""
    event = sns_event("WARN low", Subject="stock", MessageAttributes={"shop": {"Type": "String", "Value": "7"}})
    expected = {
        "specversion": "1.0",
        "id": ID,
        "source": TOPIC_ARN,
        "type": "log.v1",
        "time": SENT_AT,
        "data": {
            "body": "WARN low",
            "severity_text": "WARN",
            "attributes": {
                "messaging.system": "aws.sns",
                "messaging.destination.name": "orders",
                "messaging.message.id": ID,
                "aws.sns.subject": "stock",
                "aws.sns.message_attributes": {"shop": "7"},
            },
        },
    }
    assert expected == put(event)


def test_a_message() -> None:
    """The same of a queue; binary attributes stay in base64."""
    attributes = {
        "shop": {"stringValue": "7", "stringListValues": [], "binaryListValues": [], "dataType": "Number"},
        "key": {"binaryValue": "AAE=", "stringListValues": [], "binaryListValues": [], "dataType": "Binary"},
    }
    expected = {
        "specversion": "1.0",
        "id": ID,
        "source": QUEUE_ARN,
        "type": "log.v1",
        "time": "2025-11-24T16:00:00.250000Z",
        "data": {
            "body": {"level": "warn", "n": 1},
            "severity_text": "warn",
            "attributes": {
                "messaging.system": "aws_sqs",
                "messaging.destination.name": "orders",
                "messaging.message.id": ID,
                "aws.sqs.message_attributes": {"shop": "7", "key": "AAE="},
            },
        },
    }
    assert expected == put({"Records": [sqs_record('{"level": "warn", "n": 1}', messageAttributes=attributes)]})


def test_an_event_of_a_bus() -> None:
    """The same of EventBridge; attributes that say nothing are left out."""
    event = bus_event({"order": 7}, resources=["arn:aws:s3:::shop"])
    about = {
        "messaging.system": "aws.eventbridge",
        "messaging.message.id": ID,
        "aws.eventbridge.source": "com.shop.orders",
        "aws.eventbridge.detail_type": "Order Paid",
        "aws.eventbridge.resources": ["arn:aws:s3:::shop"],
        "cloud.account.id": ACCOUNT,
        "cloud.region": "us-east-1",
    }
    assert {"body": {"order": 7}, "attributes": about} == put(event)["data"]
    bare = {name: value for name, value in event.items() if name not in {"resources", "account", "region"}}
    assert put(bare)["data"]["attributes"].keys() == about.keys() - {
        "aws.eventbridge.resources",
        "cloud.account.id",
        "cloud.region",
    }


@pytest.mark.parametrize(
    ("text", "body"),
    [
        ("plain", "plain"),
        ("", ""),
        ("[1, 2]", "[1, 2]"),
        ("7", "7"),
        (' {"a": [1]}', {"a": [1]}),
        ("{}", {}),
        ('{"a": 1', '{"a": 1'),
        ('{"a": 1, "a": 2}', '{"a": 1, "a": 2}'),
        (f'{{"a": {2**70}}}', f'{{"a": {2**70}}}'),
        ('{"a": "\\ud800"}', '{"a": "\\ud800"}'),
        ('{"a":' * 200 + "1" + "}" * 200, '{"a":' * 200 + "1" + "}" * 200),
    ],
)
@pytest.mark.parametrize("by", BY.values(), ids=BY)
def test_a_body(by: Callable[[str], dict[str, Any]], text: str, body: object) -> None:
    """A JSON object is the body as one; anything else, and JSON that readers understand differently, is its text."""
    assert body == put(by(text))["data"]["body"]


@pytest.mark.parametrize(
    ("detail", "body"), [({}, {}), ("plain", "plain"), ([1], "[1]"), (None, "null"), (7.5, "7.5"), (True, "true")]
)
def test_a_detail(detail: object, body: object) -> None:
    """A detail that is no object is its text."""
    assert body == put(bus_event(detail))["data"]["body"]


def test_a_notification_in_a_queue() -> None:
    """It is read as what it would be had the topic handed it over: the two have one effect."""
    change: dict[str, Any] = {"Subject": "stock", "MessageAttributes": {"shop": {"Type": "String", "Value": "7"}}}
    assert put(sns_event("low", **change)) == put(sqs_event(sns_body("low", **change)))


@pytest.mark.parametrize(
    "change",
    [
        {"Type": "SubscriptionConfirmation"},
        {"MessageId": None},
        {"TopicArn": 1},
        {"Timestamp": None},
        {"Message": {"a": 1}},
        {"MessageAttributes": 1},
        {"MessageAttributes": {"a": 1}},
    ],
)
def test_what_only_looks_like_a_notification(change: Mapping[str, Any]) -> None:
    """Whoever sends to a queue may write anything: what a topic does not, is an object like any other."""
    body = {**json.loads(sns_body("low")), **change}
    event = put(sqs_event(json.dumps(body)))
    assert (body, QUEUE_ARN) == (event["data"]["body"], event["source"])


# the same again -------------------------------------------------------------------------------------------------------


def test_a_delivery_again() -> None:
    """What differs from delivery to delivery is in no event: the same message twice has one effect."""
    attributes = {"SentTimestamp": str(SENT_AT_MS), "SenderId": "AIDAIENQZJOLO23YVJ4VO"}
    first, again = (
        sqs_record("x", receiptHandle=handle, attributes={**attributes, "ApproximateReceiveCount": handle})
        for handle in ("1", "2")
    )
    assert outcome({"Records": [first]}) == outcome({"Records": [again]})
    assert outcome(sns_event("x")) == outcome(sns_event("x", Signature="other", SigningCertUrl="other"))


def test_messages_that_say_the_same() -> None:
    """Two of them are two."""
    assert 2 == len({put(sns_event("x", number))["id"] for number in (0, 1)})
    assert 2 == len({accept(each, RULES).data for each in read(sqs_event("x", "x"))})  # type: ignore[union-attr] # both are put


def test_a_replay() -> None:
    """A replay of an archive of EventBridge makes the same event, under the same position."""
    event = bus_event({"order": 7})
    assert outcome(event) == outcome(replayed(event, "one")) == outcome(replayed(event, "two"))
