from __future__ import annotations

import pytest

from pipeline.collectors.target import MAX_CHARACTERS, MAX_TARGETS, Target, targets
from pipeline.errors import Misconfiguration


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("https://example.com", ("https", "example.com", 443, "/")),
        ("https://Example.com/a?b=c", ("https", "example.com", 443, "/a?b=c")),
        ("http://example.com:8080?b", ("http", "example.com", 8080, "/?b")),
        ("http://127.0.0.1/", ("http", "127.0.0.1", 80, "/")),
        ("https://[::1]:8443/x", ("https", "::1", 8443, "/x")),
        ("tcp://db-1.internal:5432", ("tcp", "db-1.internal", 5432, "")),
        ("tcp://_x.example.com.:1", ("tcp", "_x.example.com.", 1, "")),
    ],
)
def test_a_target(text: str, expected: tuple[str, str, int, str]) -> None:
    """Scheme, host, port and path are taken from a target; the port of HTTP need not be there."""
    assert (Target(text, *expected),) == targets(text)


def test_a_list() -> None:
    """Commas divide a list; spaces, nothing between two, and a target that is there twice are no matter."""
    assert ["tcp://a:1", "tcp://b:2"] == [each.text for each in targets(" tcp://a:1 ,, tcp://b:2,tcp://a:1,")]
    assert () == targets("")
    assert () == targets(" , ")


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("example.com", "does not begin with https://, http:// or tcp://"),
        ("ftp://example.com", "does not begin with"),
        ("https://", "no host"),
        ("https:///path", "no host"),
        ("https://a..b/", "no host"),
        ("https://-a/", "no host"),
        (f"https://{'a' * 64}.com/", "no host"),
        ("https://ex*mple.com/", "no host"),
        ("https://[::1/", "no host"),
        ("https://[nonsense]/", "no host"),
        ("tcp://db", "no port"),
        ("tcp://db:0", "no port"),
        ("tcp://db:65536", "no port"),
        ("tcp://db:http", "no port"),
        ("tcp://db:1/path", "more behind it"),
        ("tcp://db:1?x", "more behind it"),
        ("https://a/#part", "more behind it"),
        ("https://a/b c", "only ASCII without spaces"),
        ("https://a/b\tc", "only ASCII without spaces"),
        ("https://münchen.de/", "write a host in punycode"),
        (f"https://a/{'b' * MAX_CHARACTERS}", "more than 256 characters"),
    ],
)
def test_a_wrong_target(text: str, complaint: str) -> None:
    """One wrong target refuses the list, names its place, and says what a target looks like."""
    with pytest.raises(Misconfiguration) as raised:
        targets(f"tcp://a:1,{text}")
    assert str(raised.value).startswith("target 2 of PingTargets: ")
    assert complaint in str(raised.value)
    assert str(raised.value).endswith(
        "write https://host/path, http://host/path or tcp://host:port, with commas between"
    )


@pytest.mark.parametrize(
    "text",
    [
        "https://me:secret@a/",
        "https://:secret@a/",
        "https://me:secret@[a/",
        "tcp://me:secret@a:b",
        "https://me:secret/x@a",
        "tcp://secret@a:1",
    ],
)
def test_a_password(text: str) -> None:
    """A target with a user or password is refused, and the error does not repeat it."""
    with pytest.raises(Misconfiguration, match="target 1 of PingTargets: ") as raised:
        targets(text)
    assert "secret" not in str(raised.value)


def test_too_many() -> None:
    """Each target has a thread, so there is an end to them."""
    many = [f"tcp://a:{port}" for port in range(1, MAX_TARGETS + 2)]
    assert MAX_TARGETS == len(targets(",".join(many[:-1])))
    with pytest.raises(Misconfiguration, match="has 31 targets; at most 30"):
        targets(",".join(many))
