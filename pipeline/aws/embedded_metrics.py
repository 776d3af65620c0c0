"""The embedded metric format of CloudWatch: one JSON line on stdout, of which figures become metrics.

https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from aws_lambda_powertools.metrics import EphemeralMetrics, MetricUnit

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pipeline.model import Json


def print_line[Count: str, Measure: str](
    namespace: str,
    function: str,
    counts: Mapping[Count, int],
    measures: Mapping[Measure, tuple[float, MetricUnit]],
    details: Mapping[str, Json],
    dimensions: Mapping[str, str] | None = None,
) -> None:
    """Print the line: what was counted, what was measured (to three places), and what only the line says.

    `dimensions` are those of each metric besides `service`, which is the function.
    """
    metrics = EphemeralMetrics(namespace=namespace, service=function)
    for name, value in (dimensions or {}).items():
        metrics.add_dimension(name=name, value=value)
    for name, count in counts.items():
        metrics.add_metric(name=name, unit=MetricUnit.Count, value=count)
    for name, (measure, unit) in measures.items():
        metrics.add_metric(name=name, unit=unit, value=round(measure, 3))
    for name, detail in details.items():
        metrics.add_metadata(key=name, value=detail)
    metrics.flush_metrics()
