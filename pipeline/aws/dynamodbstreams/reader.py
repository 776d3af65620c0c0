"""The shards of a stream: which may be read, from where, and what to do when the place to read on from is gone."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from botocore.exceptions import BotoCoreError, ClientError

from pipeline.aws.failures import classify, error_code
from pipeline.errors import Misconfiguration, NotDeployed, Retryable

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from datetime import datetime

    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_dynamodbstreams import DynamoDBStreamsClient
    from mypy_boto3_dynamodbstreams.literals import ShardIteratorTypeType
    from mypy_boto3_dynamodbstreams.type_defs import RecordTypeDef, ShardTypeDef

    from pipeline.errors import PipelineError


@dataclass
class Shard:
    """A shard and how far it is read. Records created before `floor` are passed over."""

    shard_id: str
    parent: str | None
    start: ShardIteratorTypeType
    floor: datetime | None
    iterator: str | None = None
    last: str | None = None
    is_read: bool = False


@dataclass
class Reader:
    """The shards of one stream."""

    client: DynamoDBStreamsClient
    stream_arn: str
    since: datetime | None
    started_at: datetime
    tell: Callable[[str], None]
    shards: dict[str, Shard] = field(default_factory=dict)
    _failure: Retryable | None = None

    def attempt[R](self, action: Callable[[], R]) -> R | None:
        """Do it; a failure that may pass is noted, and gives None."""
        try:
            return action()
        except Retryable as error:
            self._failure = error
            return None

    def take_failure(self) -> Retryable | None:
        """The last failure noted, once."""
        failure, self._failure = self._failure, None
        return failure

    def begin(self) -> None:
        """Take the shards there are. Without `since`: the open ones, from this moment on."""
        for described in self._describe():
            shard = self._add(described)
            if self.since is None:
                shard.start = "LATEST"
                shard.is_read = "EndingSequenceNumber" in described.get("SequenceNumberRange", {})
        if self.since is None:
            try:
                for shard in self.readable():
                    shard.iterator = self._iterator(shard)
            except (BotoCoreError, ClientError) as error:
                raise _judged(error) from error

    def discover(self) -> None:
        """Take the shards that have come since, from their beginning; forget those that are read and gone."""
        described = {each["ShardId"]: each for each in self._describe()}
        self.shards = {name: shard for name, shard in self.shards.items() if name in described or not shard.is_read}
        for shard_id, each in described.items():
            if shard_id not in self.shards:
                self._add(each)

    def readable(self) -> list[Shard]:
        """The shards whose turn it is: a child comes after its parent."""
        return [
            shard
            for shard in self.shards.values()
            if not shard.is_read and (shard.parent not in self.shards or self.shards[shard.parent].is_read)
        ]

    def read(self, shard: Shard) -> list[RecordTypeDef]:
        """The next records of a shard, none where there are none yet. Raises Retryable, Misconfiguration."""
        try:
            shard.iterator = shard.iterator or self._iterator(shard)
            answer = self.client.get_records(ShardIterator=shard.iterator)
        except ClientError as error:
            recover = _RECOVERIES.get(error_code(error))
            if recover is None:
                raise _judged(error) from error
            recover(self, shard)
            return []
        except BotoCoreError as error:
            raise _judged(error) from error
        shard.iterator = answer.get("NextShardIterator")
        shard.is_read = shard.iterator is None
        records = answer["Records"]
        if records:
            shard.last = records[-1]["dynamodb"]["SequenceNumber"]
        floor = shard.floor
        return records if floor is None else [each for each in records if created_at(each) >= floor]

    def renew(self, shard: Shard) -> None:
        """The iterator has expired. The next one goes on after the last record, or else at the moment of the start."""
        shard.iterator = None
        if shard.last is None and shard.start == "LATEST":
            shard.start, shard.floor = "TRIM_HORIZON", self.started_at.replace(microsecond=0)

    def skip_trimmed(self, shard: Shard) -> None:
        """The place to read on from is over 24 hours old and gone: go on with the oldest that is left."""
        self.tell(f"the stream has dropped records of {shard.shard_id} after 24 hours; going on with the oldest it has")
        shard.iterator = shard.last = None
        shard.start = "TRIM_HORIZON"

    def forget(self, shard: Shard) -> None:
        """The shard is gone, or the stream is: looking for shards will tell."""
        shard.is_read = True

    def _add(self, described: ShardTypeDef) -> Shard:
        shard = Shard(described["ShardId"], described.get("ParentShardId"), "TRIM_HORIZON", self.since)
        self.shards[shard.shard_id] = shard
        return shard

    def _iterator(self, shard: Shard) -> str:
        if shard.last is None:
            answer = self.client.get_shard_iterator(
                StreamArn=self.stream_arn, ShardId=shard.shard_id, ShardIteratorType=shard.start
            )
        else:
            answer = self.client.get_shard_iterator(
                StreamArn=self.stream_arn,
                ShardId=shard.shard_id,
                ShardIteratorType="AFTER_SEQUENCE_NUMBER",
                SequenceNumber=shard.last,
            )
        return answer["ShardIterator"]

    def _describe(self) -> Iterator[ShardTypeDef]:
        """Every shard of the stream. Raises NotDeployed, Retryable, Misconfiguration."""
        last: str | None = ""
        while last is not None:
            try:
                answer = (
                    self.client.describe_stream(StreamArn=self.stream_arn, ExclusiveStartShardId=last)
                    if last
                    else self.client.describe_stream(StreamArn=self.stream_arn)
                )
            except (BotoCoreError, ClientError) as error:
                if isinstance(error, ClientError) and error_code(error) == "ResourceNotFoundException":
                    raise NotDeployed(f"the table's stream {self.stream_arn} is not there (any more)") from error
                raise _judged(error) from error
            yield from answer["StreamDescription"].get("Shards", ())
            last = answer["StreamDescription"].get("LastEvaluatedShardId")


def stream_of(client: DynamoDBClient, table: str) -> str:
    """The ARN of a table's stream. Raises NotDeployed."""
    try:
        stream_arn = client.describe_table(TableName=table)["Table"].get("LatestStreamArn")
    except ClientError as error:
        if error_code(error) != "ResourceNotFoundException":
            raise
        raise NotDeployed(f"there is no table {table!r} in {client.meta.region_name}") from error
    if stream_arn is None:
        raise NotDeployed(f"table {table!r} has no stream to follow")
    return stream_arn


def created_at(record: RecordTypeDef) -> datetime:
    """When the change was made, to the second."""
    return record["dynamodb"]["ApproximateCreationDateTime"]


def _judged(error: BotoCoreError | ClientError) -> PipelineError:
    return classify(error) or Misconfiguration(f"DynamoDB Streams refused the call: {error}")


_RECOVERIES: Final[dict[str, Callable[[Reader, Shard], None]]] = {
    "ExpiredIteratorException": Reader.renew,
    "TrimmedDataAccessException": Reader.skip_trimmed,
    "ResourceNotFoundException": Reader.forget,
}
