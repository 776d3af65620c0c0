"""Both functions over a fake stream and a fake table; every answer is held against the OpenAPI document."""

from __future__ import annotations

import itertools
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import jsonschema_rs
import orjson

from pipeline.api.ingest import Ingest
from pipeline.api.openapi import document
from pipeline.api.operations import INGEST, ingest_api, query_api
from pipeline.api.query import Query
from pipeline.aws.patience import PROMPT
from pipeline.aws.results import Results
from pipeline.core import kpl
from pipeline.core.decode import read_event
from pipeline.core.submission import Rules
from pipeline.core.validate import compile_schemas
from pipeline.environment import read_schemas
from pipeline.library import AGGREGATED
from pipeline.model import Item, Position, Record, State
from pipeline.producer import Pace
from pipeline.project import SCHEMAS
from pipeline.routes import PROCESS
from pipeline.testing.api_events import api_event
from pipeline.testing.countdown import Countdown
from pipeline.testing.dynamodb_items import read_item
from pipeline.testing.kinesis import FakeStream
from pipeline.testing.ports import FakeClaimStore
from pipeline.testing.timeline import FakeTimeline
from pipeline.topology import INGEST_API

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from pipeline.model import Accepted, Entry, Refused

SCHEMA = read_schemas(SCHEMAS)
RULES = Rules(compile_schemas(SCHEMA), PROCESS, AGGREGATED, "claims")
DOCUMENT = document(SCHEMA)
NOW = 1_764_000_000.25
JSON = "application/json"
CLOUDEVENT = "application/cloudevents+json"
BATCH = "application/cloudevents-batch+json"
NDJSON = "application/x-ndjson"


@dataclass
class Answer:
    """An answer, with its body read."""

    status: int
    body: Any
    headers: Mapping[str, str]


@dataclass
class FakeApiReport:
    """RequestReport: keeps what it is told."""

    told: list[dict[str, Any]] = field(default_factory=list)

    def request(self, operation: str, status: int, **rest: Any) -> None:  # noqa: ANN401 - the port's
        self.told.append({"operation": operation, "status": status, **rest})


@dataclass
class Slow:
    """A stream whose calls take their time."""

    stream: FakeStream
    clock: Countdown
    call_seconds: float

    def put(self, entries: Sequence[Entry]) -> Sequence[Accepted | Refused]:
        self.clock.spend(self.call_seconds)
        return self.stream.put(entries)


@dataclass
class Bench:
    """The API.

    Args:
        clock: the time left of the function; waits spend it, and calls.
        call_seconds: how much each call to the stream does.
    """

    stream: FakeStream = field(default_factory=FakeStream)
    table: FakeTimeline = field(default_factory=FakeTimeline)
    clock: Countdown = field(default_factory=lambda: Countdown(INGEST_API.timeout_seconds))
    call_seconds: float = 0.0
    claims: FakeClaimStore = field(default_factory=FakeClaimStore)
    report: FakeApiReport = field(default_factory=FakeApiReport)

    def __post_init__(self) -> None:
        ids = (f"made-{number}" for number in itertools.count(1))
        pace = Pace(jitter=lambda: 1.0, sleep=self.clock.sleep)
        stream = Slow(self.stream, self.clock, self.call_seconds)
        ingest = Ingest(stream, self.claims, RULES, "//api", lambda: NOW, lambda: next(ids), PROMPT.call_seconds, pace)
        client: Any = self.table
        self.ingest = ingest_api(ingest, self.report)
        self.query = query_api(Query(Results(client, "results"), DOCUMENT), self.report)

    def answer(self, event: Mapping[str, Any]) -> Answer:
        """The answer of the function that API Gateway would ask."""
        is_post = (event["httpMethod"], event["resource"]) in INGEST
        raw = (self.ingest if is_post else self.query).answer(event, self.clock)
        body = orjson.loads(raw["body"]) if raw["body"] else None
        answer = Answer(raw["statusCode"], body, raw["headers"])
        check(event["httpMethod"].lower(), event["resource"], answer)
        return answer

    def post(self, body: bytes | object, media_type: str = CLOUDEVENT, **headers: str) -> Answer:
        """POST /events; anything but bytes is written as JSON."""
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        sent = body if isinstance(body, bytes) else orjson.dumps(body)
        return self.answer(api_event("POST", "/events", headers={"Content-Type": media_type, **named}, body=sent))

    def get(self, resource: str, path: Mapping[str, str] | None = None, **query: str) -> Answer:
        return self.answer(api_event("GET", resource, path, query={name: [each] for name, each in query.items()}))

    def store(self, *envelopes: dict[str, Any]) -> None:
        """Have these processed."""
        for number, envelope in enumerate(envelopes):
            record = Record(Position("events", "0", str(number + 1)), {}, NOW)
            event = read_event(envelope, arrived_at=NOW)
            route = RULES.routes[event.type]
            for ready in route.transform(event):
                for delivery in (encode(record, ready) for encode in route.destinations):
                    if isinstance(delivery, Item | State):
                        self.table.put_item(TableName="results", Item=read_item(delivery.item))

    @property
    def put(self) -> list[Any]:
        """The events on the stream, in the order in which they were accepted, call by call."""
        accepted = [each for call in self.stream.calls for each in call if each in self.stream.records]
        return [orjson.loads(data) for each in accepted for data in unpacked(each)]


def unpacked(entry: Entry) -> list[bytes]:
    """The events of a record of the stream."""
    if not kpl.is_aggregate(entry.data):
        return [entry.data]
    return [each.data for each in kpl.unpack(entry.data)]


def check(method: str, resource: str, answer: Answer) -> None:
    """The answer is one that the document has for this operation, if it has the operation."""
    operation = DOCUMENT["paths"].get(resource, {}).get(method)
    if operation is None:
        return
    response = operation["responses"][str(answer.status)]
    schema = response["content"][answer.headers["Content-Type"]]["schema"]
    jsonschema_rs.validate({**schema, "components": DOCUMENT["components"]}, answer.body)


def change(table: str, key: str, version: int, after: dict[str, Any] | None) -> dict[str, Any]:
    """A `change.v1` event of an entity."""
    return {
        "specversion": "1.0",
        "id": f"{table}-{key}-{version}",
        "source": f"//{table}",
        "type": "change.v1",
        "time": "2026-11-23T10:00:00Z",
        "subject": f"{table}/{key}",
        "data": {
            "op": "d" if after is None else "c",
            "before": None,
            "after": after,
            "key": {"order_id": key},
            "source": {"table": table, "event_id": str(version), "sequence_number": f"{version:021}"},
        },
    }
