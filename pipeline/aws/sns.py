"""SNS: notices to a topic, in order of their keys where it is a FIFO topic."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from botocore.exceptions import BotoCoreError, ClientError

from pipeline.aws.backoff import Backoff
from pipeline.aws.notices import Calls, entries, failed, is_fifo, outcomes_of, tell
from pipeline.core.outlet import MAX_TOPIC_BYTES, message_bytes

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from mypy_boto3_sns import SNSClient

    from pipeline.aws.notices import Outcome
    from pipeline.model import Failure, Notice, Position
    from pipeline.ports import Remaining


@dataclass(frozen=True)
class TopicSink:
    """Sink[Notice]: a topic, by its ARN."""

    client: SNSClient
    arn: str
    backoff: Backoff = field(default_factory=Backoff)

    def write(self, deliveries: Sequence[Notice], remaining: Remaining) -> Mapping[Position, Failure]:
        """Publish all. Raises Misconfiguration."""
        return tell(
            deliveries, Calls(self._publish, message_bytes, MAX_TOPIC_BYTES, is_fifo(self.arn)), remaining, self.backoff
        )

    def _publish(self, notices: Sequence[Notice]) -> Sequence[Outcome]:
        given = entries(notices, "Message", is_fifo=is_fifo(self.arn))
        try:
            answer = self.client.publish_batch(TopicArn=self.arn, PublishBatchRequestEntries=given)
        except (BotoCoreError, ClientError) as error:
            raise failed(error) from error
        return outcomes_of(notices, answer)
