from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from pipeline.aws.results import Results, latest_of
from pipeline.errors import Misconfiguration, Rejection, Retryable
from pipeline.testing.aws_errors import aws_error
from pipeline.testing.timeline import FakeTimeline

if TYPE_CHECKING:
    from pipeline.model import Image


def an_item(pk: str, order: str, **more: str) -> Image:
    names = {"pk": pk, "sk": "event", "timeline": "key", "timeline_order": order, "type": "log.v1", **more}
    return {name: {"S": value} for name, value in names.items()}


def results(table: FakeTimeline, *items: Image) -> Results:
    for each in items:
        table.put_item(TableName="results", Item=each)
    client: Any = table
    return Results(client, "results")


def test_all_pages_are_read() -> None:
    """`latest` and `history` go on over the pages of the service; `latest` ends at its limit."""
    items = [an_item(f"event#{n}", f"2026-{n}", id=str(n)) for n in range(5)]
    changes = [an_item(f"event#c{n}", f"0{n}", id=f"c{n}") for n in range(3)]
    found = results(FakeTimeline(page_items=2), *items, *changes)
    assert ["4", "3", "2", "1", "0"] == [each["id"] for each in found.latest("key")]
    assert ["4", "3", "2"] == [each["id"] for each in found.latest("key", limit=3)]
    assert ["c0", "c1", "c2", "0", "1", "2", "3", "4"] == [each["id"] for each in found.history("key")]


def test_nothing() -> None:
    """What is not there is None, or an empty list."""
    found = results(FakeTimeline())
    assert (None, None, []) == (found.event("x"), found.state("x"), found.latest("key"))


def test_a_time_that_is_none() -> None:
    """A range needs times with an offset."""
    with pytest.raises(Rejection, match="is not RFC 3339"):
        latest_of("key", since="2026-11-23")


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (aws_error("ThrottlingException"), Retryable),
        (aws_error("InternalServerError", 500), Retryable),
        (aws_error("AccessDeniedException"), Misconfiguration),
        (aws_error("ValidationException"), Misconfiguration),
    ],
)
def test_errors(error: Exception, expected: type[Exception]) -> None:
    """An error of the service is one of ours: it passes, or somebody must act."""
    with pytest.raises(expected):
        results(FakeTimeline(query_errors=[error])).latest("key")


def test_another_table() -> None:
    """A table that is not there is for somebody to act."""
    client: Any = FakeTimeline("another")
    with pytest.raises(Misconfiguration, match="ResourceNotFoundException"):
        Results(client, "results").event("x")
