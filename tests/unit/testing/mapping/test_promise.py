from __future__ import annotations

import doctest
from copy import replace
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING, Any

import orjson
import pytest

import pipeline.testing
from pipeline.aws.dynamodb import StateSink
from pipeline.errors import BugFlood
from pipeline.testing.bench import STAGES, change_event
from pipeline.testing.dynamodb_items import read_item
from pipeline.testing.lambda_events import log_event
from pipeline.testing.mapping import Cloud, Promise

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from pipeline.core.process import Stages
    from pipeline.model import Event

README = Path(pipeline.testing.__file__).parent / "README.md"
LOGS = [("a", orjson.dumps(log_event(f"e-{number}"))) for number in range(9)]


def change(event_id: str, version: int) -> tuple[str, bytes]:
    event = change_event(event_id)
    source = {**event["data"]["source"], "sequence_number": str(version)}
    return "orders/42", orjson.dumps({**event, "data": {**event["data"], "source": source}})


def with_transform(transform: Callable[[Event], Sequence[Event]]) -> Stages:
    log = STAGES.routes["log.v1"]
    return replace(STAGES, routes={**STAGES.routes, "log.v1": replace(log, transforms=(*log.transforms, transform))})


def test_readme() -> None:
    """The example of the README is true."""
    failed, attempted = doctest.testfile(str(README), module_relative=False)
    assert (0, True) == (failed, attempted > 10)


def test_kept() -> None:
    """What is poison or refused is a dead letter, the rest is delivered, and the promise is kept."""
    changes = [change(f"c-{number}", number) for number in range(3)]
    promise = Promise(STAGES, [*LOGS, ("a", b"{"), *changes], refused=frozenset({"event#e-3"}))
    results = promise.results()
    assert ["refused_by_sink", "not_json"] == [each["reason"] for each in results.dead_letters.values()]
    assert (8 + 3, 8 + 3 + 1) == (len(results.lines()), len(results.items))
    assert [] == promise.broken(range(40))


def test_another_answer_each_time() -> None:
    """A transform that depends on more than the event changes what was there, or loses and invents."""
    numbers = count()

    def renamed(event: Event) -> Sequence[Event]:
        return (replace(event, id=f"{event.id}-{next(numbers)}"),)

    found = Promise(with_transform(renamed), LOGS).broken(range(3))
    assert {"lost", "invented"} <= {line.split(":")[1].strip() for line in found}


def test_a_bug() -> None:
    """A bug in most of the records is raised at once."""

    def buggy(_: Event) -> Sequence[Event]:
        raise ZeroDivisionError

    with pytest.raises(BugFlood, match=r"^most of 9 records hit a bug"):
        Promise(with_transform(buggy), LOGS).results()


def test_never_done() -> None:
    """One bug hides among good records; where it is alone it is a flood, which is delivered again for ever."""

    def buggy(event: Event) -> Sequence[Event]:
        if event.id == "e-4":
            raise ZeroDivisionError
        return (event,)

    promise = Promise(with_transform(buggy), LOGS)
    assert ["bug"] == [each["reason"] for each in promise.results().dead_letters.values()]
    assert any("never done" in line for line in promise.broken(range(12)))


def test_moved_back(monkeypatch: pytest.MonkeyPatch) -> None:
    """A state that is written without a guard moves back, and that is seen."""

    def put_unguarded(sink: StateSink, state: Any) -> None:  # noqa: ANN401 - a state
        sink.client.put_item(TableName=sink.table, Item=read_item(state.item))

    monkeypatch.setattr(StateSink, "_put_once", put_unguarded)
    promise = Promise(STAGES, [change("c-0", 2), change("c-1", 1)])
    assert any("moved back" in line for line in promise.broken(range(20)))


def test_watched() -> None:
    """Where the items were exchanged nobody can say whether one moved back."""
    cloud = Cloud()
    cloud.table.items = {}
    with pytest.raises(TypeError, match=r"exchanged"):
        cloud.moved_back()
