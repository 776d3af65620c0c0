from __future__ import annotations

import base64
from typing import Any

import pytest

from pipeline.api import query
from pipeline.aws.results import MAX_CALLS
from pipeline.core.cursor import Place, write
from pipeline.errors import Misconfiguration
from pipeline.model import MARKER
from pipeline.testing.api_events import api_event
from pipeline.testing.aws_errors import aws_error
from pipeline.testing.lambda_events import log_event
from pipeline.testing.timeline import FakeTimeline
from tests.unit.api.bench import Bench, change

EVENTS, EVENT = "/events", "/events/{name}"
STATE, HISTORY = "/state/{table}/{key}", "/state/{table}/{key}/history"


def minutes(count: int, key: str = "web-1", **data: Any) -> list[dict[str, Any]]:  # noqa: ANN401 - JSON
    """Events of a key, a minute apart."""
    return [{**log_event(f"{key}-{n}", key=key, **data), "time": f"2026-11-23T10:{n:02}:00Z"} for n in range(count)]


def ids(body: Any) -> list[str]:  # noqa: ANN401 - JSON
    return [each["id"] for each in body["items"]]


def paged(bench: Bench, resource: str, path: dict[str, str] | None = None, **asked: str) -> list[list[str]]:
    """The ids of all pages."""
    body = bench.get(resource, path, **asked).body
    pages = [ids(body)]
    while body["next"] is not None:
        body = bench.get(resource, path, **asked, cursor=body["next"]).body
        pages.append(ids(body))
    return pages


def test_an_event() -> None:
    """An event is found by its id, as the pipeline stored it, whatever characters the id has."""
    bench = Bench()
    name = "a/b c%2F#?é\"'+"
    bench.store(log_event(name, key="web-1", severity_text="warning"))
    answer = bench.get(EVENT, {"name": name})
    assert 200 == answer.status
    assert {
        "id": name,
        "type": "log.v1",
        "source": "//web-1/var/log/app.log",
        "time": "2026-11-23T10:00:00.5Z",
        "subject": "web-1",
        "data": {"body": "started", "severity_text": "WARN", "severity_number": 13},
        MARKER: "events/0/1/0",
    } == answer.body


@pytest.mark.parametrize("name", ["nobody", "x" * 600])
def test_an_event_that_is_not_there(name: str) -> None:
    """404 says that it may still be on its way."""
    answer = Bench().get(EVENT, {"name": name})
    assert (404, True) == (answer.status, "may still be on its way" in answer.body["detail"])


def test_the_events_of_a_key() -> None:
    """Newest first, in a range of time, of a type, no more than asked for."""
    bench = Bench()
    bench.store(*minutes(5), *minutes(2, "web-2"), {**change("t", "k", 1, {"order_id": "k"}), "subject": "web-1"})
    assert [f"web-1-{n}" for n in (4, 3, 2, 1, 0)] == ids(bench.get(EVENTS, key="web-1").body)
    ranged = bench.get(EVENTS, key="web-1", since="2026-11-23T11:01:00+01:00", until="2026-11-23T10:04:00Z", limit="2")
    assert ["web-1-3", "web-1-2"] == ids(ranged.body)
    assert [] == ids(bench.get(EVENTS, key="web-1", type="order.v1").body)
    assert ["web-2-1", "web-2-0"] == ids(bench.get(EVENTS, key="web-2", type="log.v1").body)
    assert [] == ids(bench.get(EVENTS, key="web-3").body)


@pytest.mark.parametrize("limit", [1, 2, 3, 6, 7, 8])
@pytest.mark.parametrize("asked", [{}, {"type": "log.v1"}, {"since": "2026-11-23T10:00:00Z"}])
@pytest.mark.parametrize("page_items", [2, 1000])
def test_page_by_page(limit: int, asked: dict[str, Any], page_items: int) -> None:
    """The pages together have each event once, in order, and none has more than the limit."""
    bench = Bench(table=FakeTimeline(page_items=page_items))
    bench.store(*minutes(7))
    pages = paged(bench, EVENTS, key="web-1", limit=str(limit), **asked)
    assert [f"web-1-{n}" for n in range(6, -1, -1)] == [each for page in pages for each in page]
    assert all(len(page) <= limit for page in pages)


def test_events_of_one_moment() -> None:
    """Pages also divide what happened at the same time."""
    bench = Bench()
    bench.store(*(log_event(f"e-{n}", key="web-1") for n in range(5)))
    assert [["e-4", "e-3"], ["e-2", "e-1"], ["e-0"]] == paged(bench, EVENTS, key="web-1", limit="2")


def test_a_rare_type() -> None:
    """Where few events are of a type, a page is looked for over several calls, then empty and not the last."""
    bench = Bench(table=FakeTimeline(page_items=1))
    bench.store(*minutes(MAX_CALLS + 1))
    for (pk, _), item in bench.table.items.items():
        if pk != "event#web-1-0":
            bench.table.items[pk, "event"] = {**item, "type": {"S": "other.v1"}}
    assert [[], ["web-1-0"], []] == paged(bench, EVENTS, key="web-1", type="log.v1")


def test_answers_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    """A page ends where an answer would become too large; one item always fits."""
    bench = Bench()
    bench.store(*minutes(4, body="x" * 400))
    monkeypatch.setattr(query, "MAX_ANSWER_BYTES", 1500)
    assert [["web-1-3", "web-1-2"], ["web-1-1", "web-1-0"]] == paged(bench, EVENTS, key="web-1")
    monkeypatch.setattr(query, "MAX_ANSWER_BYTES", 100)
    assert [["web-1-3"], ["web-1-2"], ["web-1-1"], ["web-1-0"]] == paged(bench, EVENTS, key="web-1")


def test_state_and_history() -> None:
    """An entity as it is, and how it became so; a deleted one says so."""
    bench = Bench()
    bench.store(change("orders", "7/42", 1, {"order_id": "7", "n": {"@number": "0.1234567890123456789"}}))
    where = {"table": "orders", "key": "7/42"}
    state = bench.get(STATE, where)
    assert (200, False, {"order_id": "7", "n": "0.1234567890123456789"}) == (
        state.status,
        state.body["deleted"],
        state.body["data"],
    )
    bench.store(change("orders", "7/42", 2, None))
    assert (True, False) == ((body := bench.get(STATE, where).body)["deleted"], "data" in body)
    assert [["orders-7/42-1"], ["orders-7/42-2"], []] == paged(bench, HISTORY, where, limit="1")


@pytest.mark.parametrize("key", ["nobody", "x" * 2000])
def test_an_entity_that_is_not_there(key: str) -> None:
    """Its state is not found; its history is empty, or not found where no entity can have the name."""
    assert 404 == Bench().get(STATE, {"table": "orders", "key": key}).status
    history = Bench().get(HISTORY, {"table": "orders", "key": key})
    assert {"nobody": 200}.get(key, 404) == history.status


@pytest.mark.parametrize(
    ("asked", "detail"),
    [
        ({}, "parameter key is missing"),
        ({"key": ""}, "parameter key must be given once, and not be empty"),
        ({"key": "x" * 1025}, "parameter key is longer than 1024 bytes"),
        ({"key": "k", "type": "é" * 65}, "parameter type is longer than 128 bytes"),
        ({"key": "k", "sicne": "x"}, "there is no parameter 'sicne'; it takes key, since, until, type, limit, cursor"),
        ({"key": "k", "since": "yesterday"}, "since and until are times: 'yesterday' is not RFC 3339"),
        ({"key": "k", "until": "2026-11-23T10:00:00 01:00"}, "a + is sent as %2B"),
        ({"key": "k", "since": "2026-11-23T10:00:00Z", "until": "2026-11-23T09:00:00Z"}, "since is later than until"),
        *(({"key": "k", "limit": each}, "from 1 to 1000") for each in ("0", "-1", "1001", "1.0", "x", "²", "9" * 5000)),
        *(({"key": "k", "cursor": each}, "cursor") for each in ("x", "é", "AAAA", "A" * 100, "=", "a b")),
    ],
)
def test_bad_parameters(asked: dict[str, Any], detail: str) -> None:
    """Each is a 400 that says which parameter, and what it must be; the table is not asked."""
    bench = Bench()
    answer = bench.get(EVENTS, **asked)
    assert (400, True, 0) == (answer.status, detail in answer.body["detail"], bench.table.queries)


def test_a_parameter_twice() -> None:
    """It is not guessed which one is meant."""
    event = api_event("GET", EVENTS, query={"key": ["a", "b"]})
    assert 400 == Bench().answer(event).status


def test_a_cursor_of_another_question() -> None:
    """A cursor goes on with the question that it was given for, and no other."""
    bench = Bench()
    bench.store(*minutes(3))
    cursor = bench.get(EVENTS, key="web-1", limit="1").body["next"]
    assert 200 == bench.get(EVENTS, key="web-1", limit="2", cursor=cursor).status
    assert 400 == bench.get(EVENTS, key="web-2", cursor=cursor).status
    assert 400 == bench.get(EVENTS, key="web-1", type="log.v1", cursor=cursor).status
    assert 400 == bench.get(EVENTS, key="web-1", since="2026-11-23T10:00:00Z", cursor=cursor).status
    assert 400 == bench.get(EVENTS, key="web-1", cursor=cursor[:-2]).status


@pytest.mark.parametrize(
    "place", [Place("0", "event#x"), Place("9" * 1025, "event#x"), Place("2026", "event#" + "x" * 600), Place("z", "")]
)
def test_a_forged_cursor(place: Place) -> None:
    """A place that no page ends at is refused, though its digest is right."""
    question = '["k","1000",":",true,null]'
    bench = Bench()
    assert 200 == bench.get(EVENTS, key="k", cursor=write(Place("2026", "event#x"), question)).status
    assert 400 == bench.get(EVENTS, key="k", cursor=write(place, question)).status


@pytest.mark.parametrize("resource", ["/health", "/openapi.json"])
def test_fixed_answers(resource: str) -> None:
    """They need no table, and take no parameters."""
    bench = Bench(table=FakeTimeline("another"))
    assert 200 == bench.get(resource).status
    assert 400 == bench.get(resource, x="y").status


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (aws_error("ProvisionedThroughputExceededException"), 429),
        (aws_error("ThrottlingException"), 429),
        (aws_error("InternalServerError", 500), 503),
    ],
)
def test_when_the_table_fails(error: Exception, status: int) -> None:
    """A table that throttles or is down is a matter of time, and the answer says so."""
    bench = Bench(table=FakeTimeline(query_errors=[error]))
    answer = bench.get(EVENTS, key="k")
    assert (status, True) == (answer.status, answer.headers["Retry-After"] in answer.body["detail"])


@pytest.mark.parametrize("code", ["AccessDeniedException", "ValidationException"])
def test_a_misconfiguration_is_raised(code: str) -> None:
    """A table that may not be read, or is another than it should be, fails the invocation."""
    with pytest.raises(Misconfiguration, match=code):
        Bench(table=FakeTimeline(query_errors=[aws_error(code)])).get(EVENTS, key="k")


def test_single_values() -> None:
    """Parameters are also found where there is only one value of each in the event."""
    event = {**api_event("GET", EVENTS, query={"key": ["k"]}), "multiValueQueryStringParameters": None}
    assert 200 == Bench().answer(event).status


def test_a_cursor_is_url_safe() -> None:
    """It goes into a query as it is."""
    bench = Bench()
    bench.store(*minutes(2, "?>~ÿ"))
    cursor = bench.get(EVENTS, key="?>~ÿ", limit="1").body["next"]
    assert cursor.replace("-", "").replace("_", "").isalnum()
    assert b"2026-11-23T10:01:00.000000000Z" in base64.urlsafe_b64decode(cursor + "==")
