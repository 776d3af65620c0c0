"""The function that collects by a schedule, and what notices that nothing comes of it."""

from __future__ import annotations

from typing import Final

from pipeline.topology.grants import GIVE_UP_EVENTS, LOG, PUT
from pipeline.topology.kinds import Alarm, AsyncFunction, Grant, Schedule

COLLECT: Final = AsyncFunction(
    resource="CollectFunction",
    name="collect",
    handler="pipeline.functions.collect.handler",
    callers=frozenset({"CollectSchedule"}),
    retries=2,
    age_seconds=600,
    given_up="UndeliveredQueue",
    environment={
        "POWERTOOLS_METRICS_NAMESPACE": "kinesis-pipeline",
        "POWERTOOLS_SERVICE_NAME": "collect",
        "STREAM_NAME": "${Stream}",
        "RESULTS_TABLE": "${ResultsTable}",
        "PING_TARGETS": "${PingTargets}",
        "CANARY_ENABLED": "${CanaryEnabled}",
    },
    grants=(
        PUT,
        Grant("ResultsTable", frozenset({"dynamodb:GetItem"})),
        GIVE_UP_EVENTS,
        Grant("CollectLogs", LOG),
    ),
    memory_mb=256,
)

COLLECT_SCHEDULE: Final = Schedule(
    "CollectSchedule",
    expression="${CollectExpression}",
    function="CollectFunction",
    retries=5,
    age_seconds=600,
    given_up="UndeliveredQueue",
)

CANARY_ALARM: Final = Alarm(
    "CanaryAlarm",
    function="CollectFunction",
    metric="CanaryMissing",
    seconds="${CanaryAlarmSeconds}",
    threshold=0.5,
)
