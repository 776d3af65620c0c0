from __future__ import annotations

from typing import Any

import orjson
import pytest

from pipeline.aws.cloudwatch import BatchReport, CollectMetric, CollectReport, FactsMetric, LookupReport, Metric, counts
from pipeline.model import Ledger, Position, Reason

FIRST, LAST = Position("events", "shard-0", "7"), Position("events", "shard-0", "16", 2)
LEDGER = Ledger(10, 4, 3, 2, 1, {Reason.NOT_JSON: 1, Reason.TOO_LARGE: 1})


def told(capsys: pytest.CaptureFixture[str], ledger: Ledger = LEDGER, **rest: Any) -> list[dict[str, Any]]:  # noqa: ANN401 - the port's
    """The lines that a report prints, as JSON."""
    BatchReport("kinesis-pipeline", "process").batch(
        ledger, **{"first": FIRST, "last": LAST, "lag_seconds": 1.23456, "size": 5, "size_bytes": 4321, **rest}
    )
    return [orjson.loads(line) for line in capsys.readouterr().out.splitlines()]


def test_facts(capsys: pytest.CaptureFixture[str]) -> None:
    """A batch that wants facts has a line of its own: their counts, and why what is out of reach or stale is."""
    report = LookupReport("kinesis-pipeline", "process")
    report.facts(
        wanted=9, found=4, unavailable=3, away={"table a": "Throttling"}, stale={"b.csv#c": "SlowDown"}, seconds=0.12345
    )
    report.facts(wanted=1, found=1, unavailable=0, away={}, stale={}, seconds=0)
    one, two = (orjson.loads(line) for line in capsys.readouterr().out.splitlines())
    units = {each["Name"]: each["Unit"] for each in one.pop("_aws")["CloudWatchMetrics"][0]["Metrics"]}
    assert {str(metric): "Seconds" if metric is FactsMetric.SECONDS else "Count" for metric in FactsMetric} == units
    assert {
        "service": "process",
        "FactsWanted": [9.0],
        "FactsMissing": [2.0],
        "FactsUnavailable": [3.0],
        "LookupsStale": [1.0],
        "LookupSeconds": [0.123],
        "unavailable": {"table a": "Throttling"},
        "stale": {"b.csv#c": "SlowDown"},
    } == one
    assert ([0.0], False) == (two["FactsMissing"], "stale" in two)


def test_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    """A batch is one JSON line with its counts, its reasons and its positions."""
    (line,) = told(capsys)
    del line["_aws"]
    assert {
        "service": "process",
        "RecordsReceived": [10.0],
        "RecordsDelivered": [4.0],
        "RecordsDropped": [3.0],
        "RecordsDeadLettered": [2.0],
        "RecordsRetried": [1.0],
        "Lag": [1.235],
        "BatchSize": [5.0],
        "BatchBytes": [4321.0],
        "reasons": {"not_json": 1, "too_large": 1},
        "first": "events/shard-0/7/0",
        "last": "events/shard-0/16/2",
    } == line


def test_embedded_metric_format(capsys: pytest.CaptureFixture[str]) -> None:
    """The line follows CloudWatch's embedded metric format, and every metric it declares has a number."""
    (line,) = told(capsys)
    assert isinstance(line["_aws"]["Timestamp"], int)
    (directive,) = line["_aws"]["CloudWatchMetrics"]
    assert ("kinesis-pipeline", [["service"]]) == (directive["Namespace"], directive["Dimensions"])
    units = {each["Name"]: each["Unit"] for each in directive["Metrics"]}
    special = {Metric.LAG: "Seconds", Metric.BATCH_BYTES: "Bytes"}
    assert {str(metric): special.get(metric, "Count") for metric in Metric} == units
    assert all(isinstance(number, float) for name in units for number in line[name])
    assert all(isinstance(line[dimension], str) for (dimension,) in directive["Dimensions"])


def test_nothing_is_left_over(capsys: pytest.CaptureFixture[str]) -> None:
    """Each batch has its own line: nothing of the one before is in it."""
    assert [[10.0], [0.0]] == [
        line["RecordsReceived"] for line in [*told(capsys), *told(capsys, Ledger(0), first=None, last=None)]
    ]


def test_empty_batch(capsys: pytest.CaptureFixture[str]) -> None:
    """A batch of nothing has a line too, without positions."""
    (line,) = told(capsys, Ledger(0), first=None, last=None, lag_seconds=0.0)
    assert ({}, None, None, [0.0]) == (line["reasons"], line["first"], line["last"], line["Lag"])


def test_counts_add_up() -> None:
    """Received is the sum of the four outcomes."""
    ten, *four = counts(LEDGER).values()
    assert ten == sum(four)


def collected(
    capsys: pytest.CaptureFixture[str], failures: dict[str, str], seconds: float | None, missing: int | None
) -> dict[str, Any]:
    """The line of one time of the schedule."""
    report = CollectReport("kinesis-pipeline", "collect", "shop-collect")
    report.collected(Ledger(3, delivered=2, retried=1), failures, seconds, missing)
    line: dict[str, Any] = orjson.loads(capsys.readouterr().out)
    return line


def test_the_schedule(capsys: pytest.CaptureFixture[str]) -> None:
    """A time of the schedule is one line, whose figures are those of one deployed function."""
    line = collected(capsys, {"ping": "throttled"}, 1.23456, 0)
    (directive,) = line.pop("_aws")["CloudWatchMetrics"]
    assert {
        "service": "collect",
        "function_name": "shop-collect",
        "RecordsReceived": [3.0],
        "RecordsDelivered": [2.0],
        "RecordsRetried": [1.0],
        "CanaryMissing": [0.0],
        "CanarySeconds": [1.235],
        "failures": {"ping": "throttled"},
    } == line
    assert ("kinesis-pipeline", [["function_name", "service"]]) == (directive["Namespace"], directive["Dimensions"])
    units = {each["Name"]: each["Unit"] for each in directive["Metrics"]}
    assert {
        str(each): "Seconds" if each is CollectMetric.CANARY_SECONDS else "Count" for each in CollectMetric
    } == units


@pytest.mark.parametrize(("missing", "names"), [(1, {"CanaryMissing"}), (None, set())])
def test_no_figure_of_a_canary(capsys: pytest.CaptureFixture[str], missing: int | None, names: set[str]) -> None:
    """A missing canary has no seconds; without a canary there is nothing of one, so that its alarm is not deceived."""
    line = collected(capsys, {}, None, missing)
    assert names == {name for name in line if name.startswith("Canary")}
