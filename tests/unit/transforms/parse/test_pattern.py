from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.errors import WrongDeclaration
from pipeline.transforms.parse.pattern import MAX_CHARACTERS, pattern
from pipeline.transforms.parse.pattern_check import Unsafe, check
from pipeline.transforms.parse.pattern_names import NAMES
from tests.unit.transforms.outcome import DATA, after, holds, is_linear, rejected

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pipeline.model import Json

ACCESS = (
    r"%{IPORHOST:client} %{USER:ident} %{USER:user} \[%{HTTPDATE:time}\] "
    r'"%{DATA:request}" %{INT:status:integer} (?:%{INT:size:integer}|-) "%{DATA:referer}" "%{DATA:agent}"'
)
UUID = "01234567-89ab-cdef-0123-456789abcdef"
LINE = '10.0.0.1 - eve [23/Nov/2026:10:00:00 +0000] "GET /a?b=1 HTTP/1.1" 200 {} "-" "a b"'


@pytest.mark.parametrize(
    ("form", "text", "expected"),
    [
        (
            ACCESS,
            LINE.format(512),
            {
                "client": "10.0.0.1",
                "ident": "-",
                "user": "eve",
                "time": "23/Nov/2026:10:00:00 +0000",
                "request": "GET /a?b=1 HTTP/1.1",
                "status": 200,
                "size": 512,
                "referer": "-",
                "agent": "a b",
            },
        ),
        ("%{DATA:a} took %{NUMBER:b:number}ms", "the task took off took 1.5ms", None),
        ("%{DATA:a} took %{NUMBER:b:number}ms", "the t took 1.5ms", {"a": "the t", "b": 1.5}),
        (r"\[%{DATA:a}\]", "[x y]", {"a": "x y"}),
        (r"%{DATA:a}\.%{DATA:b}", "x.y.z\n", {"a": "x", "b": "y.z\n"}),
        (r"%{DATA:a}tx?", "aatx", {"a": "aa"}),
        (r"%{DATA:a}tx?", "atat", None),
        ("%{WORD} %{GREEDYDATA:rest}", "x y\nz", {"rest": "y\nz"}),
        ("%{WORD:a}(?:=%{INT:b})?", "x", {"a": "x"}),
        ("%{WORD:user.name}", "x", {"user.name": "x"}),
        ("%{WORD:a}", "x y", None),
        ("%{WORD:a}", "", None),
        ("%{LOGLEVEL:a}: %{GREEDYDATA:b}", "Warning: x", {"a": "Warning", "b": "x"}),
        ("%{IP:a}", "::ffff:10.0.0.1", {"a": "::ffff:10.0.0.1"}),
        ("%{IPORHOST:a}", "2001:db8::1", {"a": "2001:db8::1"}),
        ("%{IPORHOST:a}:%{POSINT:b}", "shop.example:80", {"a": "shop.example", "b": "80"}),
        ("%{SYSLOGTIMESTAMP:a} %{HOSTNAME:b}", "Nov  3 10:00:00 web-1", {"a": "Nov  3 10:00:00", "b": "web-1"}),
        ("%{TIMESTAMP_ISO8601:a}", "2026-11-23T10:00:00,123+0100", {"a": "2026-11-23T10:00:00,123+0100"}),
        ("%{QUOTEDSTRING:a} %{UUID:b}", f'"x\\"y" {UUID}', {"a": '"x\\"y"', "b": UUID}),
        ("%{URI:a} %{PATH:b}", "x.de b/c.txt", None),
        ("%{URI:a} %{PATH:b}", "a://x/?a /c.txt", {"a": "a://x/?a", "b": "/c.txt"}),
        ("%{MAC:a}", "00:11:22:33:44:55", {"a": "00:11:22:33:44:55"}),
    ],
)
def test_pattern(form: str, text: str, expected: Json) -> None:
    """A text of the form becomes its fields; any other is rejected without a word of it."""
    if expected is None:
        assert "rejected_by_transform: /a: it is not of the form of the pattern" == rejected(
            pattern("/a", form), {"a": text}
        )
    else:
        assert [{"a": text, "b": expected}] == after(pattern("/a", form, "/b"), {"a": text})


def test_what_is_left_out() -> None:
    """A place that may be empty makes no field."""
    (data,) = after(pattern("/a", ACCESS), {"a": LINE.format("-")})
    assert isinstance(data["a"], dict)
    assert "size" not in data["a"]


def test_own_names() -> None:
    """A pattern of one's own has a name like any other."""
    transform = pattern("/a", "%{ORDER:order} %{WORD:what}", names={"ORDER": r"[A-Z]{2}-\d++"})
    assert [{"a": {"order": "AB-12", "what": "x"}}] == after(transform, {"a": "AB-12 x"})


@pytest.mark.parametrize(
    ("text", "detail"), [("9" * 19, ""), ("1" * 20, "not of the form"), ("x" * (MAX_CHARACTERS + 1), "more than 65536")]
)
def test_bounds(text: str, detail: str) -> None:
    """Numbers and texts are bounded."""
    assert detail in rejected(pattern("/a", "%{INT:n:integer}"), {"a": text})


def test_a_cast_that_fails() -> None:
    """A field that is not of its type rejects the event."""
    transform = pattern("/a", "%{NOTSPACE:n:integer}")
    assert "rejected_by_transform: /a: its n is no integer" == rejected(transform, {"a": "x"})


@pytest.mark.parametrize(
    ("form", "names", "remedy"),
    [
        ("", {}, "the pattern has 0 characters"),
        ("x" * 5_000, {}, "the pattern has 5000 characters"),
        ("%{WRD:a}", {}, r"%\{WRD\} is not known; write one of DATA, BASE16NUM"),
        ("%{INT:a:int}", {}, "the cast of a is 'int'; set it to one of integer"),
        ("%{INT:a} %{INT:a}", {}, "two places have the field 'a'"),
        ("%{GREEDYDATA:a} %{INT:b}", {}, r"%\{GREEDYDATA\} takes all that is left; write it at the end"),
        ("%{DATA:a}%{INT:b}", {}, r"%\{DATA\} is followed by no text of its own"),
        ("%{DATA:a}x?", {}, r"%\{DATA\} is followed by no text of its own"),
        ("(%{INT:a})", {}, r"the pattern cannot be used: it has a group of its own; write \(\?:…\)"),
        ("[", {}, "the pattern cannot be used: it is no regular expression"),
        (".*%{INT:a}", {}, r"the pattern cannot be used: an unbounded repeat is not possessive; write \*\+"),
        ("(?:%{WORD:a} )*+", {}, "an unbounded repeat stands in another repeat"),
        ("%{MINE:a}", {"MINE": "a+"}, r"%\{MINE\} cannot be used: an unbounded repeat is not possessive"),
    ],
)
def test_wrong(form: str, names: Mapping[str, str], remedy: str) -> None:
    """A pattern that cannot be right, or could be slow, fails when it is declared, with the remedy."""
    with pytest.raises(WrongDeclaration, match=rf"test_pattern\.py:\d+: pattern: .*{remedy}"):
        pattern("/a", form, names=names)


@pytest.mark.parametrize(
    ("expression", "remedy"),
    [
        (r"(?:a*+)*+", "an unbounded repeat stands in another repeat"),
        (r"(?:a*+b|a){0,9}", "an unbounded repeat stands in another repeat"),
        (r"(?:a+)+", "not possessive"),
        (r"(?:a|aa)+", "not possessive"),
        (r"a*?", "not possessive"),
        (r"(?>a*)", "not possessive"),
        (r"(?=.*+x)y", "look-around"),
        (r"(?:a|aa){0,30}", "can fit in more than 100 ways"),
        (r"(?:a|aa){30}", "can fit in more than 100 ways"),
        (r"(?:a|aa){30}+", "can fit in more than 100 ways"),
        (r"a?" * 7, "can fit in more than 100 ways"),
        (r"a{0,200}", "can fit in more than 100 ways"),
        (r"(?:a{0,200}+b){0,200}+", "more than 1000 rounds"),
        (r"(?P<x>a)(?P=x)", "a group of its own"),
        (r"(a)?(?(1)b)", "a group of its own|refers"),
        (r"(?:a)\1", "no regular expression"),
        (r"a{1", None),
        (r"a**", "no regular expression"),
        ("(?:" * 3_000 + ")" * 3_000, "no regular expression"),
        (r"a{99999999999999999999}", "no regular expression"),
        (r"(?:a{0,9}+b|c)*+", None),
        (r"(?>a|ab)(?:c|d)?(?!x{1,3})[^y]*+", None),
        (r"(?:(?:a|b){0,2}c){0,1}", None),
        (r"(?:\s++x)?", None),
        (r"(?i:x)(?<=y)\b^$", None),
    ],
)
def test_check(expression: str, remedy: str | None) -> None:
    """What can go back without bound is refused, and what cannot is not."""
    if remedy is None:
        check(expression)
    else:
        with pytest.raises(Unsafe, match=remedy):
            check(expression)


@pytest.mark.parametrize("name", NAMES)
def test_the_names_are_safe(name: str) -> None:
    """Each pattern that has a name takes linear time, and a text made to be slow does not slow it down."""
    check(NAMES[name])
    transform = pattern("/a", f"%{{{name}:x}}")
    for unit in ("a", "1", "a.", ":", "1.", '"\\', "/", "a:", "-", "a@"):
        assert is_linear(lambda size, unit=unit: rejected(transform, {"a": unit * size + "\0"}), 2_000)  # type: ignore[misc] # it is called at once


@pytest.mark.parametrize("unit", ['"', '" ', "- ", '" "', "1.1.1.1 - - ", "[", "a"])
def test_hostile_lines(unit: str) -> None:
    """A line that nearly has the form many times over takes time in proportion to its length."""
    line = LINE.format(1)
    assert is_linear(lambda size: rejected(pattern("/a", ACCESS), {"a": line + unit * size + "\0"}), 1_500)
    assert is_linear(lambda size: rejected(pattern("/a", ACCESS), {"a": line[:60] + unit * size}), 1_500)


FORMS = [ACCESS, "%{DATA:a} b", "%{GREEDYDATA:x}", "%{NUMBER:n:number}", "%{WORD:a}=%{DATA:b:boolean}"]


@given(DATA, st.sampled_from(FORMS))
def test_whatever_the_data(data: dict[str, Json], form: str) -> None:
    """Any data end in events or a rejection, twice the same, and are left as they were."""
    holds(pattern("/a", form), data)


@given(st.text(alphabet='a1 ."[]-:/=', max_size=30), st.sampled_from(FORMS))
def test_whatever_the_text(text: str, form: str) -> None:
    """The same of any text."""
    holds(pattern("/a", form, "/b"), {"a": text})
