"""The functions that consume a stream."""

from __future__ import annotations

from typing import Final

from pipeline.topology.grants import GIVE_UP, KEEP_DEAD_LETTERS, LEAVE_CLAIMS, LOG, PUT, READ_CHANGES, READ_KINESIS
from pipeline.topology.kinds import Function, Grant, Source
from pipeline.topology.outlets import OUTLETS
from pipeline.topology.resources import SOURCE_TABLES


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
        "REFERENCE_TABLE": "${ReferenceTable}",
        "REFERENCE_BUCKET": "${ReferenceBucket}",
        "LOOKUP_SECONDS": "${LookupSeconds}",
        "STACK_NAME": "${AWS::StackName}",
        "ACCOUNT_ID": "${AWS::AccountId}",
        **{each.variable: f"${{{each.resource}}}" for each in OUTLETS},
    },
    grants=(
        Grant("Stream", READ_KINESIS),
        Grant("ClaimsBucket/claims/*", frozenset({"s3:GetObject"})),
        # Or S3 would not say that a claim is not there, but that access is denied.
        Grant("ClaimsBucket", frozenset({"s3:ListBucket"})),
        Grant("ReferenceTable", frozenset({"dynamodb:BatchGetItem"})),
        Grant("ReferenceBucket/reference/*", frozenset({"s3:GetObject"})),
        Grant("ReferenceBucket", frozenset({"s3:ListBucket"})),
        Grant("Secrets/stack/*", frozenset({"secretsmanager:GetSecretValue"})),
        Grant("Parameters/stack/*", frozenset({"ssm:GetParameter"})),
        Grant("ResultsTable", frozenset({"dynamodb:BatchWriteItem", "dynamodb:PutItem"})),
        Grant("ArchiveBucket/archive/*", frozenset({"s3:PutObject"})),
        *(each.grant for each in OUTLETS),
        KEEP_DEAD_LETTERS,
        *GIVE_UP,
        Grant("ProcessLogs", LOG),
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
        *(Grant(f"{table.resource}/stream", READ_CHANGES) for table in SOURCE_TABLES),
        PUT,
        LEAVE_CLAIMS,
        KEEP_DEAD_LETTERS,
        *GIVE_UP,
        Grant("RelayChangesLogs", LOG),
    ),
)
