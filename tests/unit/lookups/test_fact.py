from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.errors import Rejection, Retryable, WrongDeclaration
from pipeline.lookups import default, deployment, geoip, object_row, reference
from pipeline.lookups.fact import MAX_KEY_BYTES
from pipeline.model import Unavailable, Want
from tests.unit.lookups.facts import enriched, keys
from tests.unit.transforms.outcome import DATA, an_event, holds

if TYPE_CHECKING:
    from collections.abc import Callable

    from pipeline.model import Event, Json
    from pipeline.ports import Enrichment

AWAY = Unavailable("ThrottlingException")
ADA: Json = {"name": "ada"}


def customer(**settings: Any) -> Enrichment:  # noqa: ANN401 - those of the lookup
    return reference("/id", **{"table": "customers", "into": "/customer", **settings})


@pytest.mark.parametrize(
    ("lookup", "data", "wants"),
    [
        (customer(), {"id": "42"}, [Want("table", "customers", "42")]),
        (customer(), {"id": 42}, [Want("table", "customers", "42")]),
        (object_row("/a", name="a/b.csv", by="c d", into="/b"), {"a": "x"}, [Want("object", "a/b.csv#c d", "x")]),
        (geoip("/ip"), {"ip": "1.1.1.1"}, [Want("geoip", "geoip", "1.1.1.1")]),
        (deployment(into="/by"), {}, [Want("deployment", "", "")]),
    ],
)
def test_wants(lookup: Enrichment, data: dict[str, Json], wants: list[Want]) -> None:
    """A want has the kind and the name of its lookup, which say what is needed for it, and what it is looked up by."""
    assert wants == list(lookup.wants(an_event(data)))
    assert {(lookup.kind, lookup.name)} == {(each.kind, each.name) for each in wants}


@pytest.mark.parametrize("data", [{}, {"id": None}, {"id": ""}, {"id": "x" * (MAX_KEY_BYTES + 1)}])
def test_nothing_to_look_up_by(data: dict[str, Json]) -> None:
    """What is absent, null, empty, or longer than any key there is, costs no call, and leaves the event as it is."""
    assert [] == keys(customer(), data)
    assert data == enriched(customer(), data)


def test_the_longest_key() -> None:
    """The bound is in bytes."""
    assert 1 == len(keys(customer(), {"id": "é" * (MAX_KEY_BYTES // 2)}))
    assert [] == keys(customer(), {"id": "é" * (MAX_KEY_BYTES // 2 + 1)})


@pytest.mark.parametrize("value", [True, 1.5, [], {}])
def test_what_nothing_is_looked_up_by(value: Json) -> None:
    """It is rejected, with its place and nothing of the value."""
    with pytest.raises(Rejection, match=r"rejected_by_transform: /id: it is .* text or a whole number"):
        keys(customer(), {"id": value})


def test_out_of_reach() -> None:
    """A fact that the event cannot be without is waited for; one that it can leaves a mark that people find."""
    with pytest.raises(Retryable, match="table customers: ThrottlingException"):
        enriched(customer(), {"id": 1}, AWAY)
    assert {"id": 1, "customer": {"unavailable": "customers"}} == enriched(customer(optional=True), {"id": 1}, AWAY)
    place = geoip("/ip", into="/at", optional=True)
    marked = {"ip": "1.1.1.1", "at": {"b": 1, "geo.unavailable": "geoip"}}
    assert marked == enriched(place, {"ip": "1.1.1.1", "at": {"b": 1}}, AWAY)


@pytest.mark.parametrize("optional", [False, True])
def test_no_such_fact(optional: bool) -> None:  # noqa: FBT001 - a table of cases
    """It is left, rejected or replaced, as declared; whether the lookup may be out of reach is another matter."""
    assert {"id": 1} == enriched(customer(optional=optional), {"id": 1})
    none = {"id": 1, "customer": {"tier": "none"}}
    assert none == enriched(customer(missing=default({"tier": "none"}), optional=optional), {"id": 1})
    with pytest.raises(Rejection, match="rejected_by_transform: table customers: there is no such fact"):
        enriched(customer(missing="reject", optional=optional), {"id": 1})


def test_something_in_the_way() -> None:
    """Where the fact cannot be put, the event is rejected."""
    with pytest.raises(Rejection, match="/customer: it is text, so nothing can be put into it"):
        enriched(customer(into="/customer/row"), {"id": 1, "customer": "ada"}, ADA)


def test_spread_over_something_else() -> None:
    """What is no object gives way to the attributes."""
    assert {"ip": "1.1.1.1", "at": {"x": 1}} == enriched(geoip("/ip", into="/at"), {"ip": "1.1.1.1", "at": 3}, {"x": 1})


@pytest.mark.parametrize(
    ("make", "what"),
    [
        (lambda: customer(table=""), "table is ''; set it to 1 to 128 of"),
        (lambda: customer(table="a#b"), "table is 'a#b'"),
        (lambda: customer(table="../a"), "table is '../a'"),
        (lambda: customer(table=3), "table is '3'"),
        (lambda: customer(into="customer"), "'customer' is no place in the data"),
        (lambda: customer(missing="rejct"), 'missing is \'rejct\'; set it to "leave", "reject" or default(…)'),
        (lambda: customer(optional=1), "optional is 1; set it to True or False"),
        (lambda: reference("id", table="a", into="/b"), "'id' is no place in the data"),
        (lambda: object_row("/a", name="a b", by="c", into="/b"), "name is 'a b'"),
        (lambda: object_row("/a", name="a", by="", into="/b"), "by is ''; set it to text of 1 to 256 characters"),
        (lambda: geoip("/a", name="/x"), "name is '/x'"),
        (lambda: default({1}), "the default is {1}; set it to a value of JSON"),  # type: ignore[arg-type] # it is wrong
    ],
)
def test_wrong_settings(make: Callable[[], object], what: str) -> None:
    """They fail where they are declared, with the remedy."""
    with pytest.raises(WrongDeclaration, match=f"{re.escape(__file__)}:.*{re.escape(what)}"):
        make()


@given(DATA, st.sampled_from(["absent", "away", "there"]))
def test_whatever_the_data(data: dict[str, Json], state: str) -> None:
    """It ends in an event or a rejection, and what came in stays as it was."""
    fact: Json | Unavailable = {"absent": None, "away": AWAY, "there": ADA}[state]  # type: ignore[assignment] # mixed
    for lookup in (customer(optional=True), geoip("/a", into="/b", optional=True)):

        def transform(event: Event, lookup: Enrichment = lookup) -> list[Event]:
            return [lookup.enrich(event, {} if fact is None else dict.fromkeys(lookup.wants(event), fact))]

        holds(transform, data)
