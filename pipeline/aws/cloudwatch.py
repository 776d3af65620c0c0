"""The counts of each batch as one JSON line, which CloudWatch also reads as metrics (embedded metric format).

One line a batch, or a time of the schedule, and no record content: a line a record would cost more than the record.
"""

from __future__ import annotations

import json
import sys
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from aws_lambda_powertools.metrics import EphemeralMetrics, MetricUnit

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pipeline.model import Ledger, Position


class Metric(StrEnum):
    """The metric names; dashboards and alarms are built on them."""

    RECEIVED = "RecordsReceived"
    DELIVERED = "RecordsDelivered"
    DROPPED = "RecordsDropped"
    DEAD_LETTERED = "RecordsDeadLettered"
    RETRIED = "RecordsRetried"
    LAG = "Lag"
    BATCH_SIZE = "BatchSize"
    BATCH_BYTES = "BatchBytes"


class CollectMetric(StrEnum):
    """Those of the schedule: events, whether the canary is missing (0 or 1), and how long it took when it is not."""

    RECEIVED = Metric.RECEIVED
    DELIVERED = Metric.DELIVERED
    RETRIED = Metric.RETRIED
    CANARY_MISSING = "CanaryMissing"
    CANARY_SECONDS = "CanarySeconds"


class FactsMetric(StrEnum):
    """Those of what events are enriched with; what is stale are places to look it up in, the others facts."""

    WANTED = "FactsWanted"
    MISSING = "FactsMissing"
    UNAVAILABLE = "FactsUnavailable"
    STALE = "LookupsStale"
    SECONDS = "LookupSeconds"


@dataclass(frozen=True)
class BatchReport:
    """Report: one embedded-metric line a batch on stdout."""

    namespace: str
    function: str

    def batch(
        self,
        ledger: Ledger,
        *,
        first: Position | None,
        last: Position | None,
        lag_seconds: float,
        size: int,
        size_bytes: int,
    ) -> None:
        """Print the line."""
        metrics = EphemeralMetrics(namespace=self.namespace, service=self.function)
        for name, count in counts(ledger).items():
            metrics.add_metric(name=name, unit=MetricUnit.Count, value=count)
        metrics.add_metric(name=Metric.LAG, unit=MetricUnit.Seconds, value=round(lag_seconds, 3))
        metrics.add_metric(name=Metric.BATCH_SIZE, unit=MetricUnit.Count, value=size)
        metrics.add_metric(name=Metric.BATCH_BYTES, unit=MetricUnit.Bytes, value=size_bytes)
        details: dict[str, Any] = {
            "reasons": {str(reason): count for reason, count in ledger.reasons.items()},
            "first": None if first is None else str(first),
            "last": None if last is None else str(last),
        }
        for key, value in details.items():
            metrics.add_metadata(key=key, value=value)
        metrics.flush_metrics()


@dataclass(frozen=True)
class LookupReport:
    """FactsReport: one embedded-metric line for each batch that wants facts."""

    namespace: str
    function: str

    def facts(
        self,
        *,
        wanted: int,
        found: int,
        unavailable: int,
        away: Mapping[str, str],
        stale: Mapping[str, str],
        seconds: float,
    ) -> None:
        """Print the line."""
        metrics = EphemeralMetrics(namespace=self.namespace, service=self.function)
        figures = {
            FactsMetric.WANTED: wanted,
            FactsMetric.MISSING: wanted - found - unavailable,
            FactsMetric.UNAVAILABLE: unavailable,
            FactsMetric.STALE: len(stale),
        }
        for name, count in figures.items():
            metrics.add_metric(name=name, unit=MetricUnit.Count, value=count)
        metrics.add_metric(name=FactsMetric.SECONDS, unit=MetricUnit.Seconds, value=round(seconds, 3))
        for key, value in (("unavailable", away), ("stale", stale)):
            if value:
                metrics.add_metadata(key=key, value=dict(value))
        metrics.flush_metrics()


@dataclass(frozen=True)
class CollectReport:
    """Report of the schedule: one embedded-metric line for each time of the schedule.

    The deployed name of the function is a dimension too: an alarm on the canary is one stack's own.
    """

    namespace: str
    function: str
    deployed_name: str

    def collected(
        self, ledger: Ledger, failures: Mapping[str, str], canary_seconds: float | None, canary_missing: int | None
    ) -> None:
        """Print the line; without a canary it has no figures of one."""
        metrics = EphemeralMetrics(namespace=self.namespace, service=self.function)
        metrics.add_dimension(name="function_name", value=self.deployed_name)
        figures = {
            CollectMetric.RECEIVED: ledger.received,
            CollectMetric.DELIVERED: ledger.delivered,
            CollectMetric.RETRIED: ledger.retried,
            CollectMetric.CANARY_MISSING: canary_missing,
        }
        for name, count in figures.items():
            if count is not None:
                metrics.add_metric(name=name, unit=MetricUnit.Count, value=count)
        if canary_seconds is not None:
            metrics.add_metric(
                name=CollectMetric.CANARY_SECONDS, unit=MetricUnit.Seconds, value=round(canary_seconds, 3)
            )
        metrics.add_metadata(key="failures", value=dict(failures))
        metrics.flush_metrics()


def warn(function: str, text: str) -> None:
    """Print a line for whoever reads the function's log; nothing counts it."""
    sys.stdout.write(json.dumps({"level": "WARNING", "service": function, "message": text}) + "\n")


def counts(ledger: Ledger) -> dict[Metric, int]:
    """The ledger's counts by metric."""
    return {
        Metric.RECEIVED: ledger.received,
        Metric.DELIVERED: ledger.delivered,
        Metric.DROPPED: ledger.dropped,
        Metric.DEAD_LETTERED: ledger.dead_lettered,
        Metric.RETRIED: ledger.retried,
    }
