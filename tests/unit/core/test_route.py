from __future__ import annotations

import copy
from typing import TYPE_CHECKING, Any

import pytest

from pipeline.core.route import Route
from pipeline.model import Event

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from pipeline.ports import Transform


EVENT = Event("1", "//a", "log.v1", "2026-11-23T10:00:00Z", {})


def twice(event: Event) -> Sequence[Event]:
    return [copy.replace(event, id=f"{event.id}{letter}") for letter in "ab"]


def drop_a(event: Event) -> Sequence[Event]:
    return () if event.id.endswith("a") else (event,)


@pytest.mark.parametrize(
    ("transforms", "ids"),
    [
        ((), ["1"]),
        ((twice,), ["1a", "1b"]),
        ((twice, twice), ["1aa", "1ab", "1ba", "1bb"]),
        ((twice, drop_a), ["1b"]),
        ((drop_a, twice), ["1a", "1b"]),
        ((twice, drop_a, twice, drop_a), ["1bb"]),
    ],
)
def test_transform(transforms: Sequence[Transform], ids: list[str]) -> None:
    """Transforms run in order, each on all that the one before it left: none, one or many."""
    assert ids == [each.id for each in Route(transforms, ()).transform(EVENT)]


def test_a_transform_is_run_when_the_route_is_done() -> None:
    """One that gives a generator raises here, where it becomes the record's dead letter, and not later."""

    def raises(event: Event) -> Iterator[Event]:
        yield copy.replace(event, id=str(int(event.id) // 0))

    wrong: Any = raises
    with pytest.raises(ZeroDivisionError):
        Route((wrong,), ()).transform(EVENT)


@pytest.mark.parametrize("answer", [None, EVENT])
def test_a_transform_that_gives_no_sequence(answer: object) -> None:
    """It raises here too."""

    def gives(_: Event) -> object:
        return answer

    wrong: Any = gives
    with pytest.raises(TypeError):
        Route((wrong,), ()).transform(EVENT)
