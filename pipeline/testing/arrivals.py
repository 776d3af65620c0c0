"""Builders of events as SNS, EventBridge and SQS hand them to a function, in the shapes that AWS documents.

Lambda developer guide, "Using Lambda with Amazon SNS" and "… Amazon SQS"; SNS developer guide, "Parsing message
formats"; EventBridge user guide, "Event structure reference" and "Archiving and replaying events".
"""

from __future__ import annotations

import hashlib
import json
import uuid
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pipeline.model import LambdaRecord

ACCOUNT: Final = "000000000000"
TOPIC_ARN: Final = f"arn:aws:sns:us-east-1:{ACCOUNT}:orders"
QUEUE_ARN: Final = f"arn:aws:sqs:us-east-1:{ACCOUNT}:orders"
FIFO_QUEUE_ARN: Final = f"{QUEUE_ARN}.fifo"
SENT_AT_MS: Final = 1_764_000_000_250
SENT_AT: Final = "2025-11-24T16:00:00.250Z"


def message_id(number: int = 0) -> str:
    """An id as SNS, SQS and EventBridge give it."""
    return str(uuid.UUID(int=0x95DF01B4_EE98_4CB9_9903_4C221D41EB5E + number))


def sns_event(text: str, number: int = 0, **changes: Any) -> dict[str, Any]:  # noqa: ANN401 - JSON
    """A notification; Lambda is always given one. Keyword arguments overwrite members of `Sns`."""
    record = {
        "EventSource": "aws:sns",
        "EventVersion": "1.0",
        "EventSubscriptionArn": f"{TOPIC_ARN}:21be56ed-a058-49f5-8c98-aedd2564c486",
        "Sns": {
            "Type": "Notification",
            "MessageId": message_id(number),
            "TopicArn": TOPIC_ARN,
            "Subject": None,
            "Message": text,
            "Timestamp": SENT_AT,
            "SignatureVersion": "1",
            "Signature": "tcc6faL2yUC6dgZdmrwh1Y4cGa/ebXEkAi6RibDsvpi+tE/1+82j...65r==",
            "SigningCertUrl": "https://sns.us-east-1.amazonaws.com/SimpleNotificationService-ac565b8b.pem",
            "UnsubscribeUrl": "https://sns.us-east-1.amazonaws.com/?Action=Unsubscribe",
            "MessageAttributes": {},
            **changes,
        },
    }
    return {"Records": [record]}


def sns_body(text: str, number: int = 0, **changes: Any) -> str:  # noqa: ANN401 - JSON
    """The body of a queue's message when a topic delivers to it, and not raw: URLs are spelled differently there."""
    sns = sns_event(text, number, **changes)["Records"][0]["Sns"]
    absent = {name for name, value in sns.items() if value is None or value == {}}
    renamed = {name.replace("Url", "URL"): value for name, value in sns.items() if name not in absent}
    return json.dumps(renamed, indent=2)


def sqs_record(text: str, number: int = 0, **changes: Any) -> LambdaRecord:  # noqa: ANN401 - JSON
    """A message of a standard queue. Keyword arguments overwrite its members."""
    return {
        "messageId": message_id(number),
        "receiptHandle": f"AQEBwJnKyrHigUMZj6rYigCgxlaS3SLy0a-{number}",
        "body": text,
        "attributes": {
            "ApproximateReceiveCount": "1",
            "SentTimestamp": str(SENT_AT_MS),
            "SenderId": "AIDAIENQZJOLO23YVJ4VO",
            "ApproximateFirstReceiveTimestamp": str(SENT_AT_MS + 12),
        },
        "messageAttributes": {},
        "md5OfBody": hashlib.md5(text.encode(errors="replace"), usedforsecurity=False).hexdigest(),
        "eventSource": "aws:sqs",
        "eventSourceARN": QUEUE_ARN,
        "awsRegion": "us-east-1",
        **changes,
    }


def fifo_record(text: str, number: int = 0, *, group: str = "customer-7") -> LambdaRecord:
    """A message of a FIFO queue."""
    record = sqs_record(text, number, eventSourceARN=FIFO_QUEUE_ARN)
    attributes: Mapping[str, str] = record["attributes"]
    return {
        **record,
        "attributes": {
            **attributes,
            "SequenceNumber": str(18_849_496_460_467_696_128 + 256 * number),
            "MessageGroupId": group,
            "MessageDeduplicationId": f"deduplication-{number}",
        },
    }


def sqs_event(*texts: str) -> dict[str, Any]:
    """A batch of a standard queue."""
    return {"Records": [sqs_record(text, number) for number, text in enumerate(texts)]}


def fifo_event(*texts: str, groups: int = 1) -> dict[str, Any]:
    """A batch of a FIFO queue, of so many groups in turn."""
    return {
        "Records": [fifo_record(text, number, group=f"group-{number % groups}") for number, text in enumerate(texts)]
    }


def bus_event(detail: Any, detail_type: str = "Order Paid", number: int = 0, **changes: Any) -> dict[str, Any]:  # noqa: ANN401 - JSON
    """An event of a bus; it comes alone, and parsed. Keyword arguments overwrite its members."""
    return {
        "version": "0",
        "id": message_id(number),
        "detail-type": detail_type,
        "source": "com.shop.orders",
        "account": ACCOUNT,
        "time": "2025-11-24T16:00:00Z",
        "region": "us-east-1",
        "resources": [],
        "detail": detail,
        **changes,
    }


def replayed(event: Mapping[str, Any], name: str = "after-the-outage") -> dict[str, Any]:
    """The same event as an archive of EventBridge replays it: the same id and time, and the replay's name."""
    return {**event, "replay-name": name}
