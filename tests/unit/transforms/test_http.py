"""What the attributes of an HTTP request tell besides."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.transforms.http import STATUS, URL, USER_AGENT, severity, url, user_agent
from pipeline.transforms.parse.address import MAX_URL_CHARACTERS
from tests.unit.transforms.outcome import VALUES, after, an_event, holds

if TYPE_CHECKING:
    from pipeline.model import Json
    from pipeline.ports import Transform

PHONE = "Mozilla/5.0 (iPhone; CPU iPhone OS 17_1 like Mac OS X) AppleWebKit/605 Version/17.1 Mobile/15E148 Safari/604.1"
PAD = "Mozilla/5.0 (iPad; CPU OS 17_1 like Mac OS X) AppleWebKit/605 Version/17.1 Safari/604.1"


@pytest.mark.parametrize(
    ("status", "expected"),
    [
        (100, (9, "INFO")),
        (200, (9, "INFO")),
        (399, (9, "INFO")),
        (400, (13, "WARN")),
        (499, (13, "WARN")),
        (500, (17, "ERROR")),
        (599, (17, "ERROR")),
        (600, (9, "INFO")),
        (0, (9, "INFO")),
        ("200", (None, None)),
        (None, (None, None)),
    ],
)
def test_severity(status: Json, expected: tuple[int | None, str | None]) -> None:
    """An error of the server is one, an error of the client a warning; what is no status says nothing."""
    (data,) = after(severity, {"attributes": {STATUS: status}})
    assert expected == (data.get("severity_number"), data.get("severity_text"))


@pytest.mark.parametrize("said", [{"severity_text": "notice"}, {"severity_number": 5}])
def test_a_severity_that_is_said(said: dict[str, Json]) -> None:
    """It is the source's own, and stays."""
    event = an_event({"attributes": {STATUS: 500}, **said})
    assert event is severity(event)[0]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            "http://Shop.example:8080/a?b=c#d",
            {
                "url.scheme": "http",
                "server.address": "shop.example",
                "server.port": 8080,
                "url.path": "/a",
                "url.query": "b=c",
                "url.fragment": "d",
            },
        ),
        ("shop.example", {"url.path": "shop.example"}),
        ("http://shop.example:99999/", {}),
        ("http://[::1/", {}),
        ("", {}),
        (7, {}),
        ("x" * (MAX_URL_CHARACTERS + 1), {}),
    ],
)
def test_url(text: Json, expected: dict[str, Json]) -> None:
    """Its parts stand beside it; what is no URL stays as it is."""
    assert [{"attributes": {URL: text, "n": 1, **expected}}] == after(url, {"attributes": {URL: text, "n": 1}})


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            PHONE,
            {
                "user_agent.name": "Safari",
                "user_agent.version": "17.1",
                "user_agent.os.name": "iOS",
                "user_agent.os.version": "17.1",
                "browser.mobile": True,
            },
        ),
        (PAD, {"user_agent.name": "Safari", "user_agent.os.name": "iOS", "browser.mobile": False}),
        (
            "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)",
            {"user_agent.name": "Googlebot", "user_agent.synthetic.type": "bot", "user_agent.version": "2.1"},
        ),
        ("curl/8.5.0", {"user_agent.name": "curl", "user_agent.version": "8.5.0"}),
        ("", {}),
        ("-", {}),
        (7, {}),
    ],
)
def test_user_agent(text: Json, expected: dict[str, Json]) -> None:
    """What it says stands beside it, under the names of OpenTelemetry; what says nothing adds nothing."""
    ((data),) = after(user_agent, {"attributes": {USER_AGENT: text}})
    found = data["attributes"]
    assert isinstance(found, dict)
    assert {**expected, USER_AGENT: text} == {name: found.get(name) for name in (*expected, USER_AGENT)}
    assert bool(expected) is (len(found) > 1)


@pytest.mark.parametrize("transform", [severity, url, user_agent])
@given(
    st.fixed_dictionaries({}, optional={"attributes": VALUES, "severity_text": VALUES})
    | st.fixed_dictionaries({"attributes": st.dictionaries(st.sampled_from([STATUS, URL, USER_AGENT]), VALUES)})
)
def test_any_data(transform: Transform, data: dict[str, Json]) -> None:
    """Nothing is rejected, whatever it is, and what came in stays as it was."""
    holds(transform, data)
    assert 1 == len(transform(an_event(data)))
