"""A bus, a topic and a queue in memory, behind the calls of the clients that tell them; they fail as they are told.

They are strict where the services are (API references, PutEvents, PublishBatch, SendMessageBatch), and forgetful where
those are: what a FIFO topic or queue was told within five minutes has no effect when it is told again.
`tests/contract/services` holds them against LocalStack.
"""

from __future__ import annotations

import re
import time
from collections import defaultdict
from dataclasses import dataclass, field
from threading import Lock
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import orjson

from pipeline.testing.aws_errors import aws_error

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

MAX_ENTRIES: Final = 10
DEDUPLICATION_SECONDS: Final = 300.0
_TOKEN: Final = re.compile(r"[\x21-\x7e]{1,128}")
_UNFIT: Final = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


class Told(NamedTuple):
    """What arrived: the CloudEvent, the message attributes or what the bus has beside its detail, and the group."""

    event: Mapping[str, Any]
    about: Mapping[str, str]
    group: str = ""

    @property
    def id(self) -> str:
        """Of the event."""
        return str(self.event["id"])

    @property
    def key(self) -> str:
        """What its order is kept by."""
        return str(self.event.get("subject", self.event["source"]))


@dataclass
class FakeOutlet:
    """What all three share.

    Args:
        name: of the bus, topic (ARN) or queue (URL); one that ends in `.fifo` is FIFO. Any other is not found.
        errors: raised by the next calls, in turn; None lets a call through.
        failing: the codes that notices of an event id are refused with, in turn, and whose fault that is.
        most_bytes: of a call.
        now: seconds.
        told: what arrived, in order.
        calls: the ids of each call that was answered.
    """

    name: str
    errors: list[Exception | None] = field(default_factory=list)
    failing: Mapping[str, list[tuple[str, bool]]] = field(default_factory=dict)
    most_bytes: int = 1024 * 1024
    now: Callable[[], float] = time.monotonic
    told: list[Told] = field(default_factory=list)
    calls: list[list[str]] = field(default_factory=list)
    _seen_at: defaultdict[str, float] = field(default_factory=lambda: defaultdict(lambda: -DEDUPLICATION_SECONDS))
    _lock: Lock = field(default_factory=Lock)

    def ids(self) -> list[str]:
        """Of what arrived, in order."""
        return [each.id for each in self.told]

    def _begin(self, name: str, missing: str) -> None:
        error = self.errors.pop(0) if self.errors else None
        if error is not None:
            raise error
        if name != self.name:
            raise aws_error(missing)

    def _code(self, event_id: str) -> tuple[str, bool] | None:
        codes = self.failing.get(event_id)
        return codes.pop(0) if codes else None


@dataclass
class _FakeMessages(FakeOutlet):
    """What SNS and SQS share."""

    def _batch(self, name: str, missing: str, entries: Sequence[Mapping[str, Any]], body: str) -> dict[str, Any]:
        with self._lock:
            self._begin(name, missing)
            _check_entries(entries)
            if sum(_message_bytes(each, body) for each in entries) > self.most_bytes:
                raise aws_error("AWS.SimpleQueueService.BatchRequestTooLong")
            self.calls.append([orjson.loads(each[body])["id"] for each in entries])
            answer: dict[str, Any] = {"Successful": [], "Failed": []}
            for each in entries:
                found = self._fault(each, body)
                if found is None:
                    self._take(each, body)
                    answer["Successful"].append({"Id": each["Id"], "MessageId": f"message-{len(self.told)}"})
                else:
                    answer["Failed"].append({"Id": each["Id"], "Code": found[0], "SenderFault": found[1]})
            return answer

    def _fault(self, entry: Mapping[str, Any], body: str) -> tuple[str, bool] | None:
        texts = [entry[body], *(each["StringValue"] for each in entry["MessageAttributes"].values())]
        if any(_UNFIT.search(text) or not text for text in texts):
            return "InvalidMessageContents", True
        tokens = [entry.get("MessageGroupId", ""), entry.get("MessageDeduplicationId", "")]
        if self.name.endswith(".fifo") and not all(map(_TOKEN.fullmatch, tokens)):
            return "InvalidParameterValue", True
        return self._code(orjson.loads(entry[body])["id"])

    def _take(self, entry: Mapping[str, Any], body: str) -> None:
        token = entry.get("MessageDeduplicationId")
        if token is not None:
            if self.now() - self._seen_at[token] < DEDUPLICATION_SECONDS:
                return
            self._seen_at[token] = self.now()
        about = {name: str(each["StringValue"]) for name, each in entry["MessageAttributes"].items()}
        self.told.append(Told(orjson.loads(entry[body]), about, entry.get("MessageGroupId", "")))


@dataclass
class FakeTopic(_FakeMessages):
    """A topic of SNS."""

    most_bytes: int = 256 * 1024

    def publish_batch(self, *, TopicArn: str, PublishBatchRequestEntries: Sequence[Mapping[str, Any]]) -> Any:  # noqa: ANN401, N803 - the API's names
        """Publish up to ten messages."""
        return self._batch(TopicArn, "NotFound", PublishBatchRequestEntries, "Message")


@dataclass
class FakeQueue(_FakeMessages):
    """A queue of SQS."""

    def send_message_batch(self, *, QueueUrl: str, Entries: Sequence[Mapping[str, Any]]) -> Any:  # noqa: ANN401, N803 - the API's names
        """Send up to ten messages."""
        return self._batch(QueueUrl, "AWS.SimpleQueueService.NonExistentQueue", Entries, "MessageBody")


@dataclass
class FakeBus(FakeOutlet):
    """A bus of EventBridge."""

    def put_events(self, *, Entries: Sequence[Mapping[str, Any]]) -> dict[str, Any]:  # noqa: N803 - the API's names
        """Put up to ten events; one with a source of AWS is refused."""
        with self._lock:
            self._begin(Entries[0]["EventBusName"], "ResourceNotFoundException")
            sizes = [len(each["Detail"]) + len(each["Source"]) + len(each["DetailType"]) + 14 for each in Entries]
            if not 1 <= len(Entries) <= MAX_ENTRIES or sum(sizes) > self.most_bytes:
                raise aws_error("ValidationException")
            self.calls.append([orjson.loads(each["Detail"])["id"] for each in Entries])
            return {"Entries": [self._put(each) for each in Entries]}

    def _put(self, entry: Mapping[str, Any]) -> dict[str, str]:
        event = orjson.loads(entry["Detail"])
        found = self._code(event["id"])
        if entry["Source"].startswith("aws."):
            found = "NotAuthorizedForSourceException", True
        if found is not None:
            return {"ErrorCode": found[0], "ErrorMessage": "told to"}
        about = {"source": entry["Source"], "detail-type": entry["DetailType"], "time": entry["Time"].isoformat()}
        self.told.append(Told(event, about))
        return {"EventId": f"event-{len(self.told)}"}


def _check_entries(entries: Sequence[Mapping[str, Any]]) -> None:
    if len(entries) > MAX_ENTRIES:
        raise aws_error("TooManyEntriesInBatchRequest")
    if not entries or len({each["Id"] for each in entries}) < len(entries):
        raise aws_error("BatchEntryIdsNotDistinct")


def _message_bytes(entry: Mapping[str, Any], body: str) -> int:
    attributes = entry["MessageAttributes"].items()
    told = [text for name, each in attributes for text in (name, each["DataType"], each["StringValue"])]
    return sum(len(text.encode()) for text in (entry[body], *told))
