"""What a stack consists of: streams, tables, buckets, functions, and what each function may do to which of them.

Plain data. `infra/template.yaml` is written by hand and says the same in CloudFormation's words; a contract test holds
the two equal, both ways. A resource is named by its logical id in the template; `OrdersTable/stream` is the stream of a
table, `ResultsTable/index/timeline` an index of one, `ArchiveBucket/archive/*` what lies under a prefix of a bucket,
`${Stream}` the deployed name of a resource.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True, slots=True)
class Stream:
    """A Kinesis data stream.

    Args:
        retention_hours: 24 (Kinesis's default) to 8760.
    """

    resource: str
    retention_hours: int


@dataclass(frozen=True, slots=True)
class Index:
    """A global secondary index that projects everything; `key` is the partition key and the sort key, both strings."""

    name: str
    key: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Table:
    """A DynamoDB table.

    Args:
        key: the partition key and, when there is one, the sort key; all are strings.
        stream_view: what its stream carries: NEW_IMAGE or NEW_AND_OLD_IMAGES.
        expires: the attribute that holds when an item expires, in epoch seconds.
    """

    resource: str
    key: tuple[str, ...]
    stream_view: str
    expires: str
    indexes: tuple[Index, ...] = ()


@dataclass(frozen=True, slots=True)
class Bucket:
    """An S3 bucket.

    Args:
        keep_days: after how many days its objects are removed; None keeps them for good.
    """

    resource: str
    keep_days: int | None = None


@dataclass(frozen=True, slots=True)
class Source:
    """What a function consumes, and how its event source mapping cuts it into batches.

    Args:
        resource: a Kinesis stream or the stream of a table.
        batch_size: records of one invocation at most; 6 MB bound it as well.
        window_seconds: how long a batch is gathered at most.
        batches_per_shard: 1 to 10 at once.
        retries: how often a failed batch is tried again before Lambda gives it up.
        age_seconds: how old a record may get before Lambda gives it up.
        given_up: the bucket that batches are written to when they are given up.
    """

    resource: str
    batch_size: int
    window_seconds: int
    batches_per_shard: int
    retries: int
    age_seconds: int
    given_up: str


@dataclass(frozen=True, slots=True)
class Grant:
    """What a function may do to a resource; actions are IAM's."""

    resource: str
    actions: frozenset[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class AnyFunction:
    """A Lambda function.

    Args:
        name: the end of its name in AWS, which starts with the stack's.
        handler: `module.attribute`.
        environment: its variables.
        grants: all that its role allows.
    """

    resource: str
    name: str
    handler: str
    environment: Mapping[str, str]
    grants: tuple[Grant, ...]
    timeout_seconds: int = 60
    memory_mb: int = 1769


@dataclass(frozen=True, slots=True, kw_only=True)
class Function(AnyFunction):
    """One that consumes streams, in batches of one of them each."""

    sources: tuple[Source, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiFunction(AnyFunction):
    """One that answers requests of the REST API.

    Args:
        operations: method and path of what it is asked; ANY is every method that no other function has of the path.
    """

    operations: frozenset[tuple[str, str]]


STREAM: Final = Stream("Stream", retention_hours=72)

RESULTS: Final = Table(
    "ResultsTable",
    key=("pk", "sk"),
    stream_view="NEW_IMAGE",
    expires="expires_at",
    indexes=(Index("timeline", ("timeline", "timeline_order")),),
)
# The tables whose changes are relayed onto the stream. Another one is an entry here, and in the template the table, its
# event source mapping, the right to read its stream and an output: tests/contract/test_source_tables.py names what is
# missing. Both images: an event says what an item was and what it became. Never the results table: that is a loop.
SOURCE_TABLES: Final = (
    Table("OrdersTable", key=("order_id",), stream_view="NEW_AND_OLD_IMAGES", expires="expires_at"),
    Table("PaymentsTable", key=("payment_id",), stream_view="NEW_AND_OLD_IMAGES", expires="expires_at"),
)

ARCHIVE: Final = Bucket("ArchiveBucket")
DEAD_LETTERS: Final = Bucket("DeadLetterBucket", keep_days=90)
# Longer than an item refers to a claim (365 days, and the time until it is deleted), and than a stream remembers.
CLAIMS: Final = Bucket("ClaimsBucket", keep_days=400)

# What Lambda does with the role of a function: read its source, write the batches it gives up, log.
_READ_KINESIS: Final = frozenset(
    {
        "kinesis:DescribeStream",
        "kinesis:DescribeStreamSummary",
        "kinesis:GetRecords",
        "kinesis:GetShardIterator",
        "kinesis:ListShards",
    }
)
_READ_CHANGES: Final = frozenset(
    {"dynamodb:DescribeStream", "dynamodb:GetRecords", "dynamodb:GetShardIterator", "dynamodb:ListStreams"}
)
_LOG: Final = frozenset({"logs:CreateLogStream", "logs:PutLogEvents"})
_GIVE_UP: Final = (
    Grant("DeadLetterBucket/aws/lambda/*", frozenset({"s3:PutObject"})),
    Grant("DeadLetterBucket", frozenset({"s3:ListBucket"})),
)
_KEEP_DEAD_LETTERS: Final = Grant("DeadLetterBucket/dead-letters/*", frozenset({"s3:PutObject"}))


def _source(resource: str, batch_size: int) -> Source:
    return Source(
        resource,
        batch_size,
        window_seconds=1,
        batches_per_shard=1,
        retries=100,
        age_seconds=43_200,
        given_up="DeadLetterBucket",
    )


PROCESS: Final = Function(
    resource="ProcessFunction",
    name="process",
    handler="pipeline.functions.process.handler",
    sources=(_source("Stream", batch_size=5000),),
    environment={
        "POWERTOOLS_METRICS_NAMESPACE": "kinesis-pipeline",
        "POWERTOOLS_SERVICE_NAME": "process",
        "RESULTS_TABLE": "${ResultsTable}",
        "ARCHIVE_BUCKET": "${ArchiveBucket}",
        "DEAD_LETTER_BUCKET": "${DeadLetterBucket}",
        "CLAIMS_BUCKET": "${ClaimsBucket}",
    },
    grants=(
        Grant("Stream", _READ_KINESIS),
        Grant("ClaimsBucket/claims/*", frozenset({"s3:GetObject"})),
        # Or S3 would not say that a claim is not there, but that access is denied.
        Grant("ClaimsBucket", frozenset({"s3:ListBucket"})),
        Grant("ResultsTable", frozenset({"dynamodb:BatchWriteItem", "dynamodb:PutItem"})),
        Grant("ArchiveBucket/archive/*", frozenset({"s3:PutObject"})),
        _KEEP_DEAD_LETTERS,
        *_GIVE_UP,
        Grant("ProcessLogs", _LOG),
    ),
)

RELAY_CHANGES: Final = Function(
    resource="RelayChangesFunction",
    name="relay-changes",
    handler="pipeline.functions.relay_changes.handler",
    sources=tuple(_source(f"{table.resource}/stream", batch_size=1000) for table in SOURCE_TABLES),
    environment={
        "POWERTOOLS_METRICS_NAMESPACE": "kinesis-pipeline",
        "POWERTOOLS_SERVICE_NAME": "relay_changes",
        "STREAM_NAME": "${Stream}",
        "CLAIMS_BUCKET": "${ClaimsBucket}",
        "DEAD_LETTER_BUCKET": "${DeadLetterBucket}",
        # Only to know it, and refuse it as a source.
        "RESULTS_TABLE": "${ResultsTable}",
    },
    grants=(
        *(Grant(f"{table.resource}/stream", _READ_CHANGES) for table in SOURCE_TABLES),
        Grant("Stream", frozenset({"kinesis:PutRecords"})),
        Grant("ClaimsBucket/claims/*", frozenset({"s3:PutObject"})),
        _KEEP_DEAD_LETTERS,
        *_GIVE_UP,
        Grant("RelayChangesLogs", _LOG),
    ),
)

# API Gateway waits 29 seconds: a function that has not ended by then has nobody to answer.
_API_SECONDS: Final = 27

INGEST_API: Final = ApiFunction(
    resource="IngestApiFunction",
    name="ingest-api",
    handler="pipeline.functions.ingest_api.handler",
    operations=frozenset({("POST", "/events"), ("POST", "/events/{name}")}),
    environment={
        "POWERTOOLS_METRICS_NAMESPACE": "kinesis-pipeline",
        "POWERTOOLS_SERVICE_NAME": "ingest_api",
        "STREAM_NAME": "${Stream}",
        "CLAIMS_BUCKET": "${ClaimsBucket}",
    },
    grants=(
        Grant("Stream", frozenset({"kinesis:PutRecords"})),
        Grant("ClaimsBucket/claims/*", frozenset({"s3:PutObject"})),
        Grant("IngestApiLogs", _LOG),
    ),
    timeout_seconds=_API_SECONDS,
)

QUERY_API: Final = ApiFunction(
    resource="QueryApiFunction",
    name="query-api",
    handler="pipeline.functions.query_api.handler",
    operations=frozenset(
        ("ANY", path)
        for path in (
            "/",
            "/events",
            "/events/{name}",
            "/state/{table}/{key}",
            "/state/{table}/{key}/history",
            "/health",
            "/openapi.json",
            "/{proxy+}",
        )
    ),
    environment={
        "POWERTOOLS_METRICS_NAMESPACE": "kinesis-pipeline",
        "POWERTOOLS_SERVICE_NAME": "query_api",
        "RESULTS_TABLE": "${ResultsTable}",
    },
    grants=(
        Grant("ResultsTable", frozenset({"dynamodb:GetItem"})),
        Grant("ResultsTable/index/timeline", frozenset({"dynamodb:Query"})),
        Grant("QueryApiLogs", _LOG),
    ),
    timeout_seconds=_API_SECONDS,
)

STREAMS: Final = (STREAM,)
TABLES: Final = (RESULTS, *SOURCE_TABLES)
BUCKETS: Final = (ARCHIVE, DEAD_LETTERS, CLAIMS)
FUNCTIONS: Final = (PROCESS, RELAY_CHANGES)
API_FUNCTIONS: Final = (INGEST_API, QUERY_API)

OUTPUTS: Final[Mapping[str, str]] = {
    "StreamName": "${Stream}",
    "StreamArn": "${Stream.Arn}",
    "ResultsTableName": "${ResultsTable}",
    "ResultsTableStreamArn": "${ResultsTable.StreamArn}",
    **{f"{table.resource}Name": f"${{{table.resource}}}" for table in SOURCE_TABLES},
    "ArchiveBucketName": "${ArchiveBucket}",
    "DeadLetterBucketName": "${DeadLetterBucket}",
    "ClaimsBucketName": "${ClaimsBucket}",
    "ProcessFunctionName": "${ProcessFunction}",
    "RelayChangesFunctionName": "${RelayChangesFunction}",
    "ApiUrl": "https://${Api}.execute-api.${AWS::Region}.${AWS::URLSuffix}/v1",
    "ApiId": "${Api}",
}
