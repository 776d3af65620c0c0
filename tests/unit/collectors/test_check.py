from __future__ import annotations

import socket
import ssl
import time
from typing import TYPE_CHECKING

import pytest

from pipeline.collectors.check import ERRORS, MAX_DETAIL_CHARACTERS, Checked, check
from pipeline.collectors.target import targets
from tests.unit.collectors import servers as behaviour

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.unit.collectors.servers import Answer, Servers

pytestmark = pytest.mark.loopback

SECONDS = 10.0
SHORT_SECONDS = 0.2


def checked(text: str, seconds: float = SECONDS) -> Checked:
    (target,) = targets(text)
    begun = time.monotonic()
    found = check(target, seconds)
    assert time.monotonic() - begun < seconds + 5
    assert 0 < found.seconds < seconds + 5
    return found


@pytest.mark.parametrize(
    ("head", "status", "error_type"),
    [
        (behaviour.OK, 200, None),
        (behaviour.HINTED, 204, None),
        (behaviour.MOVED, 302, None),
        (behaviour.DOWN, 500, "500"),
        (b"HTTP/1.0 404 Not Found\r\n\r\n", 404, "404"),
        (b"", None, "invalid_response"),
        (b"220 mail.example.com ESMTP\r\n", None, "invalid_response"),
        (b"HTTP/1.1 abc\r\n\r\n", None, "invalid_response"),
        (b"\x00\xff" * 100, None, "invalid_response"),
    ],
)
def test_answers(servers: Servers, head: bytes, status: int | None, error_type: str | None) -> None:
    """A status below 400 is up; a redirect is not followed, so that a loop of them is one request."""
    port = servers.start(servers.says(head))
    found = checked(f"http://127.0.0.1:{port}/a?b=c")
    assert (status, error_type, bool(error_type)) == (found.status, found.error_type, bool(found.detail))
    (asked,) = servers.asked
    assert asked.startswith(f"GET /a?b=c HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n".encode())


@pytest.mark.parametrize(
    ("scheme", "answer"),
    [
        ("http", behaviour.silent),
        ("http", behaviour.hangs_in_the_head),
        ("http", behaviour.drips),
        ("https", behaviour.silent),
    ],
)
def test_hanging(servers: Servers, scheme: str, answer: Answer) -> None:
    """However a server takes its time, the check ends with its own."""
    found = checked(f"{scheme}://127.0.0.1:{servers.start(answer)}/", SHORT_SECONDS)
    assert (None, "timeout", True) == (found.status, found.error_type, found.seconds >= SHORT_SECONDS)


def test_an_endless_head(servers: Servers) -> None:
    """A head without end is left after 64 KB."""
    found = checked(f"http://127.0.0.1:{servers.start(behaviour.never_ends_its_head)}/")
    assert ("invalid_response", "the head of the answer is larger than 65536 bytes") == (found.error_type, found.detail)


def test_an_endless_body(servers: Servers) -> None:
    """A body is not read."""
    assert 200 == checked(f"http://127.0.0.1:{servers.start(behaviour.never_ends_its_body)}/").status


@pytest.mark.parametrize(
    ("answer", "error_type"),
    [
        (behaviour.vouches_for_itself, "server_certificate_invalid"),
        (behaviour.hangs_in_the_head, "secure_connection_error"),
    ],
)
def test_tls(servers: Servers, answer: Answer, error_type: str) -> None:
    """A certificate that is not trusted, and what is no TLS at all, are told apart."""
    assert error_type == checked(f"https://127.0.0.1:{servers.start(answer)}/").error_type


def test_tls_that_is_trusted(servers: Servers, monkeypatch: pytest.MonkeyPatch) -> None:
    """Over TLS it is asked and answered as without."""
    context = ssl.create_default_context(cafile=str(behaviour.SELF_SIGNED))
    monkeypatch.setattr("pipeline.collectors.check._tls", lambda: context)
    found = checked(f"https://127.0.0.1:{servers.start(behaviour.vouches_for_itself)}/")
    assert (200, None) == (found.status, found.error_type)


def test_tcp(servers: Servers) -> None:
    """A TCP target is up when it takes the connection, whatever it says or does not say."""
    found = checked(f"tcp://127.0.0.1:{servers.start(behaviour.silent)}")
    assert (None, None, "") == (found.status, found.error_type, found.detail)


@pytest.mark.parametrize("scheme", ["tcp", "http", "https"])
def test_refused(servers: Servers, scheme: str) -> None:
    """Nobody listens."""
    found = checked(f"{scheme}://127.0.0.1:{servers.dead()}")
    assert (None, "connection_refused") == (found.status, found.error_type)


def addresses(*ports: int) -> Callable[..., object]:
    return lambda *_, **__: [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", port)) for port in ports]


def test_the_next_address(servers: Servers, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where a name has several addresses, one that refuses leaves time for the next."""
    good, refuses = servers.start(servers.says(behaviour.OK)), servers.dead()
    monkeypatch.setattr("socket.getaddrinfo", addresses(refuses, good))
    assert 200 == checked("http://two.example/").status
    monkeypatch.setattr("socket.getaddrinfo", addresses(refuses, refuses))
    assert "connection_refused" == checked("http://two.example/").error_type
    monkeypatch.setattr("socket.getaddrinfo", addresses())
    assert "timeout" == checked("http://two.example/").error_type


def test_no_such_name(monkeypatch: pytest.MonkeyPatch) -> None:
    """A name without an address has an error of its own."""

    def unknown(*_: object, **__: object) -> None:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known\n" + "x" * 1000)

    monkeypatch.setattr("socket.getaddrinfo", unknown)
    found = checked("https://nowhere.example/")
    assert ("name_resolution_error", MAX_DETAIL_CHARACTERS) == (found.error_type, len(found.detail))
    assert "\n" not in found.detail


def test_a_slow_resolver(monkeypatch: pytest.MonkeyPatch) -> None:
    """When resolving took all the time, nothing is begun after it."""
    monkeypatch.setattr("socket.getaddrinfo", addresses(9))
    ticks = iter([0.0, 99.0, 99.0])
    (target,) = targets("tcp://slow.example:9")
    assert Checked(99.0, None, "timeout", "no answer within 5 s") == check(target, 5.0, lambda: next(ticks))


def test_every_error_is_in_the_table() -> None:
    """The last lines of the table take every error of a socket and of HTTP."""
    kinds = [kind for kind, _ in ERRORS]
    assert OSError is kinds[-1]
    assert len({*kinds}) == len(kinds)
