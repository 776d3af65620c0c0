"""What becomes of events that AWS puts onto a bus: from the bus to the table and the archive."""

from __future__ import annotations

from typing import Any

import orjson
import pytest

from pipeline.core import arrival, records
from pipeline.core.bus_types import bus_types
from pipeline.core.process import finish, prepare
from pipeline.core.submission import Rules
from pipeline.core.validate import compile_schemas
from pipeline.model import Entry, Item, Line, Notice
from pipeline.routes import PROCESS
from pipeline.testing.arrivals import bus_event
from pipeline.testing.bench import SCHEMA, STAGES
from pipeline.testing.dynamodb_items import read_item
from pipeline.testing.lambda_events import ARRIVED_AT, kinesis_event, log_event

RULES = Rules(compile_schemas(SCHEMA), PROCESS, bus=bus_types(SCHEMA))


def example(name: str, number: int = 0) -> dict[str, Any]:
    """One of the schema's own, without what is no part of a detail."""
    found: dict[str, Any] = SCHEMA[name]["examples"][number]
    return {each: value for each, value in found.items() if each not in {"detail-type", "account", "region"}}


@pytest.mark.parametrize(
    ("event", "name", "about", "days"),
    [
        (
            bus_event(SCHEMA["guardduty_finding.v1"]["examples"][0], "GuardDuty Finding", source="aws.guardduty"),
            "guardduty_finding.v1",
            "16afba5c5c43e07c9e3e5e2e544e95df",
            365,
        ),
        *(
            (
                bus_event(example("s3_object.v1", number), detail_type, source="aws.s3"),
                "s3_object.v1",
                "shop-uploads/invoices/2026/7.pdf",
                90,
            )
            for number, detail_type in enumerate(("Object Created", "Object Deleted", "Object Storage Class Changed"))
        ),
    ],
    ids=["finding", "created", "deleted", "moved"],
)
def test_where_it_goes(event: dict[str, Any], name: str, about: str, days: int) -> None:
    """It is found by its id and, with all others, by what it is about; the archive has the same."""
    (record,) = arrival.read(event)
    entry = arrival.accept(record, RULES)
    assert isinstance(entry, Entry)
    found = finish(prepare(records.read(kinesis_event(entry.data)), STAGES), {}, STAGES)
    assert [] == found.dead_letters
    item, line, *notices = found.deliveries
    assert isinstance(item, Item)
    assert isinstance(line, Line)
    stored, archived = read_item(item.item), orjson.loads(line.line)
    assert (f"event#{event['id']}", about, name) == tuple(stored[each]["S"] for each in ("pk", "timeline", "type"))
    assert str(int(ARRIVED_AT) + days * 86_400) == stored["expires_at"]["N"]
    assert event["detail"].items() <= archived["data"].items()
    assert name == "guardduty_finding.v1" or event["detail-type"] == archived["data"]["detail-type"]
    assert all(isinstance(each, Notice) and about == each.key for each in notices)
    assert (about, f"type={name}/date=2025-11-24/hour=16") == (archived["subject"], line.partition)


@pytest.mark.parametrize(
    ("name", "changed", "told"),
    [
        ("guardduty_finding.v1", {"severity": 6.9}, ["ResultsBus"]),
        ("guardduty_finding.v1", {"severity": 7}, ["ResultsBus", "AlertsTopic"]),
        ("guardduty_finding.v1", {"severity": 10}, ["ResultsBus", "AlertsTopic"]),
        ("s3_object.v1", {}, ["ObjectsQueue"]),
    ],
)
def test_who_is_told(name: str, changed: dict[str, Any], told: list[str]) -> None:
    """The bus of every finding, the topic of the severe ones, the queue of every object."""
    event = {**log_event("e-1"), "type": name, "data": {**SCHEMA[name]["examples"][0], **changed}}
    found = finish(prepare(records.read(kinesis_event(event)), STAGES), {}, STAGES)
    assert ([], told) == (found.dead_letters, [each.outlet for each in found.deliveries if isinstance(each, Notice)])
