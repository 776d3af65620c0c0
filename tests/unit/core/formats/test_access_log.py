"""Access logs of Apache and nginx."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.core.formats.access_log import parse
from pipeline.core.formats.parsed import ANY_TIME, Parsed
from pipeline.core.lines import Line
from pipeline.errors import InputError

if TYPE_CHECKING:
    from pipeline.model import Json

COMMON = '10.0.0.1 - eve [23/Nov/2026:10:00:00 +0100] "GET /a?b=1&c HTTP/1.1" 404 512'
ABOUT_COMMON = {
    "client.address": "10.0.0.1",
    "user.name": "eve",
    "http.request.method": "GET",
    "url.path": "/a",
    "url.query": "b=1&c",
    "network.protocol.name": "http",
    "network.protocol.version": "1.1",
    "http.response.status_code": 404,
    "http.response.body.size": 512,
}


def read(text: str) -> Parsed:
    return parse(Line(1, 0, text.encode()), ANY_TIME)


def of_request(request: str) -> dict[str, Json]:
    """What is read of a request line."""
    found = read(f'h - - [23/Nov/2026:10:00:00 +0100] "{request}" 200 -').attributes
    return {name: value for name, value in found.items() if name.startswith(("http.request", "url", "network"))}


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        (COMMON, ABOUT_COMMON),
        (
            f'{COMMON} "https://x.example/p" "Mozilla/5.0 (X11)"',
            {
                **ABOUT_COMMON,
                "http.request.header.referer": ["https://x.example/p"],
                "user_agent.original": "Mozilla/5.0 (X11)",
            },
        ),
        (f'{COMMON} "-" "-"', ABOUT_COMMON),
        (f'{COMMON} "" ""', ABOUT_COMMON),
        (f'{COMMON} "-" "curl/8" "203.0.113.9" rt=0.003', {**ABOUT_COMMON, "user_agent.original": "curl/8"}),
        (f"www.x.example:443 {COMMON}", {**ABOUT_COMMON, "server.address": "www.x.example", "server.port": 443}),
        (COMMON.replace("10.0.0.1", "2001:db8::1"), {**ABOUT_COMMON, "client.address": "2001:db8::1"}),
        (COMMON.replace("eve", "eve of x"), {**ABOUT_COMMON, "user.name": "eve of x"}),
        (
            COMMON.replace("eve", "-").replace("512", "-"),
            {k: v for k, v in ABOUT_COMMON.items() if k not in {"user.name", "http.response.body.size"}},
        ),
    ],
    ids=["common", "combined", "dashes", "empty", "more behind", "virtual host", "IPv6", "spaces", "says nothing"],
)
def test_lines(line: str, expected: dict[str, Json]) -> None:
    """The body is the line, whole; what it says has OpenTelemetry's names; a dash says nothing."""
    assert Parsed("2026-11-23T10:00:00+01:00", line, attributes=expected) == read(line)


@pytest.mark.parametrize(
    ("request_line", "expected"),
    [
        ("GET /", {"http.request.method": "GET", "url.path": "/"}),
        ("OPTIONS * HTTP/1.0", {"http.request.method": "OPTIONS", "url.path": "*", "version": "1.0"}),
        ("GET http://x.example/a?b HTTP/1.1", {"http.request.method": "GET", "url.full": "http://x.example/a?b"}),
        ("GET /? HTTP/2", {"http.request.method": "GET", "url.path": "/", "url.query": "", "version": "2"}),
        ("GET /go?to=http://x HTTP/2", {"http.request.method": "GET", "url.path": "/go", "url.query": "to=http://x"}),
        ("PURGE /a HTTP/1.1", {"http.request.method": "_OTHER", "http.request.method_original": "PURGE"}),
        ("get /a HTTP/1.1", {"http.request.method": "_OTHER", "http.request.method_original": "get"}),
        (r"GET /\xc3\xa9\"\\ HTTP/1.1", {"http.request.method": "GET", "url.path": '/é"\\'}),
        (r"GET /\xff HTTP/1.1", {"http.request.method": "GET", "url.path": r"/\xff"}),
        (r"GET /\t HTTP/1.1", {}),
        (r"\x16\x03\x01", {}),
        ("-", {}),
        ("", {}),
    ],
)
def test_requests(request_line: str, expected: dict[str, Json]) -> None:
    """A request line of HTTP is taken apart, its escapes are read; any other is in the body only."""
    found = of_request(request_line)
    version = expected.pop("version", None)

    assert expected.items() <= found.items()
    assert bool(expected) == bool(found)
    assert version is None or version == found["network.protocol.version"]


@pytest.mark.parametrize(
    ("line", "why"),
    [
        ("", "not as in: host"),
        ("text", "not as in: host"),
        ('h - - [23/Nov/2026:10:00:00 +0100] "GET /', "not as in: host"),
        ('h - - [23/Nov/2026:10:00:00 +0100] "GET / 200 5', "not as in: host"),
        (f"{COMMON}x", "not as in: host"),
        (COMMON.replace("404", "4040"), "not as in: host"),
        (COMMON.replace("23/Nov", "31/Nov"), "there is no such time"),
        (COMMON.replace("Nov", "Xxx"), "there is no such time"),
        (COMMON.replace("23/Nov/2026:10:00:00 +0100", "noon"), "there is no such time"),
    ],
)
def test_what_is_no_access_log(line: str, why: str) -> None:
    """It is said what is missing."""
    with pytest.raises(InputError, match=why):
        read(line)


def escaped(text: str) -> str:
    r"""As both servers write it: what is not printable ASCII as `\xhh`."""
    return "".join(chr(byte) if 32 <= byte < 127 and byte not in b'"\\' else f"\\x{byte:02x}" for byte in text.encode())


@given(
    at=st.datetimes(datetime(1970, 1, 2), datetime(9998, 1, 1)),  # noqa: DTZ001 - the zone is added below
    path=st.text(
        st.characters(
            codec="utf-8", exclude_characters="? \t\n\r\v\f\x1c\x1d\x1e\x1f\x85\xa0", categories=["L", "N", "P"]
        )
    ),
    status=st.integers(100, 999),
    size=st.integers(0, 10**15),
    agent=st.text(st.characters(codec="utf-8"), min_size=1).filter(lambda text: text != "-"),
)
def test_what_is_written_is_read(at: datetime, path: str, status: int, size: int, agent: str) -> None:
    """Whatever a server writes by the rules is what is read."""
    at = at.replace(microsecond=0, tzinfo=UTC)
    months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]
    time = f"{at.day:02}/{months[at.month - 1]}/{at.year:04}:{at:%H:%M:%S} +0000"
    found = read(f'h - - [{time}] "GET /{escaped(path)} HTTP/1.1" {status} {size} "-" "{escaped(agent)}"')

    assert at.isoformat() == found.time
    assert (f"/{path}", status, size, agent) == (
        found.attributes["url.path"],
        found.attributes["http.response.status_code"],
        found.attributes["http.response.body.size"],
        found.attributes["user_agent.original"],
    )
