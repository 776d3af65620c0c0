from __future__ import annotations

import importlib
import sys
from typing import TYPE_CHECKING, Any

import pytest

from pipeline.errors import Misconfiguration
from pipeline.model import Failure, Item
from pipeline.testing.bench import ACKNOWLEDGED, Bench, logs, named
from pipeline.testing.lambda_events import kinesis_event
from pipeline.topology import OUTLETS
from tests.unit.functions.context import Context

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from types import ModuleType

VARIABLES = {
    "RESULTS_TABLE": "results",
    **{each.variable: each.resource for each in OUTLETS},
    "ARCHIVE_BUCKET": "archive",
    "DEAD_LETTER_BUCKET": "dead",
    "CLAIMS_BUCKET": "claims",
    "STREAM_NAME": "events",
    "REFERENCE_BUCKET": "reference",
    "LOOKUP_SECONDS": "60",
}
LAMBDA = {"AWS_REGION": "us-east-1", "AWS_DEFAULT_REGION": "us-east-1"}
HANDLERS = ["pipeline.functions.process", "pipeline.functions.relay_changes"]


@pytest.fixture(params=HANDLERS, scope="module")
def function(request: pytest.FixtureRequest) -> Iterator[ModuleType]:
    """A function's module, after its cold start."""
    with pytest.MonkeyPatch.context() as environment:
        for name, value in {**LAMBDA, **VARIABLES}.items():
            environment.setenv(name, value)
        sys.modules.pop(request.param, None)
        yield importlib.import_module(request.param)
        sys.modules.pop(request.param, None)


def answer(function: ModuleType, bench: Bench, batch: Mapping[str, Any], context: Context | None = None) -> Any:  # noqa: ANN401 - that is tested
    vars(function)["_consumer"] = bench.consumer()
    return function.handler(batch, context or Context())


@pytest.mark.parametrize(
    ("bench", "batch", "expected"),
    [
        (Bench(), logs(0), ACKNOWLEDGED),
        (Bench(), logs(3), ACKNOWLEDGED),
        (Bench(), kinesis_event(b"{", first=1), ACKNOWLEDGED),
        (Bench(items={2: Failure("throttled")}), logs(3), named(2)),
        (Bench(archive={3: Failure("SlowDown")}), logs(3), named(1)),
        (Bench(unkept=[1]), kinesis_event(b"{", first=1), named(1)),
        (Bench(items={2: Failure("refused", permanent=True)}), logs(3), ACKNOWLEDGED),
    ],
    ids=["empty", "delivered", "poison", "failed", "unarchived", "unkept", "refused"],
)
def test_every_path_answers(function: ModuleType, bench: Bench, batch: Mapping[str, Any], expected: Any) -> None:  # noqa: ANN401 - JSON
    """Whatever becomes of a batch, the answer is a partial batch response: what looks like nothing acknowledges all."""
    assert expected == answer(function, bench, batch)


def test_errors_are_raised(function: ModuleType) -> None:
    """A misconfiguration fails the invocation."""
    bench = Bench()
    bench.sinks[Item].error = Misconfiguration("AccessDenied")
    with pytest.raises(Misconfiguration, match="AccessDenied"):
        answer(function, bench, logs(1))


def test_remaining_time(function: ModuleType) -> None:
    """The consumer sees Lambda's remaining time, in seconds: with 5 of them, one dead letter is kept."""
    two = kinesis_event(b"{", b"{", first=1)
    assert named(2) == answer(function, Bench(), two, Context(5_000))
    assert ACKNOWLEDGED == answer(function, Bench(), two, Context(6_000))


@pytest.mark.parametrize("name", HANDLERS)
def test_cold_start_without_variables(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A function that lacks a variable does not start."""
    for variable, value in LAMBDA.items():
        monkeypatch.setenv(variable, value)
    for variable in VARIABLES:
        monkeypatch.delenv(variable, raising=False)
    sys.modules.pop(name, None)
    with pytest.raises(Misconfiguration, match="is not set; the template sets it for the function"):
        importlib.import_module(name)
