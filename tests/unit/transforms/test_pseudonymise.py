from __future__ import annotations

import hashlib
import hmac
from base64 import urlsafe_b64encode
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.errors import Rejection, WrongDeclaration
from pipeline.transforms.pseudonymise import pseudonym, pseudonymise
from tests.unit.transforms.outcome import DATA, POINTERS, after, an_event, holds, rejected

if TYPE_CHECKING:
    from pipeline.model import Json

K1, K2 = b"1" * 32, b"2" * 40
TURN = "2026-12-01T00:00:00+01:00"
ROTATED = pseudonymise("/u", keys={"k2": K2, "k1": K1}, since={"k2": TURN})


def test_what_it_is() -> None:
    """A pseudonym is the key's id and the HMAC-SHA-256 of scope and value in JSON."""
    expected = urlsafe_b64encode(hmac.new(K1, b'["s","ada"]', hashlib.sha256).digest()).decode().rstrip("=")
    assert f"k1:{expected}" == pseudonym("ada", "k1", K1, "s")
    assert [{"u": f"k1:{expected}"}] == after(pseudonymise("/u", keys={"k1": K1}, scope="s"), {"u": "ada"})


def test_what_is_told_apart() -> None:
    """Another value, type, scope or key has another pseudonym; the same has the same, in whatever field."""
    made = {pseudonym(value, "k", key, scope) for value in ("1", 1, True) for key in (K1, K2) for scope in ("", "s")}
    assert 12 == len(made)
    (data,) = after(pseudonymise("/a", "/b/c", "/d", keys={"k": K1}), {"a": "x", "b": {"c": "x"}, "d": None})
    assert {"a": data["a"], "b": {"c": data["a"]}, "d": None} == data


@pytest.mark.parametrize(
    ("time", "key_id"),
    [
        ("2026-11-30T22:59:59Z", "k1"),
        ("2026-11-30T23:00:00Z", "k2"),
        ("2026-12-01T00:00:00+01:00", "k2"),
        ("0001-01-01T00:00:00Z", "k1"),
        ("9999-12-31T00:00:00Z", "k2"),
    ],
)
def test_rotation(time: str, key_id: str) -> None:
    """The event's own time says which key is used, so that a replay has the same pseudonym."""
    (event,) = ROTATED(an_event({"u": "ada"}, time=time))
    assert pseudonym("ada", key_id, {"k1": K1, "k2": K2}[key_id]) == event.data["u"]


def test_rotation_without_a_time() -> None:
    """With several keys an event needs a time; with one it does not."""
    with pytest.raises(Rejection, match="time_invalid"):
        ROTATED(an_event({"u": "ada"}, time="now"))
    assert pseudonymise("/u", keys={"k": K1})(an_event({"u": "ada"}, time="now"))


@pytest.mark.parametrize("value", [[], {}, ["ada"]])
def test_rejections(value: Json) -> None:
    """A list or an object has no pseudonym."""
    assert "is of text or a number" in rejected(pseudonymise("/u", keys={"k": K1}), {"u": value})


@pytest.mark.parametrize(
    ("keys", "since", "remedy"),
    [
        ({}, None, "one key, the first, is used from the beginning"),
        ({"a": K1, "b": K2}, None, "set `since` of each other key"),
        ({"a": K1}, {"a": TURN}, "one key, the first"),
        ({"a": K1}, {"b": TURN}, "since has 'b', of which there is no key"),
        ({"a": b"secret" * 5}, None, "the key 'a' is too short"),
        ({"a": "secret" * 10}, None, "the key 'a' is too short, or no bytes"),
        ({"a:b": K1}, None, "key id 'a:b' is none"),
        ({"a": K1, "b": K2}, {"b": "tomorrow"}, "since has 'tomorrow'; write RFC 3339"),
        ({"a": K1, "b": K2, "c": K1}, {"b": TURN, "c": TURN}, "two keys are used since the same time"),
    ],
)
def test_wrong(keys: dict[str, bytes], since: dict[str, str] | None, remedy: str) -> None:
    """A key or a schedule that cannot be right fails when the transform is made, without a word of the key."""
    with pytest.raises(WrongDeclaration, match=remedy) as caught:
        pseudonymise("/u", keys=keys, since=since)
    assert "secret" not in str(caught.value)


def test_keys_are_not_shown() -> None:
    """A transform does not show its keys."""
    assert "111" not in repr(pseudonymise("/u", keys={"k": K1}))


@given(DATA, st.sampled_from(POINTERS))
def test_whatever_the_data(data: dict[str, Json], pointer: str) -> None:
    """Any data end in events or a rejection, twice the same, and are left as they were."""
    holds(pseudonymise(pointer, "/a", keys={"k1": K1, "k2": K2}, since={"k2": TURN}), data)
