from __future__ import annotations

import gzip
import json
from collections import Counter
from copy import replace
from typing import TYPE_CHECKING, Any

import pytest

from pipeline.core import kpl
from pipeline.errors import BugFlood, Rejection
from pipeline.model import Failure, Ledger, Reason, Stage
from pipeline.testing.bench import ACKNOWLEDGED, STAGES, Bench, claimed, logs, numbers
from pipeline.testing.lambda_events import aggregate, kinesis_event, log_event, log_subscription

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pipeline.model import Event

SIZES = (1, 2, 3, 10, 100)
BUGGY = "a body that the transform does not expect"
UNWANTED = "a body that the transform rejects"
REFUSED = Failure("the table will never take it", permanent=True)


def buggy(event: Event) -> Sequence[Event]:
    if event.data["body"] == BUGGY:
        raise ZeroDivisionError
    if event.data["body"] == UNWANTED:
        raise Rejection(Reason.REJECTED_BY_TRANSFORM, "not wanted")
    return (event,)


def with_log(**envelope: Any) -> bytes | dict[str, Any]:  # noqa: ANN401 - any wrong value
    return {**log_event(), **envelope}


def deep(levels: int) -> Any:  # noqa: ANN401 - JSON
    return {"a": deep(levels - 1)} if levels else "x"


def body(literal: str) -> bytes:
    return json.dumps(log_event()).replace('"started"', literal).encode()


LOG = STAGES.routes["log.v1"]
ROUTES = {**STAGES.routes, "log.v1": replace(LOG, transforms=(buggy, *LOG.transforms))}
BUGGY_STAGES = replace(STAGES, routes=ROUTES)
GZIP = gzip.compress(b"a log line\n" * 20, mtime=0)
PACKED = aggregate(log_event("a"), log_event("b"))
CORRUPT: dict[str, bytes] = {}
CORRUPTED = claimed(log_event(body="left, and overwritten"), CORRUPT)
CORRUPT = dict.fromkeys(CORRUPT, b"{}")

# What the record's data are, and the reason and the stage of its dead letter.
POISON: dict[str, tuple[bytes | dict[str, Any], Reason, Stage]] = {
    "not base64": (b"", Reason.NOT_BASE64, Stage.DECODE),
    "no bytes": (b"", Reason.NOT_JSON, Stage.DECODE),
    "not UTF-8": (b"\xff\xfe", Reason.NOT_UTF8, Stage.DECODE),
    "half a surrogate": (body('"\\ud800"'), Reason.NOT_JSON, Stage.DECODE),
    "not JSON": (b"a log line", Reason.NOT_JSON, Stage.DECODE),
    "NaN": (body("NaN"), Reason.NOT_JSON, Stage.DECODE),
    "null": (b"null", Reason.NOT_AN_EVENT, Stage.DECODE),
    "an array": (b"[]", Reason.NOT_AN_EVENT, Stage.DECODE),
    "not an event": (b"{}", Reason.NOT_AN_EVENT, Stage.DECODE),
    "a key twice": (body('"a","body":"b"'), Reason.DUPLICATE_KEY, Stage.DECODE),
    "unknown type": (with_log(type="log.v99"), Reason.UNKNOWN_TYPE, Stage.VALIDATE),
    "schema-invalid": (with_log(data={"body": 7}), Reason.SCHEMA_INVALID, Stage.VALIDATE),
    "bad time": (with_log(time="yesterday"), Reason.TIME_INVALID, Stage.TRANSFORM),
    "long integer": (body(str(2**64)), Reason.NUMBER_OUT_OF_RANGE, Stage.DECODE),
    "a very long integer": (body("1" * 5000), Reason.NUMBER_OUT_OF_RANGE, Stage.DECODE),
    "infinite": (body("1e999"), Reason.NUMBER_OUT_OF_RANGE, Stage.DECODE),
    "large number": (log_event(attributes={"n": 1e200}), Reason.NUMBER_OUT_OF_RANGE, Stage.ROUTE),
    "too deep": (log_event(attributes=deep(40)), Reason.TOO_DEEP, Stage.ROUTE),
    "far too deep": (log_event(attributes=deep(200)), Reason.TOO_DEEP, Stage.DECODE),
    "abysmal": (b'{"a":' * 2000 + b"1" + b"}" * 2000, Reason.TOO_DEEP, Stage.DECODE),
    "too large for an item": (log_event(body="x" * 400 * 1024), Reason.TOO_LARGE, Stage.ROUTE),
    "a corrupt aggregate": (PACKED[:-1] + bytes([PACKED[-1] ^ 1]), Reason.AGGREGATE_CORRUPT, Stage.UNPACK),
    "an aggregate that breaks off": (PACKED[:40], Reason.AGGREGATE_CORRUPT, Stage.UNPACK),
    "the beginning of an aggregate": (kpl.MAGIC, Reason.AGGREGATE_CORRUPT, Stage.UNPACK),
    "corrupt gzip": (GZIP[:-6] + bytes(6), Reason.GZIP_CORRUPT, Stage.UNPACK),
    "gzip that breaks off": (GZIP[:-3], Reason.GZIP_CORRUPT, Stage.UNPACK),
    "a gzip bomb": (gzip.compress(bytes(1_000_000)), Reason.TOO_LARGE, Stage.UNPACK),
    "gzip of no JSON": (GZIP, Reason.NOT_JSON, Stage.UNPACK),
    "no subscription": (log_subscription("x", messageType="NEWS"), Reason.NOT_AN_EVENT, Stage.UNPACK),
    "a change of no table": ({"eventSource": "aws:dynamodb"}, Reason.NOT_AN_EVENT, Stage.DECODE),
    "a claim that is gone": (claimed(log_event(body="left"), {}), Reason.CLAIM_MISSING, Stage.DECODE),
    "a claim of something else": (CORRUPTED, Reason.CLAIM_CORRUPT, Stage.DECODE),
    "a reference elsewhere": (with_log(data=None, dataref="s3://theirs/x"), Reason.NOT_AN_EVENT, Stage.DECODE),
    "refused by DynamoDB": (log_event("refused"), Reason.REFUSED_BY_SINK, Stage.WRITE),
    "rejected by a transform": (log_event(body=UNWANTED), Reason.REJECTED_BY_TRANSFORM, Stage.TRANSFORM),
    "a bug": (log_event(body=BUGGY), Reason.BUG, Stage.TRANSFORM),
}
# One bug in a batch of one is most of it: a flood, which is raised.
ALONE = [name for name in POISON if name != "a bug"]


@pytest.mark.parametrize(
    ("size", "name"), [(size, name) for size in SIZES for name in (POISON if size > 1 else ALONE)], ids=str
)
def test_poison(size: int, name: str) -> None:
    """Wherever a poison record stands, all others are delivered with it, and it is one dead letter, as it came."""
    poison, reason, stage = POISON[name]
    batch = logs(size)
    ledger = Ledger(size, delivered=size - 1, dead_lettered=1, reasons=Counter({reason: 1}))
    for place in range(1, size + 1):
        bench = Bench(BUGGY_STAGES, items={place: REFUSED} if reason is Reason.REFUSED_BY_SINK else {}, left=CORRUPT)
        (record,) = kinesis_event(poison, first=place)["Records"]
        if name == "not base64":
            record["kinesis"]["data"] = "%"
        records = [*batch["Records"][: place - 1], record, *batch["Records"][place:]]
        assert ACKNOWLEDGED == bench.consume({"Records": records})
        good = numbers(1, size, but=[place])
        assert ([good], [good] if good else []) == (bench.actions.named("items"), bench.actions.named("archive"))
        (letter,) = bench.dead_letters.kept
        assert (str(place), reason, stage) == (letter.record.position.sequence_number, letter.reason, letter.stage)
        assert record is letter.record.original
        assert ledger == bench.ledger()


def test_a_bug_alone() -> None:
    """A bug that is a whole batch is a flood: nothing is acknowledged, and nothing is kept or written."""
    bench = Bench(BUGGY_STAGES)
    with pytest.raises(BugFlood, match=r"^most of 1 records hit a bug"):
        bench.consume(kinesis_event(log_event(body=BUGGY)))
    assert [] == bench.actions.taken


def test_every_reason() -> None:
    """No reason of a dead letter is left out here, but those that only an object in the drop bucket has."""
    of_objects = {each for each in Reason if each.startswith("object_")}
    of_objects |= {Reason.NOT_OF_FORMAT, Reason.ZSTD_CORRUPT, Reason.DECOMPRESSION_BOMB, Reason.TOO_MANY_BAD_LINES}
    assert {*Reason} - of_objects == {reason for _, reason, _ in POISON.values()}
