"""What becomes of the access log of a web server."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import orjson
import pytest

from pipeline.core import formats
from pipeline.core.lines import Line
from pipeline.core.log_line import LogLines
from pipeline.model import Event, Item, Unavailable, Want
from pipeline.model import Line as Archived
from pipeline.routes import PROCESS
from pipeline.testing.dynamodb_items import read_item
from pipeline.testing.routes import processed

if TYPE_CHECKING:
    from pipeline.model import Facts

TYPE = "access_log.v1"
AGENT = "Mozilla/5.0 (Windows NT 10.0) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/131.0.0.0 Safari/537.36"
LOG = LogLines(
    "//web-1/access.log",
    now=lambda: datetime(2026, 11, 23, tzinfo=UTC),
    to_utc=lambda at: at.replace(tzinfo=UTC),
    event_type=TYPE,
    format="apache",
)


def event(line: str) -> Event:
    """What `pipeline put` makes of a line."""
    (record,) = formats.framing("apache").feed(line.encode() + b"\n")
    assert isinstance(record, Line)
    made = LOG.read(record).record
    assert isinstance(made, Event)
    return made


def stored(line: str, facts: Facts | None = None) -> dict[str, Any]:
    """The data that are stored of a line, the same in the table and the archive."""
    found = processed(TYPE, event(line).data, facts=facts or {})
    assert [] == found.dead_letters
    item, archived = found.deliveries
    assert isinstance(item, Item)
    assert isinstance(archived, Archived)
    data: dict[str, Any] = orjson.loads(archived.line)["data"]
    assert data["body"] == read_item(item.item)["data"]["M"]["body"]["S"]
    return data


def test_a_request() -> None:
    """All of it: the severity by the status, the user agent taken apart, the address of a network."""
    line = '203.0.113.77 - - [23/Nov/2026:10:00:00 +0100] "GET /a?b=1 HTTP/2.0" 503 17 "https://x.example/" "{}"'
    assert "2026-11-23T10:00:00+01:00" == event(line.format(AGENT)).time
    assert {
        "body": line.format(AGENT).replace("203.0.113.77", "203.0.113.0"),
        "severity_number": 17,
        "severity_text": "ERROR",
        "attributes": {
            "client.address": "203.0.113.0",
            "http.response.status_code": 503,
            "http.response.body.size": 17,
            "http.request.method": "GET",
            "url.path": "/a",
            "url.query": "b=1",
            "network.protocol.name": "http",
            "network.protocol.version": "2.0",
            "http.request.header.referer": ["https://x.example/"],
            "user_agent.original": AGENT,
            "user_agent.name": "Chrome",
            "user_agent.version": "131.0.0.0",
            "user_agent.os.name": "Windows",
            "user_agent.os.version": "10.0",
            "browser.mobile": False,
        },
    } == stored(line.format(AGENT))


@pytest.mark.parametrize(
    ("fact", "expected"),
    [
        ({"geo.country.iso_code": "SE", "geo.locality.name": "Lund"}, {"geo.country.iso_code": "SE",
                                                                      "geo.locality.name": "Lund"}),
        (Unavailable("there is no such object"), {"geo.unavailable": "geoip"}),
        (None, {}),
    ],
    ids=["known", "out of reach", "unknown"],
)  # fmt: skip
def test_where_the_client_is(fact: Any, expected: dict[str, Any]) -> None:  # noqa: ANN401 - a fact is any JSON
    """It is looked up by the whole address, of which only the network is stored."""
    line = '81.2.69.142 - - [23/Nov/2026:10:00:00 +0000] "GET / HTTP/1.1" 200 5'
    facts = {} if fact is None else {Want("geoip", "geoip", "81.2.69.142"): fact}
    attributes = stored(line, facts)["attributes"]
    assert expected == {name: value for name, value in attributes.items() if name.startswith("geo.")}
    assert "81.2.69.0" == attributes["client.address"]


def test_a_client_that_is_the_subject() -> None:
    """Lines that were put with `--key client.address` are about the client's network."""
    log = replace(LOG, key_field="client.address")
    (record,) = formats.framing("apache").feed(b'81.2.69.142 - - [23/Nov/2026:10:00:00 +0000] "GET / HTTP/1.1" 200 5\n')
    assert isinstance(record, Line)
    made = log.read(record).record
    assert isinstance(made, Event)
    route = PROCESS[TYPE]
    (masked,) = [each for first in route.transform(made) for each in route.enrich(first, {})]
    assert ("81.2.69.142", "81.2.69.0") == (made.subject, masked.subject)


@pytest.mark.parametrize(
    ("line", "hidden"),
    [
        ('2001:db8:1:2::3 - - [23/Nov/2026:10:00:00 +0000] "GET / HTTP/1.1" 200 5', "1:2::3"),
        ('10.1.2.3 - ada@shop.example [23/Nov/2026:10:00:00 +0000] "GET / HTTP/1.1" 200 5', "ada"),
        ('10.1.2.3 - - [23/Nov/2026:10:00:00 +0000] "GET /?mail=ada@shop.example HTTP/1.1" 200 5', "ada"),
        ('10.1.2.3 - - [23/Nov/2026:10:00:00 +0000] "GET /?token=hunter2 HTTP/1.1" 200 5 "-" "-"', "hunter2"),
        ('10.1.2.3 - - [23/Nov/2026:10:00:00 +0000] "GET http://eve:hunter2@x.example/ HTTP/1.1" 200 5', "hunter2"),
        (
            '10.1.2.3 - - [23/Nov/2026:10:00:00 +0000] "GET / HTTP/1.1" 200 5 "https://x.example/?pwd=hunter2" ""',
            "ter2",
        ),
        ('10.1.2.3 - - [23/Nov/2026:10:00:00 +0000] "-" 408 -', "10.1.2.3"),
    ],
)
def test_what_is_hidden(line: str, hidden: str) -> None:
    """Neither table nor archive has an address of a person, a password or a token, wherever it stood in the line."""
    assert hidden in line
    assert hidden not in orjson.dumps(stored(line)).decode()


@pytest.mark.parametrize(
    "line",
    [
        '10.1.2.3 - - [23/Nov/2026:10:00:00 +0000] "\\x16\\x03\\x01" 400 0 "-" "-"',
        'host.example - - [23/Nov/2026:10:00:00 +0000] "GET http://[::1/ HTTP/1.1" 999 5',
        'shop.example:99999 10.1.2.3 - - [23/Nov/2026:10:00:00 +0000] "PROPFIND / HTTP/1.1" 000 999999999999999999',
        f'10.1.2.3 - - [23/Nov/2026:10:00:00 +0000] "GET /{"a" * 9000} HTTP/1.1" 414 5 "-" "{"x" * 9000}"',
    ],
)
def test_whatever_a_log_may_hold(line: str) -> None:
    """What the format reads is data of the type, be it what a scanner sent."""
    assert stored(line)["attributes"]["client.address"] in {"10.1.2.0", "host.example"}
