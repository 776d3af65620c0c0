from __future__ import annotations

import importlib
import sys
from typing import TYPE_CHECKING

import pytest

from pipeline.errors import Incomplete, Misconfiguration
from tests.unit.functions.context import Context

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from types import ModuleType

NAME = "pipeline.functions.collect"
VARIABLES = {
    "AWS_REGION": "us-east-1",
    "AWS_DEFAULT_REGION": "us-east-1",
    "STREAM_NAME": "events",
    "RESULTS_TABLE": "results",
    "CANARY_ENABLED": "true",
    "PING_TARGETS": "",
}


@pytest.fixture
def load() -> Iterator[Callable[..., ModuleType]]:
    """The function's module, after its cold start."""
    with pytest.MonkeyPatch.context() as environment:

        def loaded(**other: str) -> ModuleType:
            for name, value in {**VARIABLES, **other}.items():
                environment.setenv(name, value)
            sys.modules.pop(NAME, None)
            return importlib.import_module(NAME)

        yield loaded
    sys.modules.pop(NAME, None)


class Runs:
    """Collects nothing, and sees what it is given."""

    def __init__(self, error: Exception | None = None) -> None:
        self.seen: list[tuple[object, float]] = []
        self.error = error

    def run(self, event: Mapping[str, object], remaining: Callable[[], float]) -> None:
        self.seen.append((event, remaining()))
        if self.error is not None:
            raise self.error


def test_the_schedule(load: Callable[..., ModuleType]) -> None:
    """The event and Lambda's remaining time, in seconds, are handed on, and nothing is answered."""
    module, runs = load(), Runs()
    vars(module)["_collect"] = runs
    assert module.handler({"time": "x"}, Context(1_500)) is None
    assert [({"time": "x"}, 1.5)] == runs.seen


def test_a_failure(load: Callable[..., ModuleType]) -> None:
    """What could not be put fails the invocation, so that Lambda tries again."""
    module = load()
    vars(module)["_collect"] = Runs(Incomplete("not everything was put"))
    with pytest.raises(Incomplete, match="not everything was put"):
        module.handler({}, Context())


@pytest.mark.parametrize(
    ("name", "value", "complaint"),
    [
        ("STREAM_NAME", "", "STREAM_NAME is not set"),
        ("RESULTS_TABLE", "", "RESULTS_TABLE is not set"),
        ("CANARY_ENABLED", "yes", "CANARY_ENABLED is not set to true or false"),
        ("PING_TARGETS", "tcp://a:1,nowhere", "target 2 of PingTargets"),
    ],
)
def test_cold_start(load: Callable[..., ModuleType], name: str, value: str, complaint: str) -> None:
    """A function with a wrong variable does not start."""
    with pytest.raises(Misconfiguration, match=complaint):
        load(**{name: value})
