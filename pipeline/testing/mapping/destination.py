"""The on-failure destination: what Lambda writes when it gives records up.

SQS gets where the records lie, S3 also the records themselves (developer guide, "Retain discarded batch records"). The
times of a DynamoDB stream have no milliseconds, and a record that grew too old has no `responseContext`: both recorded.
"""

from __future__ import annotations

import json
import uuid
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pipeline.testing.mapping.settings import EventSourceMapping
    from pipeline.testing.mapping.stream import StreamRecord

EXHAUSTED: Final = "RetryAttemptsExhausted"
TOO_OLD: Final = "RecordAgeExceeded"
FUNCTION_ARN: Final = "arn:aws:lambda:us-east-1:000000000000:function:consumer"
MAPPING_ID: Final = "8d0a1b5e-0000-4000-8000-000000000001"
_INFO: Final = {"aws:kinesis": "KinesisBatchInfo", "aws:dynamodb": "DDBStreamBatchInfo"}
_NAMESPACE: Final = uuid.UUID(MAPPING_ID)


class GivenUp(NamedTuple):
    """Records that are given up, why, and after how many invocations.

    `function_error` is "Unhandled" after an exception or a timeout, and None after an answer that named failures.
    """

    records: Sequence[StreamRecord]
    condition: str
    attempts: int
    function_error: str | None = None


@dataclass
class OnFailure:
    """Where they go.

    Args:
        given_up: everything that was given up, with or without a destination.
        sent: the bodies of SQS messages, as JSON.
        objects: the keys and bodies of S3 objects; may be a fake bucket.
    """

    mapping: EventSourceMapping
    given_up: list[GivenUp] = field(default_factory=list)
    sent: list[str] = field(default_factory=list)
    objects: dict[str, bytes] = field(default_factory=dict)

    def send(self, given_up: GivenUp, at: float) -> None:
        """Write the record of it, if there is a destination. `at`: epoch seconds."""
        self.given_up.append(given_up)
        name = str(uuid.uuid5(_NAMESPACE, str(len(self.given_up))))
        body = describe(given_up, at, name)
        if self.mapping.destination == "sqs":
            self.sent.append(json.dumps(body))
        elif self.mapping.destination == "s3":
            event: Any = {"Records": [record.original for record in given_up.records]}
            body["payload"] = json.dumps(event) if self.mapping.unproven.payload_is_text else event
            self.objects[object_key(given_up.records[0].shard, at, name)] = json.dumps(body).encode()


def object_key(shard: str, at: float, name: str) -> str:
    """`aws/lambda/<mapping>/<shard>/YYYY/MM/DD/YYYY-MM-DDTHH.MM.SS-<uuid>`."""
    moment = datetime.fromtimestamp(at, UTC)
    return f"aws/lambda/{MAPPING_ID}/{shard}/{moment:%Y/%m/%d}/{moment:%Y-%m-%dT%H.%M.%S}-{name}"


def describe(given_up: GivenUp, at: float, request_id: str) -> dict[str, Any]:
    """The record of it, as every destination gets it."""
    first, last = given_up.records[0], given_up.records[-1]
    event_source, is_kinesis = first.original["eventSource"], first.original["eventSource"] == "aws:kinesis"
    body: dict[str, Any] = {
        "requestContext": {
            "requestId": request_id,
            "functionArn": FUNCTION_ARN,
            "condition": given_up.condition,
            # Recorded: 1 also where the function was never invoked.
            "approximateInvokeCount": max(1, given_up.attempts),
        },
        "responseContext": {
            "statusCode": 200,
            "executedVersion": "$LATEST",
            "functionError": given_up.function_error,
        },
        "version": "1.0",
        "timestamp": _time(at, milliseconds=True),
        _INFO[event_source]: {
            "shardId": first.shard,
            "startSequenceNumber": str(first.sequence_number),
            "endSequenceNumber": str(last.sequence_number),
            "approximateArrivalOfFirstRecord": _time(first.arrived_at, milliseconds=is_kinesis),
            "approximateArrivalOfLastRecord": _time(last.arrived_at, milliseconds=is_kinesis),
            "batchSize": len(given_up.records),
            "streamArn": first.original["eventSourceARN"],
        },
    }
    if given_up.condition == TOO_OLD:
        del body["responseContext"]
    return body


def _time(at: float, *, milliseconds: bool) -> str:
    text = datetime.fromtimestamp(at, UTC).isoformat(timespec="milliseconds" if milliseconds else "seconds")
    return text.replace("+00:00", "Z")
