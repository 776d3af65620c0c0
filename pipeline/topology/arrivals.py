"""The functions that take what arrives at the other doors: a topic, a bus, queues."""

from __future__ import annotations

from typing import Final

from pipeline.topology.grants import GIVE_UP_EVENTS, KEEP_DEAD_LETTERS, LEAVE_CLAIMS, LOG, PUT, TAKE_MESSAGES
from pipeline.topology.kinds import AsyncFunction, Grant, QueueFunction, QueueSource

INGEST_ASYNC: Final = AsyncFunction(
    resource="IngestAsyncFunction",
    name="ingest-async",
    handler="pipeline.functions.ingest_async.handler",
    callers=frozenset({"Topic", "BusRule", "DropRule"}),
    retries=2,
    age_seconds=21_600,
    given_up="UndeliveredQueue",
    environment={
        "POWERTOOLS_METRICS_NAMESPACE": "kinesis-pipeline",
        "POWERTOOLS_SERVICE_NAME": "ingest_async",
        "STREAM_NAME": "${Stream}",
        "CLAIMS_BUCKET": "${ClaimsBucket}",
        "DEAD_LETTER_BUCKET": "${DeadLetterBucket}",
        "DROP_BUCKET": "${DropBucket}",
    },
    grants=(
        # The drop bucket has versions, and one of them is asked for.
        Grant("DropBucket/*", frozenset({"s3:GetObjectVersion"})),
        # Or S3 would not say that an object is not there any more, but that access is denied.
        Grant("DropBucket", frozenset({"s3:ListBucket"})),
        # Itself, with the rest of an object.
        Grant("IngestAsyncFunction", frozenset({"lambda:InvokeFunction"})),
        PUT,
        LEAVE_CLAIMS,
        KEEP_DEAD_LETTERS,
        GIVE_UP_EVENTS,
        Grant("IngestAsyncLogs", LOG),
    ),
    timeout_seconds=900,
)

INGEST_QUEUE: Final = QueueFunction(
    resource="IngestQueueFunction",
    name="ingest-queue",
    handler="pipeline.functions.ingest_queue.handler",
    sources=frozenset(
        {QueueSource("Queue", batch_size=500, window_seconds=1), QueueSource("FifoQueue", batch_size=10)}
    ),
    environment={
        "POWERTOOLS_METRICS_NAMESPACE": "kinesis-pipeline",
        "POWERTOOLS_SERVICE_NAME": "ingest_queue",
        "STREAM_NAME": "${Stream}",
        "CLAIMS_BUCKET": "${ClaimsBucket}",
        "DEAD_LETTER_BUCKET": "${DeadLetterBucket}",
    },
    grants=(
        Grant("Queue", TAKE_MESSAGES),
        Grant("FifoQueue", TAKE_MESSAGES),
        PUT,
        LEAVE_CLAIMS,
        KEEP_DEAD_LETTERS,
        Grant("IngestQueueLogs", LOG),
    ),
)
