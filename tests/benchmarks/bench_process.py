"""What `process` costs a record, beside the floor and the usual way, in one run on one thread.

Absolute times swing with the machine; the ratios in the last column hold. Run: make bench
"""

from __future__ import annotations

import base64
import sys
import time
from itertools import batched
from typing import TYPE_CHECKING, Any

import jsonschema_rs
import orjson
from aws_lambda_powertools.utilities.batch import BatchProcessor, EventType, process_partial_response

from pipeline.consumer import Consumer
from pipeline.core.process import finish, prepare
from pipeline.core.records import read
from pipeline.environment import read_schemas
from pipeline.model import Item, Line, State
from pipeline.project import SCHEMAS
from pipeline.routes import process_stages
from pipeline.testing.lambda_events import aggregate, kinesis_event, log_event

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from pipeline.model import DeadLetter, Delivery, Failure, Ledger, Position
    from pipeline.ports import Remaining

RECORDS = 2_000
ROUNDS = 7
IN_AN_AGGREGATE = 75


class Nowhere:
    """Every port of the consumer, with nothing behind it."""

    def write(self, deliveries: Sequence[Delivery], remaining: Remaining) -> Mapping[Position, Failure]:
        """Take them."""
        del deliveries, remaining
        return {}

    def keep(self, dead_letter: DeadLetter) -> None:
        """A benchmark has no dead letters."""
        raise AssertionError(dead_letter)

    def batch(self, ledger: Ledger, *, first: Position | None, last: Position | None, lag_seconds: float) -> None:
        """Every record must have been delivered, or the figures mean nothing."""
        del first, last, lag_seconds
        assert ledger.received == ledger.delivered


def cases(event: dict[str, Any], packed: dict[str, Any]) -> dict[str, Callable[[], object]]:
    """What is compared; the first is what every other is measured against."""
    schemas = read_schemas(SCHEMAS)
    stages = process_stages(schemas)
    validator = jsonschema_rs.Draft202012Validator(schemas["log.v1"], validate_formats=True)
    nowhere = Nowhere()
    consumer = Consumer(stages, {Item: nowhere, State: nowhere, Line: nowhere}, nowhere, nowhere, time.time)
    processor = BatchProcessor(event_type=EventType.KinesisDataStreams)

    def floor() -> None:
        for record in event["Records"]:
            orjson.loads(base64.b64decode(record["kinesis"]["data"]))

    def usual_record(record: Any) -> None:  # noqa: ANN401 - a KinesisStreamRecord
        validator.validate(record.kinesis.data_as_json()["data"])

    def usual() -> object:
        return process_partial_response(event, usual_record, processor)

    return {
        "base64 + orjson.loads, thrown away": floor,
        "Powertools BatchProcessor, validate, nothing else": usual,
        "prepare: decode, validate, transform": lambda: prepare(read(event), stages),
        "prepare + finish: also route and encode": lambda: finish(prepare(read(event), stages), {}, stages),
        "the whole consumer, sinks that discard": lambda: consumer.consume(event, lambda: 60.0),
        f"the same from KPL aggregates of {IN_AN_AGGREGATE}": lambda: consumer.consume(packed, lambda: 60.0),
    }


def main() -> None:
    """Time the cases in turn, round by round, and print the best round of each."""
    filler = {"http.request.method": "GET", "url.path": "/orders/42", "user_agent.original": "x" * 150}
    events = [log_event(f"event-{n}", key="web-1", severity_text="INFO", attributes=filler) for n in range(RECORDS)]
    event = kinesis_event(*events)
    packed = kinesis_event(*(aggregate(*each) for each in batched(events, IN_AN_AGGREGATE, strict=False)))
    best = dict.fromkeys(todo := cases(event, packed), float("inf"))
    for _ in range(ROUNDS):
        for name, run in todo.items():
            started = time.perf_counter()
            run()
            best[name] = min(best[name], time.perf_counter() - started)
    floor = next(iter(best.values()))
    size = len(orjson.dumps(events[0]))
    print(f"{RECORDS:,} records of {size} bytes, best of {ROUNDS} rounds, Python {sys.version.split()[0]}")
    for name, seconds in best.items():
        print(f"  {name:<52} {seconds / RECORDS * 1e6:7.2f} µs a record  {seconds / floor:5.1f} x")


if __name__ == "__main__":
    main()
