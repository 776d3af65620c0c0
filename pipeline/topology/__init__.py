"""What a stack consists of: streams, tables, buckets, doors, functions, and what each function may do to which of them.

Plain data. `infra/template.yaml` is written by hand and says the same in CloudFormation's words; a contract test holds
the two equal, both ways. A resource is named by its logical id in the template; `OrdersTable/stream` is the stream of a
table, `ResultsTable/index/timeline` an index of one, `ArchiveBucket/archive/*` what lies under a prefix of a bucket,
`${Stream}` the deployed name of a resource; `Secrets/stack/*` are secrets of Secrets Manager whose names
begin with the stack's, and `Parameters/…` such parameters of SSM. Both are made and kept by people.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from pipeline.topology.api import INGEST_API, QUERY_API
from pipeline.topology.arrivals import INGEST_ASYNC, INGEST_QUEUE
from pipeline.topology.collect import CANARY_ALARM, COLLECT, COLLECT_SCHEDULE
from pipeline.topology.outlets import ALERTS_TOPIC, OBJECTS_ALARM, OBJECTS_QUEUE, OUTLETS, RESULTS_BUS
from pipeline.topology.resources import (
    ARCHIVE,
    BUS,
    BUS_RULE,
    CLAIMS,
    DEAD_LETTERS,
    DROP,
    DROP_RULE,
    FIFO_QUEUE,
    QUEUE,
    REFERENCE,
    REFERENCE_FILES,
    RESULTS,
    SOURCE_TABLES,
    STREAM,
    TOPIC,
    UNDELIVERED,
    UNDELIVERED_ALARM,
    UNDELIVERED_FIFO,
    UNDELIVERED_FIFO_ALARM,
)
from pipeline.topology.streams import PROCESS, RELAY_CHANGES

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = [
    "ALARMS",
    "ALERTS_TOPIC",
    "ALL_FUNCTIONS",
    "API_FUNCTIONS",
    "ARCHIVE",
    "ASYNC_FUNCTIONS",
    "BUCKETS",
    "BUS",
    "BUSES",
    "BUS_RULE",
    "CANARY_ALARM",
    "CLAIMS",
    "COLLECT",
    "COLLECT_SCHEDULE",
    "DEAD_LETTERS",
    "DROP",
    "DROP_RULE",
    "FIFO_QUEUE",
    "FUNCTIONS",
    "INGEST_API",
    "INGEST_ASYNC",
    "INGEST_QUEUE",
    "OBJECTS_ALARM",
    "OBJECTS_QUEUE",
    "OUTLETS",
    "OUTPUTS",
    "PROCESS",
    "QUERY_API",
    "QUEUE",
    "QUEUES",
    "QUEUE_ALARMS",
    "QUEUE_FUNCTIONS",
    "REFERENCE",
    "REFERENCE_FILES",
    "RELAY_CHANGES",
    "RESULTS",
    "RESULTS_BUS",
    "RULES",
    "SCHEDULES",
    "SOURCE_TABLES",
    "STREAM",
    "STREAMS",
    "TABLES",
    "TOPIC",
    "TOPICS",
    "UNDELIVERED",
    "UNDELIVERED_ALARM",
    "UNDELIVERED_FIFO",
    "UNDELIVERED_FIFO_ALARM",
]

STREAMS: Final = (STREAM,)
TABLES: Final = (RESULTS, *SOURCE_TABLES, REFERENCE)
BUCKETS: Final = (ARCHIVE, DEAD_LETTERS, CLAIMS, DROP, REFERENCE_FILES)
QUEUES: Final = (UNDELIVERED, UNDELIVERED_FIFO, QUEUE, FIFO_QUEUE, OBJECTS_QUEUE)
TOPICS: Final = (ALERTS_TOPIC, TOPIC)
BUSES: Final = (BUS, RESULTS_BUS)
RULES: Final = (BUS_RULE, DROP_RULE)
SCHEDULES: Final = (COLLECT_SCHEDULE,)
ALARMS: Final = (CANARY_ALARM,)
QUEUE_ALARMS: Final = (UNDELIVERED_ALARM, UNDELIVERED_FIFO_ALARM, OBJECTS_ALARM)
FUNCTIONS: Final = (PROCESS, RELAY_CHANGES)
API_FUNCTIONS: Final = (INGEST_API, QUERY_API)
ASYNC_FUNCTIONS: Final = (INGEST_ASYNC, COLLECT)
QUEUE_FUNCTIONS: Final = (INGEST_QUEUE,)
ALL_FUNCTIONS: Final = (*FUNCTIONS, *API_FUNCTIONS, *ASYNC_FUNCTIONS, *QUEUE_FUNCTIONS)

OUTPUTS: Final[Mapping[str, str]] = {
    "StreamName": "${Stream}",
    "StreamArn": "${Stream.Arn}",
    "ResultsTableName": "${ResultsTable}",
    "ResultsTableStreamArn": "${ResultsTable.StreamArn}",
    **{f"{table.resource}Name": f"${{{table.resource}}}" for table in SOURCE_TABLES},
    "ArchiveBucketName": "${ArchiveBucket}",
    "DeadLetterBucketName": "${DeadLetterBucket}",
    "ClaimsBucketName": "${ClaimsBucket}",
    "DropBucketName": "${DropBucket}",
    "ReferenceTableName": "${ReferenceTable}",
    "ReferenceBucketName": "${ReferenceBucket}",
    "ProcessFunctionName": "${ProcessFunction}",
    "RelayChangesFunctionName": "${RelayChangesFunction}",
    "TopicArn": "${Topic}",
    "BusName": "${Bus}",
    "QueueUrl": "${Queue}",
    "FifoQueueUrl": "${FifoQueue}",
    "UndeliveredQueueUrl": "${UndeliveredQueue}",
    "UndeliveredFifoQueueUrl": "${UndeliveredFifoQueue}",
    "AlertsTopicArn": "${AlertsTopic}",
    "ResultsBusName": "${ResultsBus}",
    "ObjectsQueueUrl": "${ObjectsQueue}",
    "IngestAsyncFunctionName": "${IngestAsyncFunction}",
    "IngestQueueFunctionName": "${IngestQueueFunction}",
    "CollectFunctionName": "${CollectFunction}",
    "CollectScheduleName": "${CollectSchedule}",
    "ApiUrl": "https://${Api}.execute-api.${AWS::Region}.${AWS::URLSuffix}/v1",
    "ApiId": "${Api}",
}
