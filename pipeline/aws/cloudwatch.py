"""The counts of each batch as one JSON line, which CloudWatch also reads as metrics (embedded metric format).

One line a batch, or a time of the schedule, and no record content: a line a record would cost more than the record.
"""

from __future__ import annotations

import json
import sys
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from aws_lambda_powertools.metrics import MetricUnit

from pipeline.aws.embedded_metrics import print_line

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pipeline.model import Json, Ledger, Position


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
        measures = {
            Metric.LAG: (lag_seconds, MetricUnit.Seconds),
            Metric.BATCH_SIZE: (size, MetricUnit.Count),
            Metric.BATCH_BYTES: (size_bytes, MetricUnit.Bytes),
        }
        details: dict[str, Json] = {
            "reasons": {str(reason): count for reason, count in ledger.reasons.items()},
            "first": None if first is None else str(first),
            "last": None if last is None else str(last),
        }
        print_line(self.namespace, self.function, counts(ledger), measures, details)


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
        figures = {
            FactsMetric.WANTED: wanted,
            FactsMetric.MISSING: wanted - found - unavailable,
            FactsMetric.UNAVAILABLE: unavailable,
            FactsMetric.STALE: len(stale),
        }
        measures = {FactsMetric.SECONDS: (seconds, MetricUnit.Seconds)}
        details: dict[str, Json] = {
            name: dict(reasons) for name, reasons in (("unavailable", away), ("stale", stale)) if reasons
        }
        print_line(self.namespace, self.function, figures, measures, details)


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
        figures: dict[CollectMetric, int] = {
            CollectMetric.RECEIVED: ledger.received,
            CollectMetric.DELIVERED: ledger.delivered,
            CollectMetric.RETRIED: ledger.retried,
        }
        if canary_missing is not None:
            figures[CollectMetric.CANARY_MISSING] = canary_missing
        measures = {}
        if canary_seconds is not None:
            measures[CollectMetric.CANARY_SECONDS] = (canary_seconds, MetricUnit.Seconds)
        dimensions = {"function_name": self.deployed_name}
        print_line(self.namespace, self.function, figures, measures, {"failures": dict(failures)}, dimensions)


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
