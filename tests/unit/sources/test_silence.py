"""A minute with services that are slow, silent or out of reach: whatever each call takes, there is an answer."""

from __future__ import annotations

from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, cast

import pytest
from botocore.exceptions import ReadTimeoutError
from hypothesis import given
from hypothesis import strategies as st

from pipeline.aws.backoff import Backoff
from pipeline.aws.claims import ClaimsBucket
from pipeline.aws.kinesis import KinesisStream
from pipeline.aws.patience import PROMPT
from pipeline.aws.s3 import DeadLetterBucket
from pipeline.aws.sqs import Visibility
from pipeline.core.submission import Rules
from pipeline.core.validate import compile_schemas
from pipeline.producer import KinesisSink, Pace
from pipeline.routes import PROCESS
from pipeline.sources.intake import Intake
from pipeline.sources.queue import QueueBatches
from pipeline.testing.arrivals import SENT_AT_MS, fifo_event, message_id, sqs_event
from pipeline.testing.bench import SCHEMA
from pipeline.testing.countdown import Countdown
from pipeline.testing.ports import Actions, FakeReport
from pipeline.topology import INGEST_QUEUE
from tests.unit.sources.door import BAD

if TYPE_CHECKING:
    from mypy_boto3_kinesis import KinesisClient
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_sqs import SQSClient

LARGE = "x" * 500_000
RULES = Rules(compile_schemas(SCHEMA), PROCESS, claims_bucket="claims")


@dataclass
class Slow:
    """Kinesis, S3 and SQS: how many seconds each call takes, and whether it is answered; all after them are silent."""

    calls: list[tuple[float, bool]] = field(default_factory=list)
    told: list[str] = field(default_factory=list)
    meta: SimpleNamespace = field(default_factory=lambda: SimpleNamespace(endpoint_url="https://sqs"))
    clock: Countdown = field(default_factory=lambda: Countdown(INGEST_QUEUE.timeout_seconds))

    def put_object(self, **_: Any) -> None:  # noqa: ANN401 - the client's
        self._call()

    def put_records(self, *, Records: list[Any], **_: Any) -> dict[str, Any]:  # noqa: ANN401, N803 - the client's
        self._call()
        return {"Records": [{"SequenceNumber": "1", "ShardId": "shardId-000000000000"} for _ in Records]}

    def _call(self) -> None:
        seconds, is_answered = self.calls.pop(0) if self.calls else (PROMPT.call_seconds, False)
        self.clock.spend(seconds)
        if not is_answered:
            raise ReadTimeoutError(endpoint_url="https://aws")

    def change_message_visibility_batch(self, **_: Any) -> dict[str, Any]:  # noqa: ANN401 - the client's
        self._call()
        return {}

    def batches(self) -> QueueBatches:
        claims = ClaimsBucket(cast("S3Client", self), "claims")
        pace, backoff = Pace(sleep=self.clock.sleep), Backoff(sleep=self.clock.sleep)
        intake = Intake(
            KinesisSink(KinesisStream(cast("KinesisClient", self), "events"), pace, claims),
            DeadLetterBucket(cast("S3Client", self), "dead", "ingest_queue", backoff),
            RULES,
            FakeReport(Actions()),
            lambda: SENT_AT_MS / 1000,
            PROMPT.call_seconds,
            calls_after=1,
        )
        return QueueBatches(intake, Visibility(cast("SQSClient", self), PROMPT.call_seconds, self.told.append))


BATCHES = [
    sqs_event("a", LARGE, BAD),
    sqs_event(LARGE, BAD),
    sqs_event(LARGE, LARGE, LARGE, "b"),
    sqs_event(*"abc"),
    fifo_event(LARGE, BAD),
    fifo_event(BAD, LARGE, "a", BAD, "b"),
    fifo_event(*"abcdefghij"),
]


@pytest.mark.parametrize("batch", BATCHES)
def test_all_are_silent(batch: dict[str, Any]) -> None:
    """Services that do not answer, one after the other, leave time for the answer; it names every message."""
    slow = Slow()
    answer = slow.batches().answer(batch, slow.clock)

    assert [{"itemIdentifier": message_id(number)} for number in range(len(batch["Records"]))] == [
        *answer["batchItemFailures"]
    ]
    assert slow.clock.left > 0
    assert [f"{len(batch['Records'])} messages come again only after their queue's own time"] == [
        told.partition(":")[0] for told in slow.told
    ]


@given(st.sampled_from(BATCHES), st.lists(st.tuples(st.floats(0, PROMPT.call_seconds), st.booleans()), max_size=20))
def test_any_are_slow(batch: dict[str, Any], calls: list[tuple[float, bool]]) -> None:
    """Whatever each call takes within its limit, and whatever comes of it, the answer is in time."""
    slow = Slow(calls)
    slow.batches().answer(batch, slow.clock)

    assert slow.clock.left > 0
