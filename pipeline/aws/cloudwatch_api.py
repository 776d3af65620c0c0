"""A request of the API as one JSON line, which CloudWatch reads as metrics too (embedded metric format). No content."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from http import HTTPStatus
from typing import TYPE_CHECKING

from aws_lambda_powertools.metrics import MetricUnit

from pipeline.aws.embedded_metrics import print_line

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pipeline.model import Json


class ApiMetric(StrEnum):
    """The metric names: of all that is asked, and of the events that are posted; alarms are built on them."""

    REQUESTS = "Requests"
    REQUESTS_REFUSED = "RequestsRefused"
    REQUESTS_THROTTLED = "RequestsThrottled"
    REQUESTS_UNAVAILABLE = "RequestsUnavailable"
    LATENCY = "Latency"
    EVENTS_ACCEPTED = "EventsAccepted"
    EVENTS_REFUSED = "EventsRefused"
    EVENTS_THROTTLED = "EventsThrottled"
    EVENTS_UNAVAILABLE = "EventsUnavailable"


_OF_REQUESTS = (
    ApiMetric.REQUESTS,
    ApiMetric.REQUESTS_REFUSED,
    ApiMetric.REQUESTS_THROTTLED,
    ApiMetric.REQUESTS_UNAVAILABLE,
)
_OF_EVENTS = (
    ApiMetric.EVENTS_ACCEPTED,
    ApiMetric.EVENTS_REFUSED,
    ApiMetric.EVENTS_THROTTLED,
    ApiMetric.EVENTS_UNAVAILABLE,
)


@dataclass(frozen=True)
class ApiReport:
    """RequestReport: one embedded-metric line a request on stdout."""

    namespace: str
    function: str

    def request(
        self,
        operation: str,
        status: int,
        *,
        events: Mapping[int, int],
        reasons: Mapping[str, int],
        seconds: float,
        request_id: str,
    ) -> None:
        """Print the line."""
        measures = {ApiMetric.LATENCY: (seconds * 1000, MetricUnit.Milliseconds)}
        details: dict[str, Json] = {
            "operation": operation,
            "status": status,
            "reasons": dict(reasons),
            "request_id": request_id,
        }
        print_line(self.namespace, self.function, request_counts(status, events), measures, details)


def request_counts(status: int, events: Mapping[int, int]) -> dict[ApiMetric, int]:
    """The request, and what became of it if it did not go well; and its events, if it brought any, by what did."""
    counts = dict.fromkeys(_OF_REQUESTS, 0)
    counts[ApiMetric.REQUESTS] = counts[_OF_REQUESTS[_kind(status)]] = 1
    if events:
        counts |= dict.fromkeys(_OF_EVENTS, 0)
        for each, count in events.items():
            counts[_OF_EVENTS[_kind(each)]] += count
    return counts


def _kind(status: int) -> int:
    """0 for what went well, 1 for what was refused, 2 for what was throttled, 3 for what is unavailable."""
    if status == HTTPStatus.TOO_MANY_REQUESTS:
        return 2
    return 3 if status >= HTTPStatus.INTERNAL_SERVER_ERROR else int(status >= HTTPStatus.BAD_REQUEST)
