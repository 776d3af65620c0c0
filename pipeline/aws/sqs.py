"""SQS: notices to a queue, in order of their keys where it is FIFO; and when messages are delivered again."""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import batched
from typing import TYPE_CHECKING, Final

from botocore.exceptions import BotoCoreError, ClientError

from pipeline.aws.backoff import Backoff
from pipeline.aws.notices import Calls, entries, failed, is_fifo, outcomes_of, tell
from pipeline.core.outlet import MAX_QUEUE_BYTES, message_bytes

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from mypy_boto3_sqs import SQSClient

    from pipeline.aws.notices import Outcome
    from pipeline.model import Failure, Notice, Position
    from pipeline.ports import Remaining

# API reference, ChangeMessageVisibilityBatch.
MAX_ENTRIES: Final = 10


@dataclass(frozen=True)
class Visibility:
    """Postponer: the visibility timeout of each message is made anew.

    Args:
        call_seconds: how long a call takes at worst: none is begun later than that before the end.
        tell: is told, in a line, what could not be done.
    """

    client: SQSClient
    call_seconds: float
    tell: Callable[[str], None]

    def postpone(self, queue_arn: str, seconds: Mapping[str, int], remaining: Remaining) -> None:
        """Hide each message for so long; the first call that fails as a whole is the last. See `ports.Postponer`."""
        url, left = self._url(queue_arn), len(seconds)
        for chunk in batched(seconds.items(), MAX_ENTRIES, strict=False):
            if remaining() <= self.call_seconds:
                self._tell_of(left, "no time left")
                return
            try:
                failed = self._hide(url, dict(chunk))
            except (BotoCoreError, ClientError) as error:
                self._tell_of(left, str(error))
                return
            if failed:
                self._tell_of(len(failed), failed[0])
            left -= len(chunk)

    def _hide(self, url: str, seconds: Mapping[str, int]) -> list[str]:
        """One call: the error codes of the messages that it failed for."""
        answer = self.client.change_message_visibility_batch(
            QueueUrl=url,
            Entries=[
                {"Id": str(place), "ReceiptHandle": handle, "VisibilityTimeout": each}
                for place, (handle, each) in enumerate(seconds.items())
            ],
        )
        return [each["Code"] for each in answer.get("Failed", ())]

    def _url(self, arn: str) -> str:
        """Account and name of a queue at the service (developer guide, "Amazon SQS queue and message identifiers")."""
        account, name = arn.split(":")[4:6]
        return f"{self.client.meta.endpoint_url}/{account}/{name}"

    def _tell_of(self, count: int, why: str) -> None:
        self.tell(f"{count} messages come again only after their queue's own time: {why}")


@dataclass(frozen=True)
class QueueSink:
    """Sink[Notice]: a queue, by its URL."""

    client: SQSClient
    url: str
    backoff: Backoff = field(default_factory=Backoff)

    def write(self, deliveries: Sequence[Notice], remaining: Remaining) -> Mapping[Position, Failure]:
        """Send all. Raises Misconfiguration."""
        return tell(
            deliveries, Calls(self._send, message_bytes, MAX_QUEUE_BYTES, is_fifo(self.url)), remaining, self.backoff
        )

    def _send(self, notices: Sequence[Notice]) -> Sequence[Outcome]:
        given = entries(notices, "MessageBody", is_fifo=is_fifo(self.url))
        try:
            answer = self.client.send_message_batch(QueueUrl=self.url, Entries=given)
        except (BotoCoreError, ClientError) as error:
            raise failed(error) from error
        return outcomes_of(notices, answer)
