from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.errors import Rejection
from pipeline.model import Event, Json
from pipeline.transforms.filter import drop_below, drop_if, keep_if, sample
from pipeline.transforms.parts import distinct, limit
from pipeline.transforms.predicate import all_of, any_of, between, contains, equals, exists, not_
from pipeline.transforms.split import split
from pipeline.transforms.tag import tag
from tests.unit.transforms.outcome import DATA, POINTERS, after, an_event, holds, rejected, steps

if TYPE_CHECKING:
    from pipeline.ports import Transform
    from pipeline.transforms.predicate import Predicate


@pytest.mark.parametrize(
    ("data", "kept"),
    [
        ({"severity_number": 4}, False),
        ({"severity_number": 5}, True),
        ({"severity_number": 24}, True),
        ({"severity_number": None}, True),
        ({"body": "x"}, True),
    ],
)
def test_drop_below(data: dict[str, Json], *, kept: bool) -> None:
    """Lower severities are dropped; the threshold and whatever has no number stay."""
    event = Event("1", "//a", "log.v1", "t", data)
    assert ((event,) if kept else ()) == drop_below(5)(event)


@pytest.mark.parametrize(
    ("predicate", "true", "false"),
    [
        (exists("/a/b"), [{"a": {"b": None}}], [{"a": 1}, {}]),
        (equals("/a", 1, "x", None), [{"a": 1}, {"a": 1.0}, {"a": "x"}, {"a": None}], [{"a": True}, {"a": "1"}, {}]),
        (equals("/a", *[False]), [{"a": False}], [{"a": 0}]),
        (equals("/a", {"b": [1]}), [{"a": {"b": [1]}}], [{"a": {}}]),
        (between("/a", 2, 5), [{"a": 2}, {"a": 4.9}], [{"a": 5}, {"a": 1}, {"a": "3"}, {"a": True}, {}]),
        (between("/a", below=1), [{"a": 0}], [{"a": 1}]),
        (between("/a", 1), [{"a": 1}], [{"a": 0}, {"a": False}]),
        (contains("/a", "xy", "z"), [{"a": "axyb"}, {"a": ["z", 1]}], [{"a": "x"}, {"a": ["axyb"]}, {"a": 1}, {}]),
        (not_(exists("/a")), [{}], [{"a": 1}]),
        (all_of(exists("/a"), exists("/b")), [{"a": 1, "b": 1}], [{"a": 1}, {}]),
        (any_of(exists("/a"), exists("/b")), [{"a": 1}], [{}]),
    ],
)
def test_predicates(predicate: Predicate, true: list[dict[str, Json]], false: list[dict[str, Json]]) -> None:
    """What is asked is answered of any data; keep_if and drop_if are each other's opposite."""
    for data, expected in [*((each, True) for each in true), *((each, False) for each in false)]:
        assert expected is predicate(an_event(data))
        assert ([data] if expected else []) == after(keep_if(predicate), data)
        assert ([] if expected else [data]) == after(drop_if(predicate), data)


def test_share() -> None:
    """About the share stays, and all or nothing at the ends."""
    events = [an_event({}, id=str(each)) for each in range(4_000)]
    kept = [len([event for event in events if sample(share)(event)]) for share in (0, 0.25, 1)]
    assert [0, 4_000] == [kept[0], kept[2]]
    assert 850 < kept[1] < 1_150


def test_by_key() -> None:
    """All events of a key have the same fate, whatever their ids; one without the key stays."""
    transform = sample(0.5, by="/k")
    fates = {(key, len(transform(an_event({"k": key}, id=str(each))))) for key in range(50) for each in range(20)}
    assert 50 == len(fates)
    assert {0, 1} == {fate for _, fate in fates}
    assert [{"x": 1}] == after(transform, {"x": 1})


def test_window() -> None:
    """A key has one fate within a window of the event's own time, and another chance in the next."""
    transform = sample(0.5, by="/k", window_seconds=60)

    def fate(minute: int, second: int) -> int:
        return len(transform(an_event({"k": 1}, time=f"2026-11-23T11:{minute:02}:{second:02}+01:00")))

    assert {1} == {len({fate(minute, second) for second in range(0, 60, 7)}) for minute in range(20)}
    assert {0, 1} == {fate(minute, 0) for minute in range(20)}
    with pytest.raises(Rejection, match="time_invalid"):
        transform(an_event({"k": 1}, time="now"))


def test_salt() -> None:
    """Two samples in a row are independent when they have another salt, and the same when not."""
    kept = [an_event({}, id=str(each)) for each in range(2_000) if sample(0.5)(an_event({}, id=str(each)))]
    assert len(kept) == sum(len(sample(0.5)(event)) for event in kept)
    assert 400 < sum(len(sample(0.5, salt="2")(event)) for event in kept) < 600


@pytest.mark.parametrize(
    ("transform", "data", "expected"),
    [
        (distinct(split("/a"), by="/a"), {"a": [1, 2, 1, "1", 2]}, [1, 2, "1"]),
        (distinct(split("/a"), by="/a"), {"a": [{"x": 1, "y": 2}, {"y": 2, "x": 1}]}, [{"x": 1, "y": 2}]),
        (distinct(split("/a"), by="/b"), {"a": [1, 1]}, [1, 1]),
        (distinct(tag("x", at="/t"), by="/a"), {"a": 1}, [1]),
        (limit(2, split("/a"), by="/b", per_seconds=60), {"a": [1, 2, 3], "b": "k"}, [1, 2]),
        (limit(2, split("/a"), by="/a", per_seconds=60), {"a": [1, 2, 1, 1]}, [1, 2, 1]),
        (limit(1, split("/a"), by="/c", per_seconds=60), {"a": [1, 2]}, [1, 2]),
    ],
)
def test_parts(transform: Transform, data: dict[str, Json], expected: list[Json]) -> None:
    """Of what one record became, the first of each key stay, in order; what has no key stays."""
    assert expected == [each["a"] for each in after(transform, data)]


def test_parts_have_their_own_time() -> None:
    """A limit counts in windows of each part's own time."""

    def hours(event: Event) -> list[Event]:
        return [an_event(event.data, id=str(each), time=f"2026-11-23T{each // 2:02}:00:00Z") for each in range(6)]

    kept = limit(1, hours, by="/k", per_seconds=3600)(an_event({"k": 1}))
    assert ["0", "2", "4"] == [each.id for each in kept]


def test_a_limit_without_a_time() -> None:
    """What has no time cannot be counted in windows, and is rejected."""
    with pytest.raises(Rejection, match="time_invalid"):
        limit(1, split("/a"), by="/a", per_seconds=1)(an_event({"a": [1]}, time="now"))


@given(DATA, st.sampled_from(POINTERS), st.sampled_from(POINTERS))
def test_whatever_the_data(data: dict[str, Json], pointer: str, other: str) -> None:
    """Any data end in events or a rejection, twice the same, and are left as they were."""
    holds(sample(0.5, by=pointer, window_seconds=60), data)
    holds(keep_if(any_of(equals(pointer, 1), contains(pointer, "a"), between(other, 0))), data)
    holds(distinct(split(pointer), by=other), data)
    holds(limit(1, split(pointer), by=other, per_seconds=60), data)
    holds(tag("x", at=pointer), data)


def test_steps() -> None:
    """Eight times the parts take about eight times the steps."""
    transform = limit(3, split("/a"), by="/a", per_seconds=60)
    small, large = (steps(transform, {"a": [each % 7 for each in range(size)]}) for size in (100, 800))
    assert large < 10 * small
    assert "" == rejected(transform, {"a": [1]})
