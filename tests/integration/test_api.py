"""The API, deployed: requests through API Gateway onto the stream, and questions about what was processed.

LocalStack has no authorizers, no throttling and no 29 seconds, and unpacks gzip itself, before the function sees it:
those are for the tests of the template, and for the unit tests with recorded requests.
"""

from __future__ import annotations

import gzip
import http.client
import uuid
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlencode, urlsplit

import orjson
import pytest

from pipeline.core.chunk import MAX_RECORD_BYTES
from pipeline.core.submission import MAX_BODY_BYTES
from pipeline.testing.lambda_events import log_event
from tests.integration.waiting import eventually

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pipeline.aws.clients import Clients

pytestmark = pytest.mark.integration

CLOUDEVENT, BATCH = "application/cloudevents+json", "application/cloudevents-batch+json"
NDJSON, JSON = "application/x-ndjson", "application/json"
PROBLEM = "application/problem+json"


@dataclass(frozen=True)
class Answer:
    status: int
    headers: Mapping[str, str]
    content: bytes

    @property
    def body(self) -> Any:  # noqa: ANN401 - JSON
        return orjson.loads(self.content)


@dataclass(frozen=True)
class Api:
    """The deployed API."""

    endpoint: str
    api_id: str

    def call(self, method: str, path: str, body: bytes | None = None, **headers: str) -> Answer:
        """One request; a header's name is written with `_` for `-`."""
        place = urlsplit(self.endpoint)
        connection = http.client.HTTPConnection(str(place.hostname), place.port, timeout=60)
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        try:
            connection.request(method, f"/_aws/execute-api/{self.api_id}/v1{path}", body, named)
            response = connection.getresponse()
            found = {name.title(): value for name, value in response.getheaders()}
            return Answer(response.status, found, response.read())
        finally:
            connection.close()

    def post(self, body: bytes | object, media_type: str = CLOUDEVENT, path: str = "/events", **headers: str) -> Answer:
        sent = body if isinstance(body, bytes) else orjson.dumps(body)
        return self.call("POST", path, sent, Content_Type=media_type, **headers)

    def get(self, path: str, **query: str) -> Answer:
        return self.call("GET", path + (f"?{urlencode(query)}" if query else ""))


@pytest.fixture(scope="module")
def api(localstack: Clients, stack: Mapping[str, str]) -> Api:
    return Api(str(localstack.endpoint_url), stack["ApiId"])


def fresh(count: int = 1, **data: object) -> list[dict[str, Any]]:
    """Events that no other test has, all of one key."""
    key = uuid.uuid4().hex
    return [log_event(f"{key}-{n}", key=key, **data) for n in range(count)]


def test_an_event_goes_in_and_out(api: Api) -> None:
    """An event that was accepted is found by its id and by its key, whatever characters these have."""
    event = log_event(f"{uuid.uuid4().hex} a/b%2F+é#", key=f"web/{uuid.uuid4().hex}+&é")
    answer = api.post(event)
    assert (202, {"accepted": 1, "ids": [event["id"]]}) == (answer.status, answer.body)
    found = eventually(lambda: api.get(f"/events/{quote(event['id'], safe='')}"), lambda seen: seen.status == 200)
    assert (200, event["data"]) == (found.status, found.body["data"])
    listed = eventually(lambda: api.get("/events", key=event["subject"]), lambda seen: bool(seen.body["items"]))
    assert [event["id"]] == [each["id"] for each in listed.body["items"]]


@pytest.mark.parametrize("is_packed", [False, True])
def test_every_way_in(api: Api, *, is_packed: bool) -> None:
    """A batch, NDJSON and bare data, plain and as gzip, all arrive once."""
    events = fresh(4)
    encoding = {"Content_Encoding": "gzip"} if is_packed else {}
    pack = gzip.compress if is_packed else bytes
    assert 202 == api.post(pack(orjson.dumps(events[:2])), BATCH, **encoding).status
    assert 202 == api.post(pack(orjson.dumps(events[2]) + b"\n\n"), NDJSON, **encoding).status
    for _ in range(2):
        answer = api.post(
            pack(orjson.dumps(events[3]["data"])),
            JSON,
            "/events/log.v1",
            Idempotency_Key=events[3]["id"],
            ce_subject=events[3]["subject"],
            **encoding,
        )
        assert (202, [events[3]["id"]]) == (answer.status, answer.body["ids"])
    listed = eventually(
        lambda: api.get("/events", key=events[0]["subject"], type="log.v1"), lambda seen: len(seen.body["items"]) == 4
    )
    assert {each["id"] for each in events} == {each["id"] for each in listed.body["items"]}


def test_a_thousand_events_of_one_key(api: Api) -> None:
    """One request is enough: they share records of the stream."""
    events = fresh(1000)
    answer = api.post(events, BATCH)
    assert (202, [each["id"] for each in events]) == (answer.status, answer.body["ids"])
    last = events[-1]["id"]
    assert 200 == eventually(lambda: api.get(f"/events/{last}"), lambda seen: seen.status == 200).status


@pytest.mark.parametrize("excess", [-1, 0, 1])
def test_the_limit_of_a_record(api: Api, localstack: Clients, stack: Mapping[str, str], excess: int) -> None:
    """An event too large to travel, or for an item, is found by the reference to its data, which were left as sent."""
    (event,) = fresh(body="")
    event["data"]["body"] = "x" * (MAX_RECORD_BYTES - len(orjson.dumps(event)) - len("bucket-00") + excess)
    assert 202 == api.post(event).status
    found = eventually(lambda: api.get(f"/events/{event['id']}"), lambda seen: seen.status == 200).body
    bucket, _, key = found["dataref"].removeprefix("s3://").partition("/")
    assert stack["ClaimsBucketName"] == bucket
    assert event["data"] == orjson.loads(localstack.s3.get_object(Bucket=bucket, Key=key)["Body"].read())


def test_part_is_refused(api: Api) -> None:
    """Each event has its own result, and only the good ones arrive."""
    good, bad = fresh(2)
    answer = api.post([good, {**bad, "data": {"severity_number": 99}}], BATCH)
    assert (207, [202, 400]) == (answer.status, [each["status"] for each in answer.body["results"]])
    assert 200 == eventually(lambda: api.get(f"/events/{good['id']}"), lambda seen: seen.status == 200).status
    assert 404 == api.get(f"/events/{bad['id']}").status


def test_pages(api: Api) -> None:
    """A list is read to its end by its cursors."""
    events = fresh(5)
    for minute, event in enumerate(events):
        event["time"] = f"2026-11-23T10:0{minute}:00Z"
    assert 202 == api.post(events, BATCH).status
    key = str(events[0]["subject"])
    eventually(lambda: api.get("/events", key=key), lambda seen: len(seen.body["items"]) == 5)
    pages: list[list[str]] = []
    following: dict[str, str] = {}
    while True:
        body = api.get("/events", key=key, since="2026-11-23T10:01:00Z", limit="2", **following).body
        pages.append([each["id"] for each in body["items"]])
        if body["next"] is None:
            break
        following = {"cursor": body["next"]}
    assert [each["id"] for each in reversed(events[1:])] == [each for page in pages for each in page]
    assert (
        400
        == api.get(
            "/events", key="another", limit="2", cursor=api.get("/events", key=key, limit="1").body["next"]
        ).status
    )


def test_state_and_history(api: Api, localstack: Clients, stack: Mapping[str, str]) -> None:
    """A row of a source table is found as an entity, with each of its changes."""
    table, order = stack["OrdersTableName"], f"{uuid.uuid4().hex}/ä"
    dynamodb: Any = localstack.dynamodb
    for total in ("1", "0.1234567890123456789"):
        dynamodb.put_item(TableName=table, Item={"order_id": {"S": order}, "total": {"N": total}})
    where = f"/state/{table}/{quote(quote(order, safe=''), safe='')}"
    state = eventually(lambda: api.get(where), lambda seen: seen.status == 200 and seen.body["data"]["total"] != 1)
    assert {"order_id": order, "total": "0.1234567890123456789"} == state.body["data"]
    history = eventually(lambda: api.get(f"{where}/history"), lambda seen: len(seen.body["items"]) == 2)
    assert ["c", "u"] == [each["data"]["op"] for each in history.body["items"]]


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/health", 200),
        ("GET", "/openapi.json", 200),
        ("HEAD", "/health", 200),
        ("OPTIONS", "/events", 204),
        ("GET", "/events", 400),
        ("GET", "/events?key=x&limit=0", 400),
        ("GET", "/events?key=x&cursor=y", 400),
        ("GET", "/events/nobody", 404),
        ("GET", "/state/nothing/nobody", 404),
        ("GET", "/", 404),
        ("GET", "/nowhere", 404),
        ("GET", "/events/a/b/c", 404),
        ("DELETE", "/events", 405),
        ("PUT", "/events/x", 405),
        ("POST", "/health", 405),
    ],
)
def test_statuses(api: Api, method: str, path: str, status: int) -> None:
    """Each status is reached through API Gateway; an error is a problem that explains itself."""
    answer = api.call(method, path)
    assert status == answer.status
    if status >= 400:
        assert (PROBLEM, status, True) == (
            answer.headers["Content-Type"],
            answer.body["status"],
            bool(answer.body["detail"]),
        )


@pytest.mark.parametrize(
    ("body", "media_type", "headers", "status"),
    [
        (b"{", CLOUDEVENT, {}, 400),
        (b"\xff\xfe", CLOUDEVENT, {}, 400),
        (b"{}", "text/plain", {}, 415),
        (b"{}", CLOUDEVENT, {"Content_Encoding": "br"}, 415),
        (gzip.compress(b" " * 20_000_000), CLOUDEVENT, {"Content_Encoding": "gzip"}, 413),
        (b" " * (MAX_BODY_BYTES + 1), CLOUDEVENT, {}, 413),
        (b" " * MAX_BODY_BYTES, CLOUDEVENT, {}, 400),
    ],
)
def test_bodies_that_are_refused(api: Api, body: bytes, media_type: str, headers: dict[str, str], status: int) -> None:
    """The limits hold for bodies as API Gateway hands them over, in base64."""
    answer = api.post(body, media_type, **headers)
    assert (status, PROBLEM) == (answer.status, answer.headers["Content-Type"])


def test_the_document_is_that_of_this_deployment(api: Api) -> None:
    """What is served names the types that are deployed."""
    document = api.get("/openapi.json").body
    assert ("3.1.0", True) == (document["openapi"], {"log.v1", "change.v1"} <= document["components"]["schemas"].keys())
