"""The functions behind a topic, a bus and queues, as they are deployed; what is behind them has tests of its own."""

from __future__ import annotations

import importlib
import sys
from typing import TYPE_CHECKING, Any

import pytest

from pipeline.errors import Misconfiguration, Retryable
from pipeline.testing.arrivals import sns_event, sqs_event
from tests.unit.functions.context import Context

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from types import ModuleType

ASYNC, QUEUE = "pipeline.functions.ingest_async", "pipeline.functions.ingest_queue"
LAMBDA = {"AWS_REGION": "us-east-1", "AWS_DEFAULT_REGION": "us-east-1"}
VARIABLES = {"STREAM_NAME": "events", "CLAIMS_BUCKET": "claims", "DEAD_LETTER_BUCKET": "dead"}
DROP = {"DROP_BUCKET": "drop"}


@pytest.fixture
def load() -> Iterator[Callable[..., ModuleType]]:
    """A function's module, after its cold start."""
    with pytest.MonkeyPatch.context() as environment:

        def loaded(name: str, **other: str) -> ModuleType:
            for each, value in {**LAMBDA, **VARIABLES, **DROP, **other}.items():
                environment.setenv(each, value)
            sys.modules.pop(name, None)
            return importlib.import_module(name)

        yield loaded
    for name in (ASYNC, QUEUE):
        sys.modules.pop(name, None)


class Behind:
    """What stands behind a handler: it remembers what it is given, and answers or raises."""

    def __init__(self, answer: object = None, error: Exception | None = None) -> None:
        self.seen: list[tuple[object, float]] = []
        self._answer, self._error = answer, error

    def take(self, event: object, remaining: Callable[[], float]) -> Any:  # noqa: ANN401 - that is tested
        self.seen.append((event, remaining()))
        if self._error is not None:
            raise self._error
        return self._answer

    answer = take


def test_ingest_async(load: Callable[..., ModuleType]) -> None:
    """The event and the seconds left are handed on; nothing is answered, whatever is behind it."""
    module, behind = load(ASYNC), Behind("ignored")
    vars(module)["_arrivals"] = behind
    assert module.handler(sns_event("x"), Context(1_500)) is None
    assert [(sns_event("x"), 1.5)] == behind.seen


def test_ingest_async_fails(load: Callable[..., ModuleType]) -> None:
    """What is raised fails the invocation: no error is taken for a success."""
    module = load(ASYNC)
    vars(module)["_arrivals"] = Behind(error=Retryable("throttled"))
    with pytest.raises(Retryable, match="throttled"):
        module.handler(sns_event("x"), Context())


def test_ingest_queue(load: Callable[..., ModuleType]) -> None:
    """The batch and the seconds left are handed on, and the answer is the answer."""
    failed = {"batchItemFailures": [{"itemIdentifier": "a"}]}
    module, behind = load(QUEUE), Behind(failed)
    vars(module)["_batches"] = behind
    assert failed == module.handler(sqs_event("x"), Context(1_500))
    assert [(sqs_event("x"), 1.5)] == behind.seen


def test_ingest_queue_fails(load: Callable[..., ModuleType]) -> None:
    """What is raised fails the invocation: the whole batch comes again."""
    module = load(QUEUE)
    vars(module)["_batches"] = Behind(error=Misconfiguration("AccessDenied"))
    with pytest.raises(Misconfiguration, match="AccessDenied"):
        module.handler(sqs_event("x"), Context())


@pytest.mark.parametrize(
    ("name", "variable"), [*((each, name) for each in (ASYNC, QUEUE) for name in VARIABLES), (ASYNC, "DROP_BUCKET")]
)
def test_cold_start_without_a_variable(load: Callable[..., ModuleType], name: str, variable: str) -> None:
    """A function that lacks a variable does not start."""
    with pytest.raises(Misconfiguration, match=f"{variable} is not set; the template sets it for the function"):
        load(name, **{variable: ""})
