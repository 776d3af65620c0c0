from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.errors import WrongDeclaration
from pipeline.transforms.conceal import address, card, is_luhn, secret
from pipeline.transforms.mask import email, fields, mask, texts
from tests.unit.transforms.outcome import DATA, POINTERS, after, an_event, holds, is_linear

if TYPE_CHECKING:
    from collections.abc import Callable

    from pipeline.model import Json

VISA = "4111111111111111"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (VISA, "***1111"),
        ("4111 1111 1111 1111", "***1111"),
        ("4111-1111-1111-1111.", "***1111."),
        ("card=4111111111111111;x", "card=***1111;x"),
        ("378282246310005 3782 822463 10005", "***0005 ***0005"),
        ("4222222222222", "***2222"),
        ("2235 4111 1111 1111 1111", "2235 ***1111"),
        ("4111 1111 1111 1112", "4111 1111 1111 1112"),
        ("4111 1111-1111 1111", "4111 1111-1111 1111"),
        ("1764000000000000", "1764000000000000"),
        ("41111111111111111111", "41111111111111111111"),
        ("a4111111111111111b", "a4111111111111111b"),
        ("0.4111111111111111", "0.4111111111111111"),
        ("\u0664" * 16, "\u0664" * 16),
        ("", ""),
    ],
)
def test_card(text: str, expected: str) -> None:
    """A card number keeps its last four digits; any other number stays."""
    assert expected == card(text)


@given(st.text(max_size=8), st.integers(10**14, 10**15 - 1), st.sampled_from(["", " ", "-"]))
def test_every_card_is_found(around: str, number: int, separator: str) -> None:
    """Wherever a number with a right check digit stands, it is gone."""
    digits = "4" + str(number)[1:]
    digits = next(f"{digits}{last}" for last in range(10) if is_luhn([int(each) for each in f"{digits}{last}"]))
    printed = separator.join(digits[at : at + 4] for at in range(0, 16, 4))
    assert printed not in card(f"{around} ({printed}) {around}")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("key AKIAIOSFODNN7EXAMPLE used", "key *** used"),
        ("ghp_" + "a" * 36, "***"),
        ("github_pat_" + "a" * 22, "***"),
        ("glpat-" + "a" * 20, "***"),
        ("xoxb-1234567890-abc", "***"),
        ("sk_live_" + "a" * 24, "***"),
        ("AIza" + "a" * 35, "***"),
        ("eyJhbGciOi.eyJzdWIiOi.abc-_", "***"),
        ("Authorization: Bearer abcdefgh.ij", "Authorization: Bearer ***"),
        ("authorization=basic dXNlcjpwYXNz", "authorization=basic ***"),
        ('{"password": "a b, c", "x": 1}', '{"password": ***, "x": 1}'),
        ("PASSWORD='a b' user=x", "PASSWORD=*** user=x"),
        ("db_pwd: hunter2, api-key=k&x=1", "db_pwd: ***, api-key=***&x=1"),
        ("https://eve:hunter2@x.de/?a@b", "https://eve:***@x.de/?a@b"),
        ("redis://:hunter2@x", "redis://:***@x"),
        (
            "a -----BEGIN RSA PRIVATE KEY-----\nMII-x\n-----END RSA PRIVATE KEY----- b",
            "a -----BEGIN RSA PRIVATE KEY-----*** b",
        ),
        ("-----BEGIN PRIVATE KEY-----\nMII cut", "-----BEGIN PRIVATE KEY-----***"),
        ("-----BEGIN CERTIFICATE-----\nMII", "-----BEGIN CERTIFICATE-----\nMII"),
        ("the token is gone, http://x.de", "the token is gone, http://x.de"),
        ("a basic need", "a basic need"),
        ("", ""),
    ],
)
def test_secret(text: str, expected: str) -> None:
    """What is a key or a password by its form is gone; what is said of it stays."""
    assert expected == secret(text)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("10.1.2.3", "10.1.2.0"),
        ("from 10.1.2.3:8080, 192.168.200.255", "from 10.1.2.0:8080, 192.168.200.0"),
        ("client:10.1.2.3", "client:10.1.2.0"),
        ("999.1.2.3", "255.1.2.0"),
        ("1.2.3.4.5", "1.2.3.4.5"),
        ("10.1.2", "10.1.2"),
        ("2001:DB8:1:2::3", "2001:db8:1::"),
        ("[2001:db8:1:2::3]:80", "[2001:db8:1::]:80"),
        ("client:2001:db8:1:2::3", "client:2001:db8:1::"),
        ("::ffff:10.1.2.3", "::ffff:10.1.2.0"),
        ("fe80::1%eth0", "fe80::%eth0"),
        ("at 10:00:00 std::vector a:b", "at 10:00:00 std::vector a:b"),
        ("10:00:00:10.1.2.3", "10:00:00:10.1.2.0"),
        ("", ""),
    ],
)
def test_address(text: str, expected: str) -> None:
    """Of an address the network stays, wherever it stands; what is none stays."""
    assert expected == address()(text)


@given(st.ip_addresses(), st.integers(0, 32), st.integers(0, 128))
def test_every_address(ip: object, v4: int, v6: int) -> None:
    """Of every address the first bits stay, and truncated twice it is the same."""
    conceal = address(v4, v6)
    once = conceal(str(ip))
    assert once == conceal(once)


def test_whole_addresses() -> None:
    """All bits and none are bounds like others; what is beyond them fails when it is declared."""
    assert "10.1.2.3 ::1" == address(32, 128)("10.1.2.3 ::1")
    assert "0.0.0.0 ::" == address(0, 0)("10.1.2.3 2001::1")
    for v4, v6 in ((33, 48), (24, 129)):
        with pytest.raises(WrongDeclaration, match=r"address: v[46] is"):
            address(v4, v6)


@pytest.mark.parametrize(
    ("within", "data", "expected"),
    [
        (["/a"], {"a": ["x@y.de", {"x@y.de": VISA}]}, {"a": ["***@y.de", {"x@y.de": "***1111"}]}),
        ([""], {"a": int(VISA), "b": [1, 1.5, None, True]}, {"a": "***1111", "b": [1, 1.5, None, True]}),
        (["/a", "/b/c"], {"b": {"c": "x@y.de", "d": "x@y.de"}}, {"b": {"c": "***@y.de", "d": "x@y.de"}}),
    ],
)
def test_texts(within: list[str], data: dict[str, Json], expected: dict[str, Json]) -> None:
    """Texts and integers are concealed at any depth of the fields that are named, nowhere else."""
    assert [expected] == after(texts(email, card, within=within), data)


def test_what_holds_nothing_is_the_same() -> None:
    """An event without anything to conceal is the same event, and what is not touched is shared."""
    event = an_event({"a": ["x", {"b": 10**13}], "c": {"d": "x@y.de"}})
    assert event is texts(card)(event)[0]
    assert event is fields("e")(event)[0]
    assert event.data["a"] is texts(email)(event)[0].data["a"]
    assert event.data["a"] is fields("d")(event)[0].data["a"]


def test_fields() -> None:
    """A field is concealed by its name in any case, with all that it holds, in lists too."""
    data: dict[str, Json] = {"Token": {"a": 1}, "b": [{"token": None}, 1], "tokens": 1}
    assert [{"Token": "***", "b": [{"token": "***"}, 1], "tokens": 1}] == after(fields("TOKEN"), data)


@given(DATA, st.sampled_from(POINTERS))
def test_whatever_the_data(data: dict[str, Json], pointer: str) -> None:
    """Any data end in events or a rejection, twice the same, and are left as they were."""
    holds(texts(email, card, secret, address(), within=[pointer]), data)
    holds(texts(address(), secret), data)
    holds(fields("a", "b"), data)


PIECES = st.sampled_from(
    ["4111111111111111", "ada@b.de", "token=", "x", " ", "10.1.2.3", "::1", "a:b", ".", "***", "AKIAIOSFODNN7EXAMPLE",
     "bearer ", "12345678", "://a:", "@", "-----BEGIN PRIVATE KEY-----", "-----END PRIVATE KEY-----", "=", "\0", "\n"]
)  # fmt: skip


@given(st.lists(st.lists(PIECES, max_size=4).map("".join), min_size=1, max_size=4), st.booleans())
def test_many_texts_at_once(values: list[str], is_nested: bool) -> None:  # noqa: FBT001 - drawn
    """They become what each of them becomes alone, whatever stands beside it."""
    data: dict[str, Json] = {"a": [*values]} if is_nested else named(values)
    for conceal in (card, secret, address(), email, str.upper):
        assert [mask(data, conceal)] == after(texts(conceal), data)


def named(values: list[str]) -> dict[str, Json]:
    """Each under a name of its own, the last one deeper."""
    *above, last = values
    return {**{str(number): each for number, each in enumerate(above)}, "deep": {"er": [last, 4111111111111111]}}


UNITS = [
    "4",
    "4 ",
    "41111",
    "4111 ",
    "a.",
    "1.",
    ":",
    "a:",
    "://",
    "://a:",
    "@",
    "eyJaaaaaa.",
    "-eyJ",
    "token=",
    'token="',
    "bearer ",
    "-----BEGIN PRIVATE KEY-----",
    "xoxb-",
]


@pytest.mark.parametrize("conceal", [card, secret, address(), email], ids=["card", "secret", "address", "email"])
def test_hostile_text(conceal: Callable[[str], str]) -> None:
    """A text made to be slow takes time in proportion to its length."""
    for unit in UNITS:
        assert is_linear(lambda size, unit=unit: conceal((unit * size)[: 4 * size]), 1_000), unit  # type: ignore[misc] # it is called at once
