"""What arrives from SNS, EventBridge and SQS → records, and each record → an entry of the stream or a dead letter.

    read ▸ accept: envelope (`core.arrival_event`) ▸ check (`core.submission`) ▸ entry

A record lies where its source has it: in a topic or a queue, under the id of its message. A message of a FIFO queue is
in order with its group, whatever its event is about.

Shapes: developer guide of Lambda, "Using Lambda with Amazon SNS", "… with Amazon SQS"; EventBridge user guide, "Event
structure reference"; SNS developer guide, "Parsing message formats".
"""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any, Final

from pipeline.core import arrival_event
from pipeline.core.arrival_event import bus_source
from pipeline.core.chunk import partition_key
from pipeline.core.process import dead_letter
from pipeline.core.submission import Ready, check
from pipeline.errors import Misconfiguration, Rejection
from pipeline.model import Entry, Position, Record, Stage

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from pipeline.core.submission import Rules
    from pipeline.model import DeadLetter, Json, LambdaRecord

SNS: Final = "aws:sns"
SQS: Final = "aws:sqs"
EVENTBRIDGE: Final = arrival_event.EVENTBRIDGE
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
        case {"Records": [{"EventSource": str(name)} | {"eventSource": str(name)}, *_]}:
            return name
        case {"detail-type": str(), "detail": _, "source": str()}:
            return EVENTBRIDGE
    raise Misconfiguration("the event is of no source that is known; look at what invokes the function")


def tells_of_an_object(event: Mapping[str, Any], bucket: str) -> bool:
    """Whether EventBridge brings word of an object that was written to the bucket.

    >>> detail = {"bucket": {"name": "drop"}, "object": {"key": "a"}}
    >>> tells_of_an_object({"source": "aws.s3", "detail-type": "Object Created", "detail": detail}, "drop")
    True
    """
    match event:
        case {"source": "aws.s3", "detail-type": "Object Created", "detail": {"bucket": {"name": name}}}:
            return bool(name == bucket)
    return False


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
        source = source_of(_delivered(record.original))
        envelope = arrival_event.written(_ENVELOPES[source](record.original, rules))
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
    position = Position(bus_source(_text(original["source"])), "", _text(original["id"]))
    return Record(position, original, _epoch(original["time"]))


def _read_sqs(original: LambdaRecord) -> Record:
    attributes, arn = original["attributes"], original["eventSourceARN"]
    # A standard queue may have groups as well, to be fair to each of them: they are not in order.
    group = attributes["MessageGroupId"] if arn.endswith(".fifo") else None
    sent_at = int(attributes["SentTimestamp"]) / 1000
    return Record(Position(arn, "", _text(original["messageId"])), original, sent_at, _bytes(original["body"]), group)


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
_ENVELOPES: Final[dict[str, Callable[[LambdaRecord, Rules], Json]]] = {
    SNS: arrival_event.of_notification,
    SQS: arrival_event.of_message,
    EVENTBRIDGE: arrival_event.of_bus_event,
}
