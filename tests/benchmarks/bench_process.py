"""What `process` costs a record, beside the floor and beside the usual way, in one run on one thread.

Before anything is timed, both ways must have made the same items and lines of a batch that has everything in it. Then
the cases take turns, and the best round of each counts. Absolute times swing with the machine; the ratios hold.
Run: make bench
"""

from __future__ import annotations

import base64
import sys
import time
from datetime import UTC, datetime, timedelta
from itertools import batched
from typing import TYPE_CHECKING, Any, NoReturn

import orjson

from pipeline.consumer import Consumer
from pipeline.core.process import finish, prepare
from pipeline.core.records import read
from pipeline.environment import read_schemas
from pipeline.model import Item, Line, State
from pipeline.project import SCHEMAS
from pipeline.routes import process_stages
from pipeline.testing.dynamodb_items import read_item
from pipeline.testing.lambda_events import aggregate, kinesis_event, log_event
from tests.benchmarks.usual_way import UsualWay

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from pipeline.model import Delivery, Failure, Ledger, Position
    from pipeline.ports import Remaining

RECORDS = 2_000
ROUNDS = 9
IN_AN_AGGREGATE = 75
STAGES = process_stages(read_schemas(SCHEMAS))
FLOOR, OURS, USUAL = "base64 + orjson.loads, thrown away", "the whole consumer", "Powertools BatchProcessor + pydantic"


class Nowhere:
    """Every port of the consumer, with nothing behind it."""

    def write(self, deliveries: Sequence[Delivery], remaining: Remaining) -> Mapping[Position, Failure]:
        """Take them."""
        del deliveries, remaining
        return {}

    def keep(self, *_: Any, **__: Any) -> NoReturn:  # noqa: ANN401 - whatever a dead letter comes with
        """A benchmark has no dead letters."""
        raise AssertionError("a record became a dead letter")

    def batch(self, ledger: Ledger, **_: Any) -> None:  # noqa: ANN401 - whatever else is told
        """Every record must have been delivered, or the figures mean nothing."""
        assert ledger.received == ledger.delivered


def logs() -> list[dict[str, Any]]:
    """Logs as a web server writes them, a millisecond apart."""
    start = datetime(2026, 11, 23, 10, 0, 0, 250, tzinfo=UTC)
    filler = {"http.request.method": "GET", "url.path": "/orders/42", "user_agent.original": "x" * 150}
    return [
        {
            **log_event(f"event-{n}", key="web-1", severity_text="INFO", attributes=filler),
            "time": (start + timedelta(milliseconds=n)).isoformat().replace("+00:00", "Z"),
        }
        for n in range(RECORDS)
    ]


def check_equal() -> None:
    """Both ways must make the same of a batch in which every transform has something to do."""
    at = "2026-11-23T10:00:00.000250Z"
    events = [
        {**log_event("plain"), "time": at},
        {**log_event("offset", key="k", observed_time=at), "time": "2026-11-23T23:30:00.500001-01:00"},
        {**log_event("named", severity_text="warning", attributes={"n": 7, "to": ["ada@example.com"]}), "time": at},
        {**log_event("numbered", severity_number=18, resource={"x": None, "y": True}), "time": at},
        {**log_event("dropped", severity_number=1), "time": at},
    ]
    for event, usual_run in (
        (kinesis_event(*events), (usual := UsualWay()).run),
        (kinesis_event(aggregate(*events)), usual.run_aggregated),
    ):
        usual_run(event)
        deliveries = finish(prepare(read(event), STAGES), {}, STAGES).deliveries
        assert usual.items == [read_item(each.item) for each in deliveries if isinstance(each, Item)]
        assert [(partition, orjson.loads(line)) for partition, line in usual.lines] == [
            (each.partition, orjson.loads(each.line)) for each in deliveries if isinstance(each, Line)
        ]
        assert len(usual.items) == len(events) - 1


def cases(event: dict[str, Any], packed: dict[str, Any]) -> dict[str, Callable[[], object]]:
    """What is compared; the first is what every other is measured against."""
    nowhere, usual = Nowhere(), UsualWay()
    consumer = Consumer(STAGES, {Item: nowhere, State: nowhere, Line: nowhere}, nowhere, nowhere, time.time)

    def floor() -> None:
        for record in event["Records"]:
            orjson.loads(base64.b64decode(record["kinesis"]["data"]))

    return {
        FLOOR: floor,
        "prepare: decode, validate, transform": lambda: prepare(read(event), STAGES),
        "prepare + finish: also route and encode": lambda: finish(prepare(read(event), STAGES), {}, STAGES),
        OURS: lambda: consumer.consume(event, lambda: 60.0),
        USUAL: lambda: usual.run(event),
        f"{OURS}, KPL": lambda: consumer.consume(packed, lambda: 60.0),
        f"{USUAL}, KPL": lambda: usual.run_aggregated(packed),
    }


def main() -> None:
    """Time the cases in turn, round by round, and print the best round of each."""
    check_equal()
    events = logs()
    packed = kinesis_event(*(aggregate(*each) for each in batched(events, IN_AN_AGGREGATE, strict=False)))
    best = dict.fromkeys(todo := cases(kinesis_event(*events), packed), float("inf"))
    for _ in range(ROUNDS):
        for name, run in todo.items():
            started = time.process_time()
            run()
            best[name] = min(best[name], time.process_time() - started)
    size = len(orjson.dumps(events[0]))
    print(f"{RECORDS:,} records of {size} bytes, plain and in KPL aggregates of {IN_AN_AGGREGATE};", end=" ")
    print(f"best of {ROUNDS} rounds, Python {sys.version.split()[0]}")
    for name, seconds in best.items():
        print(f"  {name:<45} {seconds / RECORDS * 1e6:7.2f} µs a record  {seconds / best[FLOOR]:5.1f} x the floor")
    for suffix in ("", ", KPL"):
        print(f"  {f'the usual way to ours{suffix}':<45} {best[USUAL + suffix] / best[OURS + suffix]:7.1f} times")


if __name__ == "__main__":
    main()
