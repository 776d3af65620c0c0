"""The functions that answer requests of the API."""

from __future__ import annotations

from typing import Final

from pipeline.topology.grants import LEAVE_CLAIMS, LOG, PUT
from pipeline.topology.kinds import ApiFunction, Grant

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
    grants=(PUT, LEAVE_CLAIMS, Grant("IngestApiLogs", LOG)),
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
        Grant("QueryApiLogs", LOG),
    ),
    timeout_seconds=_API_SECONDS,
)
