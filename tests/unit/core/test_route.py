from __future__ import annotations

import copy
from typing import TYPE_CHECKING, Any

import pytest

from pipeline.core.encode import archive_line
from pipeline.core.route import Route, where
from pipeline.model import Event, Position, Record
from pipeline.testing.enrichment import Owner

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


def test_enrich() -> None:
    """Facts are put in place first, and the transforms after them see them."""

    def keep_owner(event: Event) -> Sequence[Event]:
        return (copy.replace(event, data={"to": event.data["owner"]}),)

    event, want = copy.replace(EVENT, data={"body": "a"}), Owner.want("a")
    route = Route((), (archive_line,), (Owner(),), (keep_owner, twice))
    assert [want] == list(route.wants(event))
    assert [("1a", {"to": "ada"}), ("1b", {"to": "ada"})] == [
        (each.id, each.data) for each in route.enrich(event, {want: "ada"})
    ]


@pytest.mark.parametrize(("is_true", "count"), [(True, 1), (False, 0)])
def test_where(is_true: bool, count: int) -> None:  # noqa: FBT001 - what the predicate answers
    """A destination is asked only for the events of which the predicate is true."""
    encode = where(lambda event: is_true and event is EVENT, archive_line)
    delivery = encode(Record(Position("s", "0", "1"), {}, 0.0), EVENT)
    assert count == len([delivery] if delivery else [])


@pytest.mark.parametrize(
    ("route", "fault"),
    [
        (Route((), (archive_line,), (Owner(),), (twice,)), None),
        (Route((), ()), "destinations are none; name at least one"),
        (Route((), (archive_line,), Owner()), "lookups is Owner"),  # type: ignore[arg-type] # the comma is forgotten
        (Route((), (archive_line,), (twice,)), "lookups[0] is <function twice"),  # type: ignore[arg-type] # what is wrong
        (Route((), (archive_line,), (), (Owner(),)), "then[0] is Owner"),  # type: ignore[arg-type] # the same
    ],
)
def test_fault(route: Route, fault: str | None) -> None:
    """What cannot be right is told by its place, with the remedy."""
    assert (fault or "None") in str(route.fault())
