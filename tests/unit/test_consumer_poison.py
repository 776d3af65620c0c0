from __future__ import annotations

import json
from collections import Counter
from typing import Any

import pytest

from pipeline.model import Ledger, Reason, Stage
from pipeline.testing.bench import ACKNOWLEDGED, Bench, logs, numbers
from pipeline.testing.lambda_events import kinesis_event, log_event


def with_log(**envelope: Any) -> bytes | dict[str, Any]:  # noqa: ANN401 - any wrong value
    return {**log_event(), **envelope}


def deep(levels: int) -> Any:  # noqa: ANN401 - JSON
    return {"a": deep(levels - 1)} if levels else "x"


POISON: dict[str, tuple[bytes | dict[str, Any], Reason, Stage]] = {
    "not base64": (b"", Reason.NOT_BASE64, Stage.DECODE),
    "not UTF-8": (b"\xff\xfe", Reason.NOT_UTF8, Stage.DECODE),
    "not JSON": (b"a log line", Reason.NOT_JSON, Stage.DECODE),
    "not an event": (b"{}", Reason.NOT_AN_EVENT, Stage.DECODE),
    "unknown type": (with_log(type="log.v2"), Reason.UNKNOWN_TYPE, Stage.VALIDATE),
    "schema-invalid": (with_log(data={"body": 7}), Reason.SCHEMA_INVALID, Stage.VALIDATE),
    "bad time": (with_log(time="yesterday"), Reason.TIME_INVALID, Stage.TRANSFORM),
    "long integer": (json.dumps(log_event(attributes={"n": 2**64})).encode(), Reason.NUMBER_OUT_OF_RANGE, Stage.DECODE),
    "large number": (log_event(attributes={"n": 1e200}), Reason.NUMBER_OUT_OF_RANGE, Stage.ROUTE),
    "too deep": (log_event(attributes=deep(40)), Reason.TOO_DEEP, Stage.ROUTE),
    "far too deep": (log_event(attributes=deep(200)), Reason.TOO_DEEP, Stage.DECODE),
    "abysmal": (b'{"a":' * 2000 + b"1" + b"}" * 2000, Reason.TOO_DEEP, Stage.DECODE),
    "too large for an item": (log_event(body="x" * 400 * 1024), Reason.TOO_LARGE, Stage.ROUTE),
}


@pytest.mark.parametrize(("size", "place"), [(size, place) for size in range(1, 6) for place in range(1, size + 1)])
@pytest.mark.parametrize("name", POISON)
def test_poison(size: int, place: int, name: str) -> None:
    """Wherever a poison record stands, all others are delivered, and it is one dead letter with its reason."""
    poison, reason, stage = POISON[name]
    bench = Bench()
    batch = logs(size)
    (record,) = kinesis_event(poison, first=place)["Records"]
    batch["Records"][place - 1] = record
    if name == "not base64":
        record["kinesis"]["data"] = "%"
    assert ACKNOWLEDGED == bench.consume(batch)
    good = numbers(1, size, but=[place])
    assert [
        ("items", good),
        ("states", []),
        ("dead letter", (str(place), reason)),
        *([("archive", good)] if good else []),
        ("ledger", Ledger(size, delivered=size - 1, dead_lettered=1, reasons=Counter({reason: 1}))),
    ] == bench.actions.taken
    (letter,) = bench.dead_letters.kept
    assert (record, stage) == (letter.record.original, letter.stage)
