from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.model import Event, Json
from pipeline.transforms.conceal import address
from pipeline.transforms.mask import email, emails, mask, subject

SIZE = 100_000


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("mail from ada.l@example.com", "mail from ***@example.com"),
        ("<ada+x%y_z-1@mail.example.co.uk>", "<***@mail.example.co.uk>"),
        ("a@example.com,b@example.org", "***@example.com,***@example.org"),
        ("user=ada@example.com;", "user=***@example.com;"),
        ("jürgen@müller.de", "***@müller.de"),
        ("x" * 200 + "@example.com", "***@example.com"),
        ("ada@example.xn--p1ai", "***@example.xn--p1ai"),
        ("ssh root@web-1", "ssh root@web-1"),
        ("@example.com", "@example.com"),
        ("ada@", "ada@"),
        ("ada@.com", "ada@.com"),
        ("ada@1.2", "ada@1.2"),
        ("5 @ 3", "5 @ 3"),
        ("", ""),
    ],
)
def test_mask(text: str, expected: str) -> None:
    """The whole local part of an address is masked, its domain stays, and what is no address stays."""
    assert expected == mask(text)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (["a@b.de", {"c@d.de": "e@f.de"}], ["***@b.de", {"c@d.de": "***@f.de"}]),
        ([None, True, 7, 1.5], [None, True, 7, 1.5]),
    ],
)
def test_nested(value: Json, expected: Json) -> None:
    """Texts are masked at any depth; names, numbers and the rest stay."""
    assert expected == mask(value)


@pytest.mark.parametrize(
    ("before", "after"),
    [("10.1.2.3", "10.1.2.0"), ("of ada@b.de", "of ***@b.de"), ("orders/7", "orders/7"), (None, None)],
)
def test_subject(before: str | None, after: str | None) -> None:
    """What an event is about can say too much as well; one without a subject stays as it is."""
    event = Event("1", "//a", "log.v1", "t", {}, before)
    (masked,) = subject(email, address())(event)
    assert after == masked.subject
    assert (masked is event) is (before == after)


def test_emails() -> None:
    """A log's body and attributes are masked, nothing else of it."""
    data: dict[str, Json] = {"body": {"to": "a@b.de"}, "attributes": {"from": ["c@d.de"]}, "resource": {"x": "e@f.de"}}
    (event,) = emails(Event("1", "//a", "log.v1", "t", data))
    assert {
        "body": {"to": "***@b.de"},
        "attributes": {"from": ["***@d.de"]},
        "resource": {"x": "e@f.de"},
    } == event.data


def test_nothing_to_mask() -> None:
    """An event without an address is the same event."""
    event = Event("1", "//a", "log.v1", "t", {"body": "5 @ 3"})
    (same,) = emails(event)
    assert event is same


TEXTS = st.text('a@.b"\\', max_size=6) | st.just("ada@example.com")
VALUES = st.recursive(TEXTS | st.none() | st.integers(0, 9), lambda each: st.lists(each) | st.dictionaries(TEXTS, each))


@given(st.dictionaries(st.sampled_from(["body", "attributes", "resource"]), VALUES))
def test_every_address_of_a_log_is_masked(data: dict[str, Json]) -> None:
    """Whether a log holds an address is told at once, and told right."""
    (event,) = emails(Event("1", "//a", "log.v1", "t", data))
    assert {name: value if name == "resource" else mask(value) for name, value in data.items()} == event.data


@given(st.text(), st.text("abc.+é", min_size=1))
def test_no_address_is_left(around: str, local: str) -> None:
    """Wherever an address stands, its local part is gone."""
    assert f"{local}@example.com" not in str(mask(f"{around} {local}@example.com {around}"))


@pytest.mark.parametrize(
    "unit",
    ["a", "a.", "@", "a@", "@a.", "a" * 64 + "@", "é%", ("a" * 62 + ".") * 8 + "@", "@" + ("a" * 63 + ".") * 8 + "1"],
    ids=range(9),
)
def test_hostile_text(unit: str) -> None:
    """A text made to be slow takes no longer than any other: the bound is generous, a quadratic step is not in it."""
    text = (unit * (SIZE // len(unit) + 1))[:SIZE]
    started_at = time.process_time()
    mask(f"{text}@")
    mask(f"@{text}")
    assert time.process_time() - started_at < 1
