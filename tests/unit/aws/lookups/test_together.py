from __future__ import annotations

from dataclasses import dataclass, field
from threading import Barrier
from typing import TYPE_CHECKING, Any

import pytest

from pipeline.aws.lookups.constants import Constants
from pipeline.aws.lookups.kind import Looked
from pipeline.aws.lookups.kinds import open_kinds
from pipeline.aws.lookups.together import Together
from pipeline.errors import Misconfiguration
from pipeline.model import Unavailable, Want
from tests.unit.aws.lookups.clock import Clock

if TYPE_CHECKING:
    from collections.abc import Iterable

    from pipeline.model import Json
    from pipeline.ports import Remaining

A1, A2, B1 = Want("a", "x", "1"), Want("a", "y", "2"), Want("b", "z", "1")


@dataclass
class Asked:
    """A kind that knows what it is told."""

    facts: dict[Want, Json | Unavailable] = field(default_factory=dict)
    stale: dict[str, str] = field(default_factory=dict)
    error: Exception | None = None
    beside: Barrier | None = None
    calls: list[list[Want]] = field(default_factory=list)
    left: list[float] = field(default_factory=list)

    def look_up(self, wants: Iterable[Want], remaining: Remaining) -> Looked:
        if self.beside is not None:
            self.beside.wait(30)
        self.calls.append([*wants])
        self.left.append(remaining())
        if self.error is not None:
            raise self.error
        return Looked(self.facts, self.stale)


@dataclass
class Told:
    """FactsReport: what it was told."""

    told: list[dict[str, Any]] = field(default_factory=list)

    def facts(self, **told: Any) -> None:  # noqa: ANN401 - the port's
        self.told.append(told)


def together(**kinds: Asked) -> tuple[Together, Told]:
    told = Told()
    return Together(kinds, told, Clock()), told


def test_one_fetch_of_each_kind() -> None:
    """All wants of a kind go in one call, whatever their names, in order."""
    a, b = Asked({A1: 1, A2: 2}), Asked({B1: 3})
    lookup, _ = together(a=a, b=b)
    assert {A1: 1, A2: 2, B1: 3} == lookup.fetch(frozenset({B1, A2, A1}), lambda: 60.0)
    assert ([[A1, A2]], [[B1]]) == (a.calls, b.calls)


def test_kinds_side_by_side() -> None:
    """No kind waits for another."""
    beside = Barrier(2)
    lookup, _ = together(a=Asked(beside=beside), b=Asked(beside=beside))
    assert {} == lookup.fetch(frozenset({A1, B1}), lambda: 60.0)


def test_a_kind_that_is_not_wanted() -> None:
    """It is not asked; and where nothing is wanted, nothing is told."""
    a, b = Asked(), Asked()
    lookup, told = together(a=a, b=b)
    lookup.fetch(frozenset({A1}), lambda: 60.0)
    assert ([[A1]], []) == (a.calls, b.calls)
    told.told.clear()
    assert {} == lookup.fetch(frozenset(), lambda: 60.0)
    assert [] == told.told


def test_a_third_of_the_time() -> None:
    """Lookups end in time for what comes after them, however long they would take."""
    a = Asked()
    lookup, _ = together(a=a)
    lookup.fetch(frozenset({A1}), lambda: 30.0)
    assert [pytest.approx(10.0)] == a.left


def test_told() -> None:
    """What was found and what was not is counted; what is out of reach or stale is named, with why, and no key."""
    lookup, told = together(a=Asked({A1: 1}, {"x": "SlowDown"}), b=Asked({B1: Unavailable("Throttling")}))
    lookup.fetch(frozenset({A1, A2, B1}), lambda: 60.0)
    (line,) = told.told
    assert {"wanted": 3, "found": 1, "unavailable": 1, "away": {"b z": "Throttling"}, "stale": {"x": "SlowDown"}} == {
        name: value for name, value in line.items() if name != "seconds"
    }


def test_denied() -> None:
    """What one kind may not do is raised, once all have ended."""
    b = Asked()
    lookup, _ = together(a=Asked(error=Misconfiguration("AccessDenied")), b=b)
    with pytest.raises(Misconfiguration, match="AccessDenied"):
        lookup.fetch(frozenset({A1, B1}), lambda: 60.0)
    assert [[B1]] == b.calls


def test_a_kind_that_nobody_knows() -> None:
    """It is a misconfiguration, before anything is asked."""
    a = Asked()
    lookup, _ = together(a=a)
    with pytest.raises(Misconfiguration, match="b cannot be looked up; this function knows a"):
        lookup.fetch(frozenset({A1, B1}), lambda: 60.0)
    assert [] == a.calls


def test_constants() -> None:
    """The deployment is known without a call."""
    want = Want("deployment", "", "")
    variables = {"STACK_NAME": "shop", "AWS_REGION": "eu-west-1", "ACCOUNT_ID": "1"}
    kinds = open_kinds({"deployment"}, None, variables.__getitem__)  # type: ignore[arg-type] # no client is used
    assert [Constants({"stage": "shop", "region": "eu-west-1", "account": "1"})] == [*kinds.values()]
    assert {want: {"stage": "shop", "region": "eu-west-1", "account": "1"}} == (
        kinds["deployment"].look_up([want], lambda: 0.0).facts
    )
