from __future__ import annotations

from typing import TYPE_CHECKING

import orjson
from aws_lambda_powertools.metrics import MetricUnit

from pipeline.aws.embedded_metrics import print_line

if TYPE_CHECKING:
    import pytest


def test_a_line(capsys: pytest.CaptureFixture[str]) -> None:
    """Counts and measures are metrics by every dimension, with their units; details stand in the line alone."""
    print_line(
        "space", "process", {"Found": 2}, {"Took": (1.23456, MetricUnit.Seconds)}, {"why": {"a": 1}}, {"stack": "mine"}
    )
    line = orjson.loads(capsys.readouterr().out)
    (told,) = line.pop("_aws")["CloudWatchMetrics"]
    assert {"service": "process", "stack": "mine", "Found": [2.0], "Took": [1.235], "why": {"a": 1}} == line
    assert "space" == told["Namespace"]
    assert {"Found": "Count", "Took": "Seconds"} == {each["Name"]: each["Unit"] for each in told["Metrics"]}
    assert [{"service", "stack"}] == [set(dimensions) for dimensions in told["Dimensions"]]


def test_nothing_is_left_for_the_next_line(capsys: pytest.CaptureFixture[str]) -> None:
    """A line has nothing of the one before it."""
    print_line("space", "process", {"Found": 2}, {}, {"why": "so"}, {"stack": "mine"})
    print_line("space", "process", {"Lost": 0}, {}, {})
    line = orjson.loads(capsys.readouterr().out.splitlines()[1])
    assert {"_aws", "service", "Lost"} == set(line)
