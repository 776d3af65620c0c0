from __future__ import annotations

import importlib
import sys
from typing import TYPE_CHECKING, Any

import orjson
import pytest

from pipeline.aws.clients import Clients
from pipeline.aws.patience import PROMPT, Patience
from pipeline.errors import Misconfiguration
from pipeline.project import PACKAGE
from pipeline.testing.api_events import REQUEST_ID, api_event
from pipeline.topology import API_FUNCTIONS
from tests.unit.functions.context import Context

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from types import ModuleType

VARIABLES = {"STREAM_NAME": "events", "RESULTS_TABLE": "results", "CLAIMS_BUCKET": "claims"}
LAMBDA = {"AWS_REGION": "us-east-1", "AWS_DEFAULT_REGION": "us-east-1"}
HANDLERS = [each.handler.rpartition(".")[0] for each in API_FUNCTIONS]


@pytest.fixture
def load() -> Iterator[Callable[[str], ModuleType]]:
    """A function's module, after its cold start."""
    with pytest.MonkeyPatch.context() as environment:
        for name, value in {**LAMBDA, **VARIABLES}.items():
            environment.setenv(name, value)

        def loaded(name: str) -> ModuleType:
            sys.modules.pop(name, None)
            return importlib.import_module(name)

        yield loaded
    for name in HANDLERS:
        sys.modules.pop(name, None)


def test_the_functions_of_the_topology_are_there() -> None:
    """Each handler is a file of its own, and a few lines long."""
    for name in HANDLERS:
        assert len((PACKAGE.parent / name.replace(".", "/")).with_suffix(".py").read_text().splitlines()) < 30


def test_an_answer_and_a_line(load: Callable[[str], ModuleType], capsys: pytest.CaptureFixture[str]) -> None:
    """What needs nothing of AWS is answered by the function as it is deployed, and logged as one JSON line."""
    query = load("pipeline.functions.query_api")
    answer = query.handler(api_event("GET", "/health"), Context())
    assert (200, '{"status":"ok"}') == (answer["statusCode"], answer["body"])
    line = orjson.loads(capsys.readouterr().out)
    assert ("GET /health", 200, [1.0], REQUEST_ID) == tuple(
        line[name] for name in ("operation", "status", "Requests", "request_id")
    )


@pytest.mark.parametrize("name", HANDLERS)
def test_a_silent_service_is_not_waited_for(
    load: Callable[[str], ModuleType], name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The clients of a function that somebody waits for are prompt."""
    made: list[Patience] = []

    def clients(*, patience: Patience) -> Clients:
        made.append(patience)
        return Clients(patience=patience)

    monkeypatch.setattr("pipeline.environment.Clients", clients)
    load(name)
    assert [PROMPT] == made


def test_a_refusal(load: Callable[[str], ModuleType]) -> None:
    """An event is checked against the schemas of the package before anything of AWS is called."""
    ingest = load("pipeline.functions.ingest_api")
    headers = {"Content-Type": "application/json"}
    event = api_event("POST", "/events/{name}", {"name": "log.v1"}, headers=headers, body=b"{}")
    answer: Any = ingest.handler(event, Context())
    assert (400, True) == (answer["statusCode"], '"body\\" is a required property' in answer["body"])


class Watching:
    """An endpoint that looks at the time left."""

    def __init__(self) -> None:
        self.seen: list[float] = []

    def answer(self, _event: object, remaining: Callable[[], float]) -> dict[str, Any]:
        self.seen.append(remaining())
        return {}


@pytest.mark.parametrize("name", HANDLERS)
def test_the_time_left(load: Callable[[str], ModuleType], name: str) -> None:
    """The endpoint is told Lambda's remaining time, in seconds."""
    module, endpoint = load(name), Watching()
    vars(module)["_endpoint"] = endpoint
    module.handler({}, Context(1_500))
    assert [1.5] == endpoint.seen


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
