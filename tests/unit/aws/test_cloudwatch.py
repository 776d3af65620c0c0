from __future__ import annotations

from typing import TYPE_CHECKING, Any

import orjson

from pipeline.aws.cloudwatch import BatchReport, Metric, counts
from pipeline.model import Ledger, Position, Reason

if TYPE_CHECKING:
    import pytest

FIRST, LAST = Position("events", "shard-0", "7"), Position("events", "shard-0", "16", 2)
LEDGER = Ledger(10, 4, 3, 2, 1, {Reason.NOT_JSON: 1, Reason.TOO_LARGE: 1})


def told(capsys: pytest.CaptureFixture[str], ledger: Ledger = LEDGER, **rest: Any) -> list[dict[str, Any]]:  # noqa: ANN401 - the port's
    """The lines that a report prints, as JSON."""
    BatchReport("kinesis-pipeline", "process").batch(
        ledger, **{"first": FIRST, "last": LAST, "lag_seconds": 1.23456, "size": 5, "size_bytes": 4321, **rest}
    )
    return [orjson.loads(line) for line in capsys.readouterr().out.splitlines()]


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
