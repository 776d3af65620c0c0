"""What SNS, EventBridge and SQS bring → an envelope: of the event that it is, or of one that is made of it.

    a JSON object with `specversion`             is an event already: it stays as it is, under its own id
    an EventBridge event of a type of ours       is that type (its detail-type), with the detail as its data
    one that a schema claims                     is of that type, as the schema says (`core.bus_types`)
    one whose detail-type could name a type      is refused as of an unknown one: shop.orders.v2
    anything else                                is a `log.v1` event: the body is the JSON object or the text

What is made here is named after the id that the source itself gave it, so a duplicate delivery, or a replay of an
archive of EventBridge, makes the same event again. Nothing goes into it that differs from delivery to delivery.

A queue that is subscribed to a topic without raw delivery holds SNS notifications, and each is read as what it would be
had the topic handed it over.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final

import orjson

from pipeline.core import event_type
from pipeline.core.decode import parse
from pipeline.core.log_line import LOG_TYPE, log_data
from pipeline.core.times import rfc3339_of_micros
from pipeline.errors import Rejection
from pipeline.model import Reason

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pipeline.core.submission import Rules
    from pipeline.model import Json, LambdaRecord

EVENTBRIDGE: Final = "aws.eventbridge"


def of_notification(original: LambdaRecord, _rules: Rules) -> Json:
    """The envelope of what a topic hands over. Raises Rejection, as all of these do."""
    return _notification(original["Sns"], None)


def of_message(original: LambdaRecord, _rules: Rules) -> Json:
    """The envelope of what a queue hands over; of a FIFO queue it is about its group, if about nothing else."""
    arn, attributes = original["eventSourceARN"], original["attributes"]
    subject = attributes["MessageGroupId"] if arn.endswith(".fifo") else None
    value = _object(original["body"])
    if value is not None and _is_notification(value):
        return _notification(value, subject)
    about = {
        "messaging.system": "aws_sqs",
        "messaging.destination.name": arn.rpartition(":")[2],
        "messaging.message.id": original["messageId"],
        "aws.sqs.message_attributes": {
            name: each.get("stringValue", each.get("binaryValue"))
            for name, each in original.get("messageAttributes", {}).items()
        },
    }
    sent = rfc3339_of_micros(int(attributes["SentTimestamp"]) * 1000)
    return _event(original["body"], value, _made(original["messageId"], arn, sent, subject), about)


def of_bus_event(original: LambdaRecord, rules: Rules) -> Json:
    """The envelope of what a bus hands over, whose detail may be of a type of ours."""
    detail = parse(_json(original["detail"]))
    made = _made(original["id"], bus_source(original["source"]), original["time"], None)
    is_event = isinstance(detail, dict) and "specversion" in detail
    name = original["detail-type"]
    bus_type = rules.bus.get((original["source"], name))
    is_ours = name in rules.validators or (bus_type is None and event_type.is_name(name))
    if isinstance(detail, dict) and not is_event and is_ours:
        return {**made, "type": name, "data": detail}
    if bus_type is not None and not is_event:
        return {**made, **bus_type.envelope(original, detail)}
    about = {
        "messaging.system": EVENTBRIDGE,
        "messaging.message.id": original["id"],
        "aws.eventbridge.source": original["source"],
        "aws.eventbridge.detail_type": name,
        "aws.eventbridge.resources": original.get("resources"),
        "cloud.account.id": original.get("account"),
        "cloud.region": original.get("region"),
    }
    if isinstance(detail, dict):
        return _event("", detail, made, about)
    return _event(detail if isinstance(detail, str) else orjson.dumps(detail).decode(), None, made, about)


def bus_source(source: str) -> str:
    """A URI reference: `aws.eventbridge/com.shop.orders`. The bus is not in the event."""
    return f"{EVENTBRIDGE}/{source}"


def written(envelope: Json) -> Json:
    """The envelope, which can be written. Raises Rejection: Lambda reads half surrogates, which nobody can write."""
    try:
        orjson.dumps(envelope)
    except orjson.JSONEncodeError:
        raise Rejection(Reason.NOT_UTF8, "an attribute has half of a surrogate pair") from None
    return envelope


def _notification(sns: Mapping[str, Any], subject: str | None) -> Json:
    """A notification as Lambda is given it, or as a queue is."""
    about = {
        "messaging.system": "aws.sns",
        "messaging.destination.name": sns["TopicArn"].rpartition(":")[2],
        "messaging.message.id": sns["MessageId"],
        "aws.sns.subject": sns.get("Subject"),
        "aws.sns.message_attributes": {
            name: each.get("Value") for name, each in (sns.get("MessageAttributes") or {}).items()
        },
    }
    made = _made(sns["MessageId"], sns["TopicArn"], sns["Timestamp"], subject)
    return _event(sns["Message"], _object(sns["Message"]), made, about)


def _is_notification(value: Mapping[str, Any]) -> bool:
    """Whether it is what a queue is given by a topic without raw delivery; nothing else has all of this."""
    texts = ("MessageId", "TopicArn", "Message", "Timestamp")
    attributes = value.get("MessageAttributes", {})
    return (
        value.get("Type") == "Notification"
        and all(isinstance(value.get(name), str) for name in texts)
        and isinstance(attributes, dict)
        and all(isinstance(each, dict) for each in attributes.values())
    )


def _made(event_id: str, source: str, time: str, subject: str | None) -> dict[str, Json]:
    """The attributes of an event that is made here."""
    made: dict[str, Json] = {"specversion": "1.0", "id": event_id, "source": source, "time": time}
    return made if subject is None else {**made, "subject": subject}


def _event(text: str, value: dict[str, Json] | None, made: dict[str, Json], about: Mapping[str, Json]) -> Json:
    """The event that a message is, or the `log.v1` event that is made of it. `value` is the message, if an object."""
    if value is not None and "specversion" in value:
        # Of a group that has an order, and no subject of its own: it is in order with its group.
        return {**value, "subject": made["subject"]} if "subject" in made and value.get("subject") is None else value
    data = log_data(_utf8(text) if value is None else orjson.dumps(value))
    attributes: dict[str, Json] = {name: each for name, each in about.items() if each not in (None, [], {})}
    return {**made, "type": LOG_TYPE, "data": data | {"attributes": attributes}}


def _object(text: str) -> dict[str, Json] | None:
    """The JSON object that a message is, or None. Raises Rejection for what is meant as an event, and is none."""
    if not text.lstrip().startswith("{"):
        return None
    try:
        value = parse(_utf8(text))
    except Rejection:
        if '"specversion"' in text:
            raise
        return None
    return value if isinstance(value, dict) else None


def _json(value: Json) -> bytes:
    """JSON that Lambda has parsed, as it was but for blanks: what JSON readers differ about is still in it."""
    try:
        return json.dumps(value).encode()
    except RecursionError:
        raise Rejection(Reason.TOO_DEEP, "the detail is nested deeper than can be written down") from None


def _utf8(text: str) -> bytes:
    try:
        return text.encode()
    except UnicodeEncodeError:
        raise Rejection(Reason.NOT_UTF8, "the text has half of a surrogate pair") from None
