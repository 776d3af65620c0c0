"""What arrives, and what becomes of it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import orjson

from pipeline.core.arrival import accept, read
from pipeline.core.bus_types import bus_types
from pipeline.core.submission import Rules
from pipeline.core.validate import compile_schemas
from pipeline.model import DeadLetter, Entry
from pipeline.routes import PROCESS
from pipeline.testing.arrivals import (
    fifo_event,
    message_id,
    sns_body,
    sns_event,
    sqs_event,
)
from pipeline.testing.bench import SCHEMA
from pipeline.testing.lambda_events import log_event

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

RULES = Rules(compile_schemas(SCHEMA), PROCESS, bus=bus_types(SCHEMA))
ID, BUS = message_id(), "aws.eventbridge/com.shop.orders"
OURS = json.dumps(log_event("e-1", key="key"))
BY: dict[str, Callable[[str], dict[str, Any]]] = {
    "sns": sns_event,
    "sqs": sqs_event,
    "fifo": fifo_event,
    "sns in sqs": lambda text: sqs_event(sns_body(text)),
    "sns in fifo": lambda text: fifo_event(sns_body(text)),
}


def outcome(event: Mapping[str, Any]) -> Entry | DeadLetter:
    """What becomes of the one record of an event."""
    (record,) = read(event)
    return accept(record, RULES)


def put(event: Mapping[str, Any]) -> dict[str, Any]:
    """The event that goes onto the stream."""
    entry = outcome(event)
    assert isinstance(entry, Entry), entry
    envelope: dict[str, Any] = orjson.loads(entry.data)
    return envelope


def refused(event: Mapping[str, Any]) -> DeadLetter:
    """Why it never can."""
    letter = outcome(event)
    assert isinstance(letter, DeadLetter), letter
    return letter
