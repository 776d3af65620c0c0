from __future__ import annotations

import base64
import re
from typing import Any

import orjson
import pytest

from pipeline.errors import InputError, Rejection, Retryable, WrongDeclaration
from pipeline.lookups import pseudonymised
from pipeline.lookups.secret import keys_in
from pipeline.model import Unavailable, Want
from pipeline.transforms.pseudonymise import pseudonym
from tests.unit.lookups.facts import enriched
from tests.unit.transforms.outcome import an_event

K1, K2 = b"1" * 32, b"2" * 32
TURN = "2026-11-01T00:00:00Z"


def text(*keys: bytes | str, **rest: Any) -> str:  # noqa: ANN401 - JSON
    """A secret with the keys k1, k2 and so on."""
    written = [each if isinstance(each, str) else base64.b64encode(each).decode() for each in keys]
    return orjson.dumps({"keys": {f"k{n}": key for n, key in enumerate(written, 1)}, **rest}).decode()


ONE = keys_in(text(K1))


def test_pseudonyms() -> None:
    """Each field has its pseudonym by the keys that were found; the rest of the event stays."""
    lookup = pseudonymised("/user", "/a/b", keys="people", scope="s")
    assert [Want("secret", "people", "")] == list(lookup.wants(an_event({"user": "ada"})))
    assert {"user": pseudonym("ada", "k1", K1, "s"), "a": {"b": pseudonym(1, "k1", K1, "s")}, "c": 2} == enriched(
        lookup, {"user": "ada", "a": {"b": 1}, "c": 2}, ONE
    )


def test_rotation() -> None:
    """The event's own time says which key is used."""
    both = keys_in(text(K1, K2, since={"k2": TURN}))
    lookup = pseudonymised("/user", keys="people")
    assert {"user": pseudonym("ada", "k2", K2)} == enriched(lookup, {"user": "ada"}, both)
    later = keys_in(text(K1, K2, since={"k2": "2027-01-01T00:00:00Z"}))
    assert {"user": pseudonym("ada", "k1", K1)} == enriched(lookup, {"user": "ada"}, later)


@pytest.mark.parametrize("data", [{}, {"user": None}, {"other": "ada"}])
def test_nothing_to_pseudonymise(data: dict[str, Any]) -> None:
    """No keys are wanted."""
    lookup = pseudonymised("/user", keys="people")
    assert [] == list(lookup.wants(an_event(data)))
    assert data == enriched(lookup, data)


@pytest.mark.parametrize(("fact", "why"), [(Unavailable("Throttling"), "Throttling"), (None, "there are no keys")])
def test_without_keys(fact: Unavailable | None, why: str) -> None:
    """The event waits: it never passes as it is."""
    with pytest.raises(Retryable, match=f"secret people: {why}"):
        enriched(pseudonymised("/user", keys="people"), {"user": "ada"}, fact)


def test_what_has_no_pseudonym() -> None:
    """A list is rejected, as by the transform."""
    with pytest.raises(Rejection, match="/user: it is a list"):
        enriched(pseudonymised("/user", keys="people"), {"user": []}, ONE)


def test_nobody_is_shown_keys() -> None:
    """They are in no repr, and can be put into no JSON."""
    assert "Secret()" == repr(ONE) == str(ONE)
    with pytest.raises(TypeError):
        orjson.dumps({"x": ONE})


@pytest.mark.parametrize(
    ("secret", "why"),
    [
        ("", "it is none; write"),
        ("hunter2", "it is none; write"),
        ('{"keys": {}}', "it is none; write"),
        ('{"keys": ["hunter2"]}', "it is none; write"),
        ('{"k1": "hunter2"}', "it is none; write"),
        (text(K1, since="hunter2"), "since is no object of times"),
        (text(K1, since={"k1": 1}), "since is no object of times"),
        (text("hunter2!"), "a key is no base64"),
        (text("hünter2"), "a key is no base64"),
        (text(K1[:-1]), "a key is too short; give it 32 random bytes or more"),
        (text(K1, K2), "its keys are none"),
        (text(K1, since={"k1": TURN}), "its keys are none"),
        (text(K1, K2, since={"k2": "hunter2"}), "its keys are none"),
        (text(K1, K2, since={"hunter2": TURN}), "its keys are none"),
        (orjson.dumps({"keys": {"hunter2!": base64.b64encode(K1).decode()}}).decode(), "its keys are none"),
    ],
)
def test_what_is_no_secret(secret: str, why: str) -> None:
    """It is refused with the remedy, and nothing of what is in it, not even in a cause."""
    with pytest.raises(InputError, match=why) as caught:
        keys_in(secret)
    assert not re.search(r"h[uü]nter2|MTEx", str(caught.value))
    assert caught.value.__suppress_context__ or caught.value.__context__ is None


@pytest.mark.parametrize(
    ("settings", "why"),
    [
        ({"keys": ""}, "keys is ''; set it to"),
        ({"keys": "a b"}, "keys is 'a b'; set it to"),
        ({"keys": "ssm:"}, "keys is ''; set it to"),
        ({"keys": "a", "pointers": ()}, "no field is named"),
        ({"keys": "a", "pointers": ("x",)}, "'x' is no place in the data"),
    ],
)
def test_wrong_settings(settings: dict[str, Any], why: str) -> None:
    """They fail where they are declared."""
    with pytest.raises(WrongDeclaration, match=f"{re.escape(__file__)}:.*{re.escape(why)}"):
        pseudonymised(*settings.get("pointers", ("/user",)), keys=settings["keys"])
