"""Outcomes on a terminal."""

from __future__ import annotations

import io
from typing import Any

import orjson
import pytest
from rich.console import Console

from pipeline.cli.trial import explain
from pipeline.cli.trial.given import records_in
from pipeline.cli.trial.run import Trial
from pipeline.cli.trial.schemas import read_schemas, stages
from pipeline.cli.trial.show import Show
from pipeline.model import Event
from pipeline.project import SCHEMAS
from pipeline.testing.lambda_events import aggregate, dynamodb_record, kinesis_record, log_event, log_subscription
from pipeline.transforms.timestamps import to_utc

CHANGED = {"id": {"S": "1"}, "n": {"N": "2"}}


@pytest.fixture
def trial() -> Trial:
    """The project's own schemas and routes; what cannot be run raises."""

    def skip(_given: object, why: str) -> None:
        raise AssertionError(why)

    return Trial(*stages(read_schemas(SCHEMAS), "log.v1", None), skip)


def shown(trial: Trial, value: object, *, is_explained: bool = False, width: int = 200) -> list[str]:
    console = Console(file=io.StringIO(), force_terminal=True, color_system=None, width=width, highlight=False)
    show = Show(console=console)
    for outcome in trial.run(records_in("f", 1, orjson.dumps(value)) or ()):
        if is_explained:
            show.lines(explain.lines(outcome, trial.steps(outcome)), is_whole=True)
        else:
            show.outcome(outcome)
    file: Any = console.file
    lines: list[str] = file.getvalue().splitlines()
    return [line.rstrip() for line in lines]


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (log_event(), ["f:1 delivered", "  2026-11-23 10:00:00 log     app.log started", "  unchanged"]),
        (
            log_event(severity_text="warning"),
            [
                "f:1 delivered",
                "  2026-11-23 10:00:00 warning app.log started",
                '  - /data/severity_text "warning"',
                '  + /data/severity_text "WARN"',
                "  + /data/severity_number 13",
            ],
        ),
        (
            log_event(severity_text="TRACE"),
            ["f:1 dropped by filter.drop_below", "  2026-11-23 10:00:00 TRACE   app.log started"],
        ),
        (
            log_event(attributes={"text": "x" * 60 + " ada@shop.example"})
            ,
            [
                "f:1 delivered",
                "  2026-11-23 10:00:00 log     app.log started",
                f'  - /data/attributes/text …{"x" * 19} ada@shop.example"',
                f'  + /data/attributes/text …{"x" * 19} ***@shop.example"',
            ],
        ),
        (
            {**log_event(), "time": "yesterday"},
            [
                "f:1 dead-lettered by timestamps.to_utc",
                "  yesterday log     app.log started",
                "  time_invalid at transform 'yesterday' is not RFC 3339 with a UTC offset",
            ],
        ),
        (
            b"a\x1b[31m",
            [
                "f:1 dead-lettered",
                "  a\\x1b[31m",
                "  not_json at decode unexpected character, expected a JSON value at character 1 (of 6 bytes)",
            ],
        ),
    ],
)  # fmt: skip
def test_a_record(data: bytes | dict[str, Any], expected: list[str], trial: Trial) -> None:
    """What it was, what became of it, and what differs; nothing in it drives the terminal."""
    assert expected == shown(trial, kinesis_record(data))


def test_why_it_was_a_dead_letter(trial: Trial) -> None:
    """Before what becomes of it now; of an aggregate, that user record alone."""
    record = kinesis_record(aggregate(log_event("a"), log_event("b"), log_event("c")))
    letter = {
        "reason": "unknown_type",
        "detail": "type 'log.v1' has no schema",
        "stage": "validate",
        "function": "process",
        "position": {"sub_sequence_number": 1},
        "record": record,
    }
    assert [
        "f:1#1 delivered",
        "  was dead-lettered: unknown_type at validate type 'log.v1' has no schema",
        "  2026-11-23 10:00:00 log     app.log started",
        "  unchanged",
    ] == shown(trial, letter)


def test_a_record_without_anything_in_it(trial: Trial) -> None:
    """A control message of CloudWatch Logs is dropped, and there are no stages to tell of."""
    record = kinesis_record(log_subscription(messageType="CONTROL_MESSAGE"))
    assert "f:1 dropped" == shown(trial, record)[0]
    corrupt = kinesis_record(b"\x1f\x8bno gzip")
    first, _, last = shown(trial, corrupt, is_explained=True)
    assert ("f:1 dead-lettered", True) == (first, last.startswith("  gzip_corrupt at unpack "))


def test_lines_are_cut_to_the_terminal(trial: Trial) -> None:
    """But for those that explain."""
    record = kinesis_record(log_event(attributes={"text": "x" * 500}))
    assert 40 == max(map(len, shown(trial, record, width=40)))
    assert any("x" * 500 in line for line in shown(trial, record, width=40, is_explained=True))


def test_a_split_event_says_so(trial: Trial) -> None:
    """Each part with its id, and where it differs from the whole."""

    def split(event: Event) -> list[Event]:
        return [*to_utc(event), Event(f"{event.id}-2", event.source, event.type, event.time, event.data)]

    route = trial.process.routes["log.v1"]
    trial.process = type(trial.process)(
        trial.process.decode,
        trial.process.validators,
        {"log.v1": type(route)((split,), route.destinations)},
        trial.process.unpack,
    )
    record = kinesis_record(log_event("e-1"))
    assert [
        "f:1 delivered as 2 events",
        "  2026-11-23 10:00:00 log     app.log started",
        "  1/2 e-1",
        "  unchanged",
        "  2/2 e-1-2",
        '  - /id "e-1"',
        '  + /id "e-1-2"',
    ] == shown(trial, record)
    assert ["  1/2 e-1", "  2/2 e-1-2"] == [line for line in shown(trial, record, is_explained=True) if "/2 " in line]


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (
            kinesis_record(log_event(severity_text="TRACE")),
            ["decode    decode.decode", "validate  log.v1", "transform timestamps.to_utc",
             "transform lambda_log.read", "transform severity.normalise", "transform filter.drop_below"],
        ),
        (
            kinesis_record({**log_event(), "data": {}}),
            ["decode    decode.decode", "validate  log.v1 rejects it"],
        ),
        (
            dynamodb_record({"id": {"S": "1"}}, after=CHANGED),
            ["decode    change.decode", "validate  change.v1", "transform own_writes.drop",
             "route     encode.stream_entry"],
        ),
    ],
)  # fmt: skip
def test_the_stages(value: object, expected: list[str], trial: Trial) -> None:
    """As far as the record came, of the function that it is for."""
    lines = shown(trial, value, is_explained=True)
    assert expected == [line for line in lines if line.startswith(("decode ", "validate ", "transform ", "route "))]


def test_what_is_written(trial: Trial) -> None:
    """Items, states, lines and entries with their keys, as plain JSON."""
    (relayed,) = trial.run(records_in("f", 1, orjson.dumps(dynamodb_record({"id": {"S": "1"}}, after=CHANGED))) or ())
    entry = explain.as_json(relayed, trial.steps(relayed))["stages"][-1]
    assert ("stream", "orders/1", {"id": "1", "n": 2}) == (
        entry["to"],
        entry["partition_key"],
        entry["event"]["data"]["after"],
    )
    (change,) = trial.run(records_in("f", 1, orjson.dumps(kinesis_record(entry["event"]))) or ())
    item, state, line = explain.as_json(change, trial.steps(change))["stages"][-3:]
    assert ("state", "entity#orders/1", {"id": "1", "n": 2}) == (state["to"], state["key"], state["item"]["data"])
    assert (item["key"], "1") == (f"event#{line['line']['id']}", item["item"]["data"]["key"]["id"])


@pytest.mark.parametrize("size", [1000, 200_000])
def test_what_is_left_in_s3(size: int, trial: Trial) -> None:
    """A change that is too large to travel says where its data would be."""
    image = {"id": {"S": "1"}, "text": {"S": "x" * size}}
    (relayed,) = trial.run(records_in("f", 1, orjson.dumps(dynamodb_record({"id": {"S": "1"}}, after=image))) or ())
    entry = explain.as_json(relayed, trial.steps(relayed))["stages"][-1]
    assert (size > 180_000) == ("data_in" in entry)


def test_data_that_lie_elsewhere_are_not_guessed() -> None:
    """A record with a reference is none of the ledger's: it is told, and not run."""
    told: list[str] = []
    trial = Trial(
        *stages(read_schemas(SCHEMAS), "log.v1", None), lambda given, why: told.append(f"{given.line}: {why}")
    )
    record = kinesis_record({**log_event(), "data": None, "dataref": "s3://b/claims/x"})
    assert [] == list(trial.run(records_in("f", 7, orjson.dumps(record)) or ()))
    assert ["7: its data lie in S3 (s3://b/claims/x), and nothing is fetched here"] == told


def test_what_unfolds_to_more_than_a_batch_holds(trial: Trial, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is run in several, and each record has one outcome."""
    monkeypatch.setattr("pipeline.core.process.MAX_BATCH_BYTES", 1)
    batch = {"Records": [kinesis_record(log_event(f"e-{n}"), 100 + n) for n in range(5)]}
    outcomes = trial.run(records_in("f", 1, orjson.dumps(batch)) or ())
    assert [f"e-{n}" for n in range(5)] == [each.after[0].id for each in outcomes]
