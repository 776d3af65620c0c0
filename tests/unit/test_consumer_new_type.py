"""A type, or a version, that comes before its schema: kept as a dead letter, and delivered once it is known."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from pipeline.aws.dynamodb import ItemSink
from pipeline.aws.s3 import ArchiveSink, DeadLetterBucket
from pipeline.consumer import Consumer
from pipeline.core.encode import archive_line, event_item
from pipeline.core.route import Route
from pipeline.core.validate import compile_schemas
from pipeline.model import Item, Line
from pipeline.testing.bench import ACKNOWLEDGED, SCHEMA, STAGES
from pipeline.testing.dynamodb import FakeDynamoDB
from pipeline.testing.lambda_events import ARRIVED_AT, kinesis_event, log_event
from pipeline.testing.ports import Actions, FakeReport
from pipeline.testing.s3 import FakeS3

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pipeline.core.process import Stages
    from pipeline.model import Ledger


class Deployed:
    """`process` with what it writes to, over several deploys of its code."""

    def __init__(self) -> None:
        self.table: Any = FakeDynamoDB()
        self.s3: Any = FakeS3({"archive": {}, "dead": {}})

    def consume(self, batch: Mapping[str, Any], stages: Stages) -> Ledger:
        actions = Actions()
        consumer = Consumer(
            stages,
            {Item: ItemSink(self.table, "results"), Line: ArchiveSink(self.s3, "archive")},
            DeadLetterBucket(self.s3, "dead", "process"),
            FakeReport(actions),
            lambda: ARRIVED_AT + 1,
        )
        assert ACKNOWLEDGED == consumer.consume(batch, lambda: 60)
        (ledger,) = actions.named("ledger")
        return ledger  # type: ignore[return-value] # what the fake was told

    def letters(self) -> list[dict[str, Any]]:
        return [json.loads(body) for _, body in sorted(self.s3.buckets["dead"].items())]


SHIPPED = {name: SCHEMA[name] for name in ("change.v1", "log.v1")}
BEFORE = replace(STAGES, validators=compile_schemas(SHIPPED))


def knowing(name: str) -> Stages:
    """The stages of a deploy that has the schema and the route of one type more."""
    schemas = {**SHIPPED, name: {"type": "object", "required": ["body"]}}
    routes = {**STAGES.routes, name: Route((), (event_item(keep_days=7), archive_line))}
    return replace(STAGES, validators=compile_schemas(schemas), routes=routes)


@pytest.mark.parametrize(
    ("name", "hint"), [("log.v2", "did you mean log.v1?"), ("of.no-route.v1", "known: change.v1, log.v1")]
)
def test_it_is_delivered_once_it_is_known(name: str, hint: str) -> None:
    """Its dead letter says what was meant, and its record, sent again, ends as if the schema had been there."""
    batch = kinesis_event({**log_event("e-1", key="web-1"), "type": name})
    deployed = Deployed()
    assert 1 == deployed.consume(batch, BEFORE).dead_lettered
    (letter,) = deployed.letters()
    assert ("unknown_type", "validate") == (letter["reason"], letter["stage"])
    assert f"type '{name}' has no schema; {hint}" == letter["detail"]
    assert ({}, {}) == (deployed.table.items, deployed.s3.buckets["archive"])

    for _ in range(2):  # redriven twice, it is there once
        assert 1 == deployed.consume({"Records": [letter["record"]]}, knowing(name)).delivered

    at_first = Deployed()
    at_first.consume(batch, knowing(name))
    assert at_first.table.items == deployed.table.items
    assert at_first.s3.buckets["archive"] == deployed.s3.buckets["archive"]
    position = "/".join(str(each) for each in letter["position"].values())
    assert [position] == [item["pipeline_position"]["S"] for item in deployed.table.items.values()]
