"""The kinds of records: what is put, what of it is kept, and, of poison, the reasons that its dead letter may have.

An event of ours, one whose data were left in S3, a log event of a CloudWatch Logs subscription and a change by
DynamoDB's own Kinesis destination are good; a trace, a control message and a subscription record without log events are
dropped on purpose.
"""

from __future__ import annotations

import gzip
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final

import orjson

from pipeline.core.claim import leave
from pipeline.environment import read_schemas
from pipeline.model import Reason
from pipeline.project import SCHEMAS
from pipeline.testing.lambda_events import log_event, log_subscription, table_change

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pipeline.core.claim import Left

GOOD: Final = frozenset({"log", "claimed", "change", "log event", "table change"})
CHANGES: Final = frozenset({"change", "table change"})
DROPPED: Final = frozenset({"dropped", "control", "no log events"})
_CHANGE: Final = read_schemas(SCHEMAS)["change.v1"]["examples"][0]
_TABLE: Final = "carts"
CREATED_AT: Final = 1_764_000_000_000_000
# Of a subscription, as the builder has it, and what its names say of a function; all are those of OpenTelemetry.
_RESOURCE: Final = {
    "cloud.provider": "aws",
    "cloud.account.id": "000000000000",
    "aws.log.group.names": ["/aws/lambda/orders"],
    "aws.log.stream.names": ["2026/11/23/[$LATEST]0a1b"],
    "cloud.platform": "aws_lambda",
    "faas.name": "orders",
    "faas.version": "$LATEST",
    "faas.instance": "2026/11/23/[$LATEST]0a1b",
}
_KPL_MAGIC: Final = bytes.fromhex("f3899ac2")
_GZIP: Final = log_subscription("x")


def log(event_id: str, key: str, hour: str, **data: Any) -> dict[str, Any]:  # noqa: ANN401 - JSON
    """A log line of an hour, which says what id it has."""
    return {**log_event(event_id, key=key, body=f"body of {event_id}", **data), "time": f"2026-11-23T{hour}:00:00Z"}


def claimed(event_id: str, key: str, hour: str) -> Left:
    """A log line whose data are left in S3."""
    return leave(log(event_id, key, hour), "claims")


def change(event_id: str, entity: str, hour: str, version: int, *, is_delete: bool) -> dict[str, Any]:
    """A change of an entity to a version, which says what id it has."""
    after = None if is_delete else {"id": event_id}
    source = {**_CHANGE["source"], "sequence_number": str(version)}
    if is_delete:
        source["deleted_by"] = "user"
    data = {**_CHANGE, "op": "d" if is_delete else "u", "before": {"id": "before"}, "after": after, "source": source}
    return {**log(event_id, entity, hour), "type": "change.v1", "data": data}


def subscription(*log_events: tuple[str, str]) -> bytes:
    """A record of a CloudWatch Logs subscription with a log event for each id and hour; one without an id is bad."""
    return log_subscription(logEvents=[_log_event(*each) for each in log_events])


def _log_event(event_id: str, hour: str) -> dict[str, Any]:
    at = datetime.fromisoformat(f"2026-11-23T{hour}:00:00Z").timestamp()
    message = f"body of {event_id}" if event_id else None
    return {"id": event_id or "bad", "timestamp": int(at * 1000), "message": message}


def by_destination(entity: str, version: int, *, is_delete: bool) -> bytes:
    """A change of an item as DynamoDB's own Kinesis destination writes it; it has no id of its own."""
    key = entity.partition("/")[2]
    keys = {"id": {"S": key}}
    after = None if is_delete else image(entity, version)
    change = table_change(keys, before={**keys, "n": {"N": "0"}}, after=after, created_at=CREATED_AT + version)
    return orjson.dumps({**change, "tableName": _TABLE})


def image(entity: str, version: int) -> dict[str, Any]:
    """The item after a change."""
    return {"id": {"S": entity.partition("/")[2]}, "n": {"N": str(version)}}


def data_of_log_event(event_id: str) -> dict[str, Any]:
    """The data of the event that a log event becomes."""
    return {"body": f"body of {event_id}", "resource": _RESOURCE}


def _event(**changes: Any) -> bytes:  # noqa: ANN401 - JSON
    return orjson.dumps({**log_event("poison"), **changes})


def _body(text: str) -> bytes:
    return _event().replace(b'"started"', text.encode())


_GONE: Final = claimed("gone", "log-a", "10")
_OVERWRITTEN: Final = claimed("overwritten", "log-a", "10")
# What lies in the claims bucket from the beginning.
LEFT: Final[Mapping[str, bytes]] = {_OVERWRITTEN.claim.key: _GONE.body}


def _packed(reason: Reason) -> frozenset[Reason]:
    """What is not unpacked, because it is a user record itself, is no UTF-8."""
    return frozenset({reason, Reason.NOT_UTF8})


# What can never succeed, each with the reasons it may be dead-lettered for.
POISON: Final[Mapping[str, tuple[bytes, frozenset[Reason]]]] = {
    "no bytes": (b"", frozenset({Reason.NOT_JSON})),
    "no JSON": (b"{", frozenset({Reason.NOT_JSON})),
    "not UTF-8": (b'{"id":"\xff\xfe"}', frozenset({Reason.NOT_UTF8})),
    "half a surrogate": (_body('"\\ud800"'), frozenset({Reason.NOT_JSON})),
    "NaN": (_body("NaN"), frozenset({Reason.NOT_JSON})),
    "infinite": (_body("1e999"), frozenset({Reason.NUMBER_OUT_OF_RANGE})),
    "a long integer": (_body("1" * 5000), frozenset({Reason.NUMBER_OUT_OF_RANGE})),
    "a number below DynamoDB's": (_body('{"x":1e-200}'), frozenset({Reason.NUMBER_OUT_OF_RANGE})),
    "a depth bomb": (_body("[" * 2000 + "]" * 2000), frozenset({Reason.TOO_DEEP})),
    "deeper than an item": (_body('{"a":' * 40 + "1" + "}" * 40), frozenset({Reason.TOO_DEEP})),
    "an array": (b"[]", frozenset({Reason.NOT_AN_EVENT})),
    "no event": (b"{}", frozenset({Reason.NOT_AN_EVENT})),
    "an unknown type": (_event(type="x.v1"), frozenset({Reason.UNKNOWN_TYPE})),
    "against the schema": (_event(data={"body": "x", "severity_number": 99}), frozenset({Reason.SCHEMA_INVALID})),
    "no time": (_event(time="yesterday"), frozenset({Reason.TIME_INVALID})),
    "null": (b"null", frozenset({Reason.NOT_AN_EVENT})),
    "larger than an item": (_body(f'"{"x" * 410_000}"'), frozenset({Reason.TOO_LARGE})),
    "a gzip bomb": (gzip.compress(bytes(2_000_000)), _packed(Reason.TOO_LARGE)),
    "corrupt gzip": (_GZIP[:-8] + bytes(8), _packed(Reason.GZIP_CORRUPT)),
    "gzip that breaks off": (_GZIP[:-9], _packed(Reason.GZIP_CORRUPT)),
    "a corrupt aggregate": (_KPL_MAGIC + b"corrupt" + bytes(16), _packed(Reason.AGGREGATE_CORRUPT)),
    "no subscription": (log_subscription("x", owner=""), _packed(Reason.NOT_AN_EVENT)),
    "a log event without text": (subscription(("", "10")), _packed(Reason.SCHEMA_INVALID)),
    "a claim that is gone": (orjson.dumps(_GONE.envelope), frozenset({Reason.CLAIM_MISSING})),
    "a claim of something else": (orjson.dumps(_OVERWRITTEN.envelope), frozenset({Reason.CLAIM_CORRUPT})),
    "a reference elsewhere": (_event(data=None, dataref="s3://theirs/x"), frozenset({Reason.NOT_AN_EVENT})),
    "no change": (b'{"eventSource":"aws:dynamodb"}', frozenset({Reason.NOT_AN_EVENT})),
}
ON_PURPOSE: Final[Mapping[str, bytes]] = {
    "control": log_subscription(messageType="CONTROL_MESSAGE"),
    "no log events": log_subscription(),
}
