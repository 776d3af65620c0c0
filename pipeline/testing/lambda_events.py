"""Builders of events as Lambda delivers them, for Kinesis and DynamoDB Streams, and of what may lie on Kinesis."""

from __future__ import annotations

import base64
import gzip
from typing import TYPE_CHECKING, Any

import orjson

from pipeline.core import kpl

if TYPE_CHECKING:
    from collections.abc import Iterable

    from pipeline.model import Image, LambdaRecord

STREAM_ARN = "arn:aws:kinesis:us-east-1:000000000000:stream/events"
TABLE_STREAM_ARN = "arn:aws:dynamodb:us-east-1:000000000000:table/orders/stream/2026-11-23T10:00:00.000"
SHARD = "shardId-000000000000"
FIRST_SEQUENCE_NUMBER = 49545115243490985018280067714973144582180062593244200960
ARRIVED_AT = 1_764_000_000.25


def log_event(event_id: str = "e-1", *, key: str | None = None, **data: Any) -> dict[str, Any]:  # noqa: ANN401 - JSON
    """A `log.v1` event as a producer makes it; keyword arguments are its data, on top of a body."""
    envelope: dict[str, Any] = {
        "specversion": "1.0",
        "id": event_id,
        "source": "//web-1/var/log/app.log",
        "type": "log.v1",
        "time": "2026-11-23T10:00:00.5Z",
        "data": {"body": "started", **data},
    }
    return envelope if key is None else {**envelope, "subject": key}


def kinesis_event(*data: bytes | dict[str, Any], first: int = FIRST_SEQUENCE_NUMBER) -> dict[str, Any]:
    """A batch of Kinesis records, numbered from `first`; a dict is an event, bytes are taken as they are."""
    return {"Records": [kinesis_record(each, first + number) for number, each in enumerate(data)]}


def kinesis_record(data: bytes | dict[str, Any], sequence_number: int = FIRST_SEQUENCE_NUMBER) -> LambdaRecord:
    """One Kinesis record (developer guide, "Using AWS Lambda with Kinesis", example event)."""
    raw = data if isinstance(data, bytes) else orjson.dumps(data)
    return {
        "kinesis": {
            "kinesisSchemaVersion": "1.0",
            "partitionKey": "1",
            "sequenceNumber": str(sequence_number),
            "data": base64.b64encode(raw).decode(),
            "approximateArrivalTimestamp": ARRIVED_AT,
        },
        "eventSource": "aws:kinesis",
        "eventVersion": "1.0",
        "eventID": f"{SHARD}:{sequence_number}",
        "eventName": "aws:kinesis:record",
        "invokeIdentityArn": "arn:aws:iam::000000000000:role/process",
        "awsRegion": "us-east-1",
        "eventSourceARN": STREAM_ARN,
    }


def aggregate(*data: bytes | dict[str, Any], partition_key: str = "web-1") -> bytes:
    """The data of a KPL aggregate of such records, all under one partition key."""
    return kpl.pack(
        [kpl.UserRecord(partition_key, each if isinstance(each, bytes) else orjson.dumps(each)) for each in data]
    )


def log_subscription(*messages: str, **changes: Any) -> bytes:  # noqa: ANN401 - JSON
    """The data of a CloudWatch Logs subscription record with these log events (user guide, "Subscription filters").

    Keyword arguments overwrite its members.
    """
    content = {
        "messageType": "DATA_MESSAGE",
        "owner": "000000000000",
        "logGroup": "/aws/lambda/orders",
        "logStream": "2026/11/23/[$LATEST]0a1b",
        "subscriptionFilters": ["all"],
        "logEvents": [
            {
                "id": f"3195310660696698337880902507980421114328961542429822{n:04}",
                "timestamp": 1764000000250,
                "message": each,
            }
            for n, each in enumerate(messages)
        ],
    }
    return gzip.compress(orjson.dumps(content | changes), mtime=0)


def table_change(
    keys: Image, *, before: Image | None = None, after: Image | None = None, created_at: int = 1_764_000_000_250_000
) -> dict[str, Any]:
    """A record of DynamoDB's own Kinesis destination, as JSON; `created_at` in microseconds since the epoch."""
    change = dynamodb_record(keys, before=before, after=after)
    images = {name: image for name, image in change["dynamodb"].items() if name in {"Keys", "NewImage", "OldImage"}}
    return {
        "awsRegion": "us-east-1",
        "eventID": "b015b5f0-c095-4b50-8ad0-4279aa3d88c6",
        "eventName": change["eventName"],
        "userIdentity": None,
        "recordFormat": "application/json",
        "tableName": "orders",
        "dynamodb": {
            "ApproximateCreationDateTime": created_at,
            **images,
            "SizeBytes": 26,
            "ApproximateCreationDateTimePrecision": "MICROSECOND",
        },
        "eventSource": "aws:dynamodb",
    }


def dynamodb_event(*records: LambdaRecord) -> dict[str, Any]:
    """A batch of DynamoDB Streams records."""
    return {"Records": list(records)}


def dynamodb_record(
    keys: Image,
    *,
    before: Image | None = None,
    after: Image | None = None,
    sequence_number: int = 100000000000000000001,
    by_ttl: bool = False,
) -> LambdaRecord:
    """One change as Lambda delivers it: an insert, an update or a delete, by which images there are."""
    name = {(False, True): "INSERT", (True, True): "MODIFY", (True, False): "REMOVE"}[
        before is not None, after is not None
    ]
    record: dict[str, Any] = {
        "eventID": f"event-{sequence_number}",
        "eventName": name,
        "eventVersion": "1.1",
        "eventSource": "aws:dynamodb",
        "awsRegion": "us-east-1",
        "dynamodb": {
            "ApproximateCreationDateTime": ARRIVED_AT,
            "Keys": keys,
            "SequenceNumber": str(sequence_number),
            "SizeBytes": 26,
            "StreamViewType": "NEW_AND_OLD_IMAGES",
        },
        "eventSourceARN": TABLE_STREAM_ARN,
    }
    record["dynamodb"] |= dict(_images(before, after))
    if by_ttl:
        record["userIdentity"] = {"type": "Service", "principalId": "dynamodb.amazonaws.com"}
    return record


def _images(before: Image | None, after: Image | None) -> Iterable[tuple[str, Image]]:
    if before is not None:
        yield "OldImage", before
    if after is not None:
        yield "NewImage", after
