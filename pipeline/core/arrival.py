"""What arrives from SNS, EventBridge and SQS → records, and each record → an entry of the stream or a dead letter.

    a JSON object with `specversion`             is an event already: it stays as it is, under its own id
    an EventBridge event of a type of ours       is that type (its detail-type), with the detail as its data
    anything else                                is a `log.v1` event: the body is the JSON object or the text

What is made here is named after the id that the source itself gave it, so a duplicate delivery, or a replay of an
archive of EventBridge, makes the same event again. Nothing goes into it that differs from delivery to delivery.

A queue that is subscribed to a topic without raw delivery holds SNS notifications, and each is read as what it would be
had the topic handed it over. A message of a FIFO queue is in order with its group, whatever its event is about.

Shapes: developer guide of Lambda, "Using Lambda with Amazon SNS", "… with Amazon SQS"; EventBridge user guide, "Event
structure reference"; SNS developer guide, "Parsing message formats".
"""

from __future__ import annotations

import json
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final

import orjson

from pipeline.core.chunk import partition_key
from pipeline.core.decode import parse
from pipeline.core.log_line import LOG_TYPE, log_data
from pipeline.core.process import dead_letter
from pipeline.core.submission import Ready, Rules, check
from pipeline.core.times import rfc3339_of_micros
from pipeline.errors import Misconfiguration, Rejection
from pipeline.model import Entry, Position, Reason, Record, Stage

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from pipeline.core.validate import Validators
    from pipeline.model import DeadLetter, Json, LambdaRecord

SNS: Final = "aws:sns"
SQS: Final = "aws:sqs"
EVENTBRIDGE: Final = "aws.eventbridge"
S3: Final = "aws:s3"
CONTINUE: Final = "continue"
MAX_DETAIL_CHARACTERS: Final = 300


def source_of(event: Mapping[str, Any]) -> str:
    """Which service sent what a function is given: `aws:sns`, `aws:s3`, `aws.eventbridge`, … Raises Misconfiguration.

    >>> source_of({"Records": [{"EventSource": "aws:sns"}]}), source_of({"detail-type": "x", "detail": 1, "source": ""})
    ('aws:sns', 'aws.eventbridge')
    """
    match event:
        case {"continue": _}:
            return CONTINUE
        case {"detail-type": "Object Created", "source": "aws.s3"}:
            return S3
        case {"Records": [{"EventSource": str(name)} | {"eventSource": str(name)}, *_]}:
            return name
        case {"detail-type": str(), "detail": _, "source": str()}:
            return EVENTBRIDGE
    raise Misconfiguration("the event is of no source that is known; look at what invokes the function")


def read(event: Mapping[str, Any]) -> list[Record]:
    """The records of what Lambda delivers, in order. Raises Misconfiguration when it is of another shape."""
    name = source_of(event)
    try:
        return [_READERS[name](each) for each in event.get("Records", [event])]
    except (AttributeError, LookupError, TypeError, ValueError, OverflowError) as error:
        raise Misconfiguration(
            f"the event of {name} is not of the documented shape ({type(error).__name__}); look at what invokes the "
            "function"
        ) from error


def accept(record: Record, rules: Rules) -> Entry | DeadLetter:
    """What goes onto the stream for a record, or why nothing ever can. An event that is refused says all its faults."""
    stage = Stage.DECODE
    try:
        envelope = _ENVELOPES[source_of(_delivered(record.original))](record.original, rules.validators)
        _check_text(envelope)
        stage = Stage.VALIDATE
        return entry_of(record, checked(envelope, rules, record.arrived_at))
    except Exception as error:  # noqa: BLE001 - every way to fail is an outcome of the record
        return dead_letter(record, error, stage)


def checked(envelope: Json, rules: Rules, arrived_at: float) -> Ready:
    """The event as it travels; the consumer will not refuse it.

    Raises Rejection: the reason of the first fault, and all of them in the detail.
    """
    found = check(envelope, rules, arrived_at)
    if isinstance(found, Ready):
        return found
    detail = "; ".join(f"{each.pointer}: {each.detail}" if each.pointer else each.detail for each in found)
    raise Rejection(found[0].reason, detail[:MAX_DETAIL_CHARACTERS])


def entry_of(record: Record, ready: Ready) -> Entry:
    """The event as it travels, in order with what the record says, or else with its own subject."""
    key = partition_key(record.partition_key) if record.partition_key else ready.partition_key
    return Entry(record.position, key, ready.data, ready.owed)


def _delivered(original: LambdaRecord) -> Mapping[str, Any]:
    """What Lambda delivered it in: an event of EventBridge comes alone, records come in a list."""
    return original if "detail-type" in original else {"Records": [original]}


def _read_sns(original: LambdaRecord) -> Record:
    sns = original["Sns"]
    return Record(
        Position(_text(sns["TopicArn"]), "", _text(sns["MessageId"])),
        original,
        _epoch(sns["Timestamp"]),
        _bytes(sns["Message"]),
    )


def _read_eventbridge(original: LambdaRecord) -> Record:
    position = Position(_eventbridge_source(original), "", _text(original["id"]))
    return Record(position, original, _epoch(original["time"]))


def _read_sqs(original: LambdaRecord) -> Record:
    attributes, arn = original["attributes"], original["eventSourceARN"]
    # A standard queue may have groups as well, to be fair to each of them: they are not in order.
    group = attributes["MessageGroupId"] if arn.endswith(".fifo") else None
    sent_at = int(attributes["SentTimestamp"]) / 1000
    return Record(Position(arn, "", _text(original["messageId"])), original, sent_at, _bytes(original["body"]), group)


def _sns_envelope(original: LambdaRecord, _validators: Validators) -> Json:
    return _notification(original["Sns"], None)


def _sqs_envelope(original: LambdaRecord, _validators: Validators) -> Json:
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


def _eventbridge_envelope(original: LambdaRecord, validators: Validators) -> Json:
    detail = parse(_json(original["detail"]))
    made = _made(original["id"], _eventbridge_source(original), original["time"], None)
    if isinstance(detail, dict) and "specversion" not in detail and original["detail-type"] in validators:
        return {**made, "type": original["detail-type"], "data": detail}
    about = {
        "messaging.system": EVENTBRIDGE,
        "messaging.message.id": original["id"],
        "aws.eventbridge.source": original["source"],
        "aws.eventbridge.detail_type": original["detail-type"],
        "aws.eventbridge.resources": original.get("resources"),
        "cloud.account.id": original.get("account"),
        "cloud.region": original.get("region"),
    }
    if isinstance(detail, dict):
        return _event("", detail, made, about)
    return _event(detail if isinstance(detail, str) else orjson.dumps(detail).decode(), None, made, about)


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


def _eventbridge_source(original: LambdaRecord) -> str:
    """A URI reference: `aws.eventbridge/com.shop.orders`. The bus is not in the event."""
    return f"{EVENTBRIDGE}/{_text(original['source'])}"


def _json(value: Json) -> bytes:
    """JSON that Lambda has parsed, as it was but for blanks: what JSON readers differ about is still in it."""
    try:
        return json.dumps(value).encode()
    except RecursionError:
        raise Rejection(Reason.TOO_DEEP, "the detail is nested deeper than can be written down") from None


def _check_text(envelope: Json) -> None:
    """Raise Rejection for what Lambda reads from JSON, and what nobody can write in UTF-8."""
    try:
        orjson.dumps(envelope)
    except orjson.JSONEncodeError:
        raise Rejection(Reason.NOT_UTF8, "an attribute has half of a surrogate pair") from None


def _utf8(text: str) -> bytes:
    try:
        return text.encode()
    except UnicodeEncodeError:
        raise Rejection(Reason.NOT_UTF8, "the text has half of a surrogate pair") from None


def _bytes(text: str) -> bytes:
    return text.encode(errors="surrogatepass")


def _text(value: object) -> str:
    if not isinstance(value, str) or not value:
        raise ValueError("no text")
    return value


def _epoch(time: str) -> float:
    return datetime.fromisoformat(time).timestamp()


_READERS: Final[dict[str, Callable[[LambdaRecord], Record]]] = {
    SNS: _read_sns,
    SQS: _read_sqs,
    EVENTBRIDGE: _read_eventbridge,
}
_ENVELOPES: Final[dict[str, Callable[[LambdaRecord, Validators], Json]]] = {
    SNS: _sns_envelope,
    SQS: _sqs_envelope,
    EVENTBRIDGE: _eventbridge_envelope,
}
