"""A record of a CloudWatch Logs subscription → one `log.v1` envelope for each of its log events.

The id and the time are the log event's own, so a log event that comes twice, or by two subscriptions, is one event. The
line is read as `pipeline put` reads one: a JSON object is the body as an object, which can be asked for by field; any
other line is the body as text. Nothing is lost either way, as only JSON that is kept exactly is taken apart.

The resource is named as OpenTelemetry names it (semantic conventions, "cloud" and "aws log attributes"). The log group
is the source, not the stream: a Lambda function has a new stream every few hours, and its group is what one asks for.

A log event that cannot be used goes on as it is, and becomes a dead letter of its own where the envelope is read.
(CloudWatch Logs user guide, "Log group-level subscription filters", for the shape.)
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final
from urllib.parse import quote

import orjson

from pipeline.core.log_line import LOG_TYPE, log_data
from pipeline.core.times import rfc3339_of_micros
from pipeline.errors import Rejection
from pipeline.model import Reason

if TYPE_CHECKING:
    from pipeline.model import Json

SOURCE: Final = "//logs.amazonaws.com"
# CloudWatch Logs sends one when a subscription is made, to see whether the stream can be reached.
CONTROL: Final = "CONTROL_MESSAGE"
DATA: Final = "DATA_MESSAGE"


def is_subscription(value: dict[str, Json]) -> bool:
    """Whether a JSON object is what a subscription sends rather than an event."""
    return "messageType" in value and "specversion" not in value


def envelopes(value: dict[str, Json]) -> list[bytes]:
    """A CloudEvents envelope for each log event, in order; none for a control message.

    Raises Rejection: not_an_event, when it is neither, or does not say where its log events come from.
    """
    if value["messageType"] == CONTROL:
        return []
    log_events = value.get("logEvents")
    if value["messageType"] != DATA or not isinstance(log_events, list):
        raise Rejection(Reason.NOT_AN_EVENT, f"the subscription record is neither {DATA} with logEvents nor {CONTROL}")
    account, group, stream = (_text(value, name) for name in ("owner", "logGroup", "logStream"))
    source = f"{SOURCE}/{account}:{quote(group)}"
    resource: dict[str, Json] = {
        "cloud.provider": "aws",
        "cloud.account.id": account,
        "aws.log.group.names": [group],
        "aws.log.stream.names": [stream],
    }
    return [orjson.dumps(_envelope(each, source, resource)) for each in log_events]


def _envelope(log_event: Json, source: str, resource: dict[str, Json]) -> Json:
    if not isinstance(log_event, dict):
        return log_event
    line = log_event.get("message")
    return {
        "specversion": "1.0",
        "id": log_event.get("id"),
        "source": source,
        "type": LOG_TYPE,
        "time": _time(log_event.get("timestamp")),
        "data": {**(log_data(_line(line)) if isinstance(line, str) else {"body": line}), "resource": resource},
    }


def _line(message: str) -> bytes:
    return message.removesuffix("\n").removesuffix("\r").encode()


def _time(epoch_millis: Json) -> Json:
    """RFC 3339, or what there is instead, which is no time for an envelope either."""
    if not isinstance(epoch_millis, int) or isinstance(epoch_millis, bool):
        return epoch_millis
    try:
        return rfc3339_of_micros(epoch_millis * 1000)
    except OverflowError:
        return epoch_millis


def _text(value: dict[str, Json], name: str) -> str:
    text = value.get(name)
    if not isinstance(text, str) or not text:
        raise Rejection(Reason.NOT_AN_EVENT, f"the subscription record has no {name}")
    return text
