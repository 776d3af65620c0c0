"""Kinesis Data Streams: entries onto a stream, one PutRecords a call.

botocore may send a call again by itself after a dropped connection or a 5xx, and so may our own loop after a time-out.
Neither loses order: a call holds one entry of a key, and the key's next one is sent after the answer. Either may leave
an entry on the stream twice; the event's id tells that it is the same.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from botocore.exceptions import BotoCoreError, ClientError

from pipeline.aws.failures import classify, error_code
from pipeline.errors import Misconfiguration, NotDeployed, Retryable
from pipeline.model import Accepted, Refused

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mypy_boto3_kinesis import KinesisClient
    from mypy_boto3_kinesis.type_defs import PutRecordsResultEntryTypeDef

    from pipeline.model import Entry


@dataclass(frozen=True)
class KinesisStream:
    """A Kinesis stream as a RecordStream."""

    client: KinesisClient
    stream_name: str

    def check(self) -> None:
        """Raise NotDeployed when there is no such stream, Misconfiguration when it keeps no order per key.

        A caller that may not ask is let through.
        """
        try:
            answer: Any = self.client.describe_stream_summary(StreamName=self.stream_name)
        except ClientError as error:
            if error_code(error) == "ResourceNotFoundException":
                raise NotDeployed(
                    f"there is no Kinesis stream {self.stream_name!r} in {_place(self.client)}"
                ) from error
            if error_code(error) not in {"AccessDenied", "AccessDeniedException"}:
                raise
            return
        # API reference, StreamDescriptionSummary: with AUTO, Kinesis ignores partition keys.
        if answer["StreamDescriptionSummary"].get("RecordDistributionStrategy") == "AUTO":
            raise Misconfiguration(
                f"stream {self.stream_name!r} distributes records without regard to their keys (AUTO), so no order is "
                "kept; set its record distribution strategy to USER_PARTITION_KEY"
            )

    def put(self, entries: Sequence[Entry]) -> Sequence[Accepted | Refused]:
        """One PutRecords call; see `ports.RecordStream`. Raises Retryable or Misconfiguration.

        What each entry may be is checked before, so a call that Kinesis finds invalid is no single record's fault.
        """
        try:
            answer = self.client.put_records(
                StreamName=self.stream_name,
                Records=[{"Data": entry.data, "PartitionKey": entry.partition_key} for entry in entries],
            )
        except (BotoCoreError, ClientError) as error:
            raise classify(error) or Misconfiguration(f"Kinesis refused the call: {error}") from error
        answers = answer["Records"]
        if len(answers) != len(entries):
            raise Retryable(f"Kinesis answered for {len(answers)} of {len(entries)} entries")
        return [_outcome(each) for each in answers]


def _outcome(answer: PutRecordsResultEntryTypeDef) -> Accepted | Refused:
    code = answer.get("ErrorCode")
    if code or "SequenceNumber" not in answer:
        return Refused(code or "no sequence number")
    return Accepted(answer["ShardId"], answer["SequenceNumber"])


def _place(client: KinesisClient) -> str:
    return f"{client.meta.region_name} at {client.meta.endpoint_url}"
