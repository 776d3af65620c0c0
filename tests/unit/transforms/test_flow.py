from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from pipeline.errors import Rejection, WrongDeclaration
from pipeline.transforms import compute, filter, flow, mask, parts, predicate, pseudonymise  # noqa: A004 - its name
from pipeline.transforms.cast import cast
from pipeline.transforms.parse.text import json_text
from pipeline.transforms.split import split
from pipeline.transforms.tag import tag
from tests.unit.transforms.outcome import after, an_event

if TYPE_CHECKING:
    from collections.abc import Callable

    from pipeline.model import Event, Json
    from pipeline.ports import Transform

IS_A = predicate.exists("/a")


@pytest.mark.parametrize(
    ("transform", "data", "expected"),
    [
        (flow.chain(split("/a"), split("/a")), {"a": [[1, 2], [3]]}, [{"a": 1}, {"a": 2}, {"a": 3}]),
        (flow.chain(filter.drop_if(IS_A), tag("t", at="/t")), {"a": 1}, []),
        (flow.when(IS_A, tag("t", at="/t")), {"a": 1}, [{"a": 1, "t": ["t"]}]),
        (flow.when(IS_A, tag("t", at="/t")), {"b": 1}, [{"b": 1}]),
        (flow.attempt(json_text("/a")), {"a": "{}"}, [{"a": {}}]),
        (flow.attempt(tag("t", at="/t"), json_text("/a")), {"a": "x"}, [{"a": "x"}]),
        (flow.attempt(json_text("/a"), otherwise=filter.drop_if(IS_A)), {"a": "x"}, []),
        (tag("x", "y", "x", at="/t"), {"t": ["y"]}, [{"t": ["y", "x"]}]),
        (tag("x", at="/t"), {"t": None}, [{"t": ["x"]}]),
        (tag("x", at="/t"), {"t": ["x"]}, [{"t": ["x"]}]),
    ],
)
def test_flow(transform: Transform, data: dict[str, Json], expected: list[Json]) -> None:
    """Steps run in order, for those events that they are for; a rejection within an attempt takes all of it back."""
    assert expected == after(transform, data)


def test_a_bug_is_no_rejection() -> None:
    """An attempt does not hide a bug."""

    def broken(event: Event) -> tuple[Event, ...]:
        raise ZeroDivisionError(event.id)

    with pytest.raises(ZeroDivisionError):
        flow.attempt(broken)(an_event({}))


def test_a_tag_where_no_list_is() -> None:
    """Nothing is lost for a tag."""
    with pytest.raises(Rejection, match="/t: it is text, not a list"):
        tag("x", at="/t")(an_event({"t": "x"}))


@pytest.mark.parametrize(
    ("make", "remedy"),
    [
        (flow.chain, "chain: no step is named"),
        (lambda: flow.chain(7), "steps has 7; set it to a function"),  # type: ignore[arg-type] # wrong on purpose
        (lambda: flow.when(7, len), "when: predicate has 7"),  # type: ignore[arg-type] # the same
        (lambda: flow.attempt(len, otherwise=7), "attempt: otherwise has 7"),  # type: ignore[arg-type] # the same
        (lambda: tag(at="/t"), "tag: no tag is named"),
        (lambda: tag("", at="/t"), "tag: tag is ''"),
        (lambda: filter.keep_if(7), "keep_if: predicate has 7"),  # type: ignore[arg-type] # the same
        (lambda: filter.drop_if(7), "drop_if: predicate has 7"),  # type: ignore[arg-type] # the same
        (lambda: filter.sample(1.5), "sample: share is 1.5; set it to a number from 0 to 1"),
        (lambda: filter.sample("1"), "sample: share is '1'"),  # type: ignore[arg-type] # the same
        (lambda: filter.sample(1, window_seconds=0), "sample: window_seconds is 0"),
        (lambda: filter.sample(1, salt="x" * 17), "sample: salt is"),
        (lambda: parts.limit(0, len, by="/a", per_seconds=1), "limit: most is 0"),  # type: ignore[arg-type] # the same
        (lambda: parts.limit(1, len, by="/a", per_seconds=0), "limit: per_seconds is 0"),  # type: ignore[arg-type] # the same
        (lambda: parts.distinct(by="/a"), "distinct: no step is named"),
        (lambda: predicate.equals("/a"), "equals: no value is named"),
        (lambda: predicate.equals("/a", object()), "equals: value is <object"),  # type: ignore[arg-type] # the same
        (lambda: predicate.between("/a"), "between: neither least nor below is set"),
        (lambda: predicate.contains("/a", ""), "contains: no text is named, or an empty one"),
        (lambda: predicate.contains("/a"), "contains: no text is named"),
        (lambda: predicate.not_(7), "not_: predicate has 7"),  # type: ignore[arg-type] # the same
        (lambda: compute.compute("/a", len), "compute: no field is named"),
        (lambda: compute.compute("/a", 7, "/b"), "compute: function has 7"),  # type: ignore[arg-type] # the same
        (mask.texts, "texts: nothing to conceal, or nowhere"),
        (mask.subject, "subject: nothing to conceal; name functions"),
        (lambda: mask.texts(mask.email, within="/a"), "texts: nothing to conceal, or nowhere"),
        (lambda: mask.texts(mask.email, within=()), "texts: nothing to conceal, or nowhere"),
        (mask.fields, "fields: no field is named"),
        (lambda: mask.fields(""), "fields: name is ''"),
        (lambda: pseudonymise.pseudonymise(keys={"a": bytes(32)}), "pseudonymise: no field is named"),
    ],
)
def test_wrong(make: Callable[[], object], remedy: str) -> None:
    """A setting that cannot be right fails when the transform is made, with the place and the remedy."""
    with pytest.raises(WrongDeclaration, match=rf"test_flow\.py:\d+: .*{remedy}"):
        make()


def test_several_results_of_an_attempt() -> None:
    """An attempt gives all that its steps make."""
    assert [{"a": 1}, {"a": 2}] == after(flow.attempt(split("/a"), cast("/a", "integer")), {"a": ["1", "2"]})
