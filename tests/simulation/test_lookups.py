"""Enrichment under faults: tables and objects that are away, throttled, slow or half answered change no result."""

from __future__ import annotations

import dataclasses
from collections import Counter, deque
from typing import TYPE_CHECKING

import orjson

from pipeline.lookups import object_row, reference
from pipeline.testing.bench import STAGES
from pipeline.testing.lambda_events import log_event
from pipeline.testing.mapping import Promise
from pipeline.testing.mapping.cloud import Cloud
from pipeline.testing.mapping.fault_kinds import CallFault
from pipeline.testing.mapping.simulator import Context
from pipeline.transforms.shape import delete

if TYPE_CHECKING:
    from pipeline.core.process import Stages
    from pipeline.core.route import Route

LOOKUPS = (
    reference("/attributes/id", table="customers", into="/attributes/customer", missing="reject"),
    object_row("/attributes/to", name="countries.csv", by="code", into="/attributes/country"),
)
RECORDS = 30


def enriched() -> Stages:
    """The stages of `process`, where logs are enriched, and their key is forgotten then."""
    route: Route = dataclasses.replace(STAGES.routes["log.v1"], lookups=LOOKUPS, then=(delete("/attributes/to"),))
    return dataclasses.replace(STAGES, routes={**STAGES.routes, "log.v1": route})


def promise() -> Promise:
    """Records of three keys; each seventh has no customer."""
    puts = [
        (f"k-{n % 3}", orjson.dumps(log_event(f"e-{n}", key=f"k-{n % 3}", attributes={"id": n, "to": "DE"})))
        for n in range(RECORDS)
    ]
    rows = {("customers", str(n)): {"n": {"N": str(n)}} for n in range(RECORDS) if n % 7}
    return Promise(enriched(), puts, rows=rows, objects={"countries.csv": b"code,name\nDE,Germany\n"})


def test_all_goes_well() -> None:
    """What is delivered has its facts; what has no customer is a dead letter."""
    results = promise().results()
    lines = {line["id"]: line["data"]["attributes"] for line in results.lines()}
    country = {"code": "DE", "name": "Germany"}
    assert {f"e-{n}": {"id": n, "customer": {"n": n}, "country": country} for n in range(RECORDS) if n % 7} == lines
    assert 5 == len(results.dead_letters)


def test_promise() -> None:
    """Whatever goes wrong, also with what is looked up: nothing is lost, doubled, moved back or without its facts."""
    assert [] == promise().broken(range(200))


def test_faults_of_lookups_are_met() -> None:
    """A table that is throttled for long holds the stream at that record, and nothing of the batch is written yet."""
    met: Counter[str] = Counter()
    cloud = Cloud(plans={"rows": deque([CallFault.THROTTLED] * 500)}, met=met)
    tried = promise()
    for key, data in tried.puts:
        cloud.stream.put(key, data)
    event = {"Records": [record.original for record in cloud.stream.records()]}
    began_at = cloud.clock.now()
    with cloud:
        answer = cloud.handler(tried.stages)(event, Context(cloud.clock, cloud.clock.now() + 60))
    first = event["Records"][0]["kinesis"]["sequenceNumber"]
    assert {"batchItemFailures": [{"itemIdentifier": first}]} == answer
    assert ({}, {}) == (dict(cloud.table.items), cloud.results().objects)
    assert met["rows: the call is throttled"] > 3
    assert cloud.clock.now() - began_at < 20
