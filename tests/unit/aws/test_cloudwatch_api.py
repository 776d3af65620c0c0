from __future__ import annotations

from typing import TYPE_CHECKING, Any

import orjson
import pytest

from pipeline.aws.cloudwatch_api import ApiMetric, ApiReport, request_counts

if TYPE_CHECKING:
    from collections.abc import Mapping

WELL = {"Requests": 1, "RequestsRefused": 0, "RequestsThrottled": 0, "RequestsUnavailable": 0}
NO_EVENTS = {"EventsAccepted": 0, "EventsRefused": 0, "EventsThrottled": 0, "EventsUnavailable": 0}


@pytest.mark.parametrize(
    ("status", "events", "expected"),
    [
        (200, {}, WELL),
        (204, {}, WELL),
        (404, {}, {**WELL, "RequestsRefused": 1}),
        (413, {}, {**WELL, "RequestsRefused": 1}),
        (429, {}, {**WELL, "RequestsThrottled": 1}),
        (503, {}, {**WELL, "RequestsUnavailable": 1}),
        (202, {202: 7}, {**WELL, **NO_EVENTS, "EventsAccepted": 7}),
        (400, {400: 2, 413: 1}, {**WELL, "RequestsRefused": 1, **NO_EVENTS, "EventsRefused": 3}),
        (
            207,
            {202: 1, 400: 2, 413: 3, 429: 4, 503: 5},
            {**WELL, "EventsAccepted": 1, "EventsRefused": 5, "EventsThrottled": 4, "EventsUnavailable": 5},
        ),
    ],
)
def test_counts(status: int, events: Mapping[int, int], expected: Mapping[str, int]) -> None:
    """A request counts once, and as what became of it; each of its events as what became of that."""
    assert expected == request_counts(status, events)


def told(capsys: pytest.CaptureFixture[str], status: int = 202, events: Mapping[int, int] | None = None) -> Any:  # noqa: ANN401 - JSON
    """The line that a report prints."""
    ApiReport("kinesis-pipeline", "ingest_api").request(
        "POST /events", status, events=events or {}, reasons={"not_json": 2}, seconds=0.0123456, request_id="r-1"
    )
    (line,) = capsys.readouterr().out.splitlines()
    return orjson.loads(line)


def test_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    """A request is one JSON line with its counts, what was wrong, and the id by which API Gateway knows it."""
    line = told(capsys, events={202: 1})
    del line["_aws"]
    assert {
        "service": "ingest_api",
        **{name: [float(count)] for name, count in {**WELL, **NO_EVENTS, "EventsAccepted": 1}.items()},
        "Latency": [12.346],
        "operation": "POST /events",
        "status": 202,
        "reasons": {"not_json": 2},
        "request_id": "r-1",
    } == line


def test_embedded_metric_format(capsys: pytest.CaptureFixture[str]) -> None:
    """The line follows CloudWatch's embedded metric format, and every metric it declares has a number."""
    line = told(capsys, events={202: 1})
    (directive,) = line["_aws"]["CloudWatchMetrics"]
    assert ("kinesis-pipeline", [["service"]]) == (directive["Namespace"], directive["Dimensions"])
    units = {each["Name"]: each["Unit"] for each in directive["Metrics"]}
    assert {str(each): "Milliseconds" if each is ApiMetric.LATENCY else "Count" for each in ApiMetric} == units
    assert all(isinstance(number, float) for name in units for number in line[name])


def test_a_request_without_events(capsys: pytest.CaptureFixture[str]) -> None:
    """It has no metrics of events: nothing that was not measured is told as 0."""
    line = told(capsys, 413)
    assert {"Requests", "RequestsRefused", "RequestsThrottled", "RequestsUnavailable", "Latency"} == {
        each["Name"] for each in line["_aws"]["CloudWatchMetrics"][0]["Metrics"]
    }
