"""What comes of a transform, for tables of cases; and what holds of every transform, whatever the data."""

from __future__ import annotations

import copy
import sys
import time
from typing import TYPE_CHECKING

from hypothesis import strategies as st

from pipeline.errors import Rejection
from pipeline.model import Event

if TYPE_CHECKING:
    from collections.abc import Callable

    from pipeline.model import Json
    from pipeline.ports import Transform

NAMES = st.sampled_from(["a", "b", "0", "1", "a.b", "", "a/b", "~"]) | st.text(max_size=3)
NUMBERS = st.integers(-(2**63), 2**63 - 1) | st.floats(allow_nan=False, allow_infinity=False)
TEXTS = st.text(max_size=8) | st.sampled_from(
    ["2026-11-23T10:00:00Z", "a=1 b=2", '{"a": 1}', "10.0.0.1", "::1", "https://u:p@x.de:1/a?b=c", "12", "-1.5", "true"]
)
VALUES: st.SearchStrategy[Json] = st.recursive(
    st.none() | st.booleans() | NUMBERS | TEXTS,
    lambda each: st.lists(each, max_size=4) | st.dictionaries(NAMES, each, max_size=4),
    max_leaves=12,
)
DATA = st.dictionaries(NAMES, VALUES, max_size=4)
MOST_CHARACTERS = 5_000
POINTERS = ["/a", "/b", "/a/b", "/a/0", "/b/1/a", "/a.b", "/0", "/", "/a~1b", "/~0"]


def an_event(data: dict[str, Json], *, id: str = "1", time: str = "2026-11-23T10:00:00Z") -> Event:  # noqa: A002 - its name
    return Event(id, "//a", "log.v1", time, data, "s")


def after(transform: Transform, data: dict[str, Json]) -> list[dict[str, Json]]:
    """The data of each event that comes out."""
    return [each.data for each in transform(an_event(data))]


def rejected(transform: Transform, data: dict[str, Json]) -> str:
    """The reason and the detail of the rejection; "" when there is none."""
    try:
        transform(an_event(data))
    except Rejection as rejection:
        return str(rejection)
    return ""


def holds(transform: Transform, data: dict[str, Json]) -> None:
    """It ends in events or a rejection of few words, always in the same, and leaves what came in as it was."""
    before = copy.deepcopy(data)
    outcomes = [_outcome(transform, data), _outcome(transform, copy.deepcopy(data))]
    assert repr(before) == repr(data)
    assert outcomes[0] == outcomes[1]
    assert len(outcomes[0]) < MOST_CHARACTERS


def _outcome(transform: Transform, data: dict[str, Json]) -> str:
    try:
        events = transform(an_event(data))
    except Rejection as rejection:
        return str(rejection)
    assert len({each.id for each in events}) == len(events)
    return repr(events)


def steps(transform: Transform, data: dict[str, Json]) -> int:
    """How many lines of Python are run for it: what does not depend on the machine."""
    count = 0

    def trace(*_: object) -> object:
        nonlocal count
        count += 1
        return trace

    before = sys.gettrace()
    sys.settrace(trace)  # type: ignore[arg-type] # it takes the frame, the event and the argument
    try:
        _outcome(transform, data)
    finally:
        sys.settrace(before)
    return count


def is_linear(run: Callable[[int], object], size: int) -> bool:
    """Whether eight times the input takes far less than the 64 times of a quadratic step: the least of five tries."""
    small, large = _least_seconds(run, size), _least_seconds(run, 8 * size)
    return large < 25 * small + 0.002


def _least_seconds(run: Callable[[int], object], size: int) -> float:
    spans = []
    for _ in range(5):
        started_at = time.process_time()
        run(size)
        spans.append(time.process_time() - started_at)
    return min(spans)
