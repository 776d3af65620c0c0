from __future__ import annotations

import pytest

from pipeline.testing.api_events import api_event
from pipeline.testing.lambda_events import log_event
from tests.unit.api.bench import Bench


@pytest.mark.parametrize("method", ["GET", "POST", "HEAD", "OPTIONS", "BREW"])
@pytest.mark.parametrize("resource", ["/", "/{proxy+}", "/{proxy+}/x"])
def test_an_unknown_path(method: str, resource: str) -> None:
    """It is a 404 with a hint, whatever the method."""
    answer = Bench().answer(api_event(method, resource, {"proxy": "events/a/b"}))
    assert (404, "application/problem+json") == (answer.status, answer.headers["Content-Type"])


@pytest.mark.parametrize(
    ("method", "resource", "allowed"),
    [
        ("DELETE", "/events", "POST, GET, HEAD, OPTIONS"),
        ("PUT", "/events/{name}", "POST, GET, HEAD, OPTIONS"),
        ("POST", "/state/{table}/{key}", "GET, HEAD, OPTIONS"),
        ("POST", "/health", "GET, HEAD, OPTIONS"),
    ],
)
def test_an_unknown_method(method: str, resource: str, allowed: str) -> None:
    """405 lists those there are, and so does OPTIONS, without a body."""
    bench = Bench()
    answer = bench.answer(api_event(method, resource))
    assert (405, allowed) == (answer.status, answer.headers["Allow"])
    options = bench.answer(api_event("OPTIONS", resource))
    assert (204, allowed, None) == (options.status, options.headers["Allow"], options.body)


def test_head() -> None:
    """HEAD is GET without the body."""
    bench = Bench()
    bench.store(log_event("a"))
    assert (200, None) == (
        (found := bench.answer(api_event("HEAD", "/events/{name}", {"name": "a"}))).status,
        found.body,
    )
    gone = bench.answer(api_event("HEAD", "/events/{name}", {"name": "b"}))
    assert (404, "application/problem+json") == (gone.status, gone.headers["Content-Type"])


def test_headers_of_every_answer() -> None:
    """Nothing is cached, nothing is guessed, and no other site is let in."""
    for answer in (Bench().get("/health"), Bench().get("/events"), Bench().post(b"")):
        assert "no-store" == answer.headers["Cache-Control"]
        assert "nosniff" == answer.headers["X-Content-Type-Options"]
        assert not [each for each in answer.headers if each.lower().startswith("access-control")]


@pytest.mark.parametrize("path", ["/events/%ff", "/events/%ed%a0%80"])
def test_a_path_that_is_not_unicode(path: str) -> None:
    """It is a 400."""
    event = {**api_event("GET", "/events/{name}", {"name": "a"}), "path": path}
    assert 400 == Bench().answer(event).status


def test_a_path_below_the_base_path_of_a_domain() -> None:
    """What stands before the resource is not taken for a parameter."""
    bench = Bench()
    bench.store(log_event("a b"))
    event = {**api_event("GET", "/events/{name}", {"name": "a b"}), "path": "/base/path/events/a%20b"}
    assert 200 == bench.answer(event).status
