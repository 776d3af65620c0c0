from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from pipeline.testing.mapping import Clock, KinesisSource, Simulator
from tests.simulation.recorded import NOTHING, RECORDED, Recorded

if TYPE_CHECKING:
    from collections.abc import Mapping


def simulate(run: Recorded) -> tuple[Simulator, list[list[int]]]:
    """The run once more in the simulator, and the batches that the function saw."""
    clock = Clock()
    source = KinesisSource(clock, next_number=1)
    seen: list[list[int]] = []

    def function(event: Mapping[str, Any], _: object) -> Any:  # noqa: ANN401 - the table has it
        seen.append([int(record["kinesis"]["sequenceNumber"]) for record in event["Records"]])
        bad = [number for number in seen[-1] if number in run.bad]
        if bad and run.raises:
            raise RuntimeError("told to")
        named = {"batchItemFailures": [{"itemIdentifier": str(number)} for number in bad]}
        return named if run.answer is NOTHING else run.answer

    simulator = Simulator(source, run.mapping(), function, clock)
    for put in run.puts:
        for _ in range(put):
            record = source.put("test", b"hello")
        clock.spend(run.older.get(record.sequence_number, 0))
    simulator.run()
    return simulator, seen


@pytest.mark.parametrize("run", RECORDED, ids=lambda run: run.name)
def test_recorded(run: Recorded) -> None:
    """The simulator invokes, retries and gives up as AWS was seen to do."""
    simulator, seen = simulate(run)
    given_up = [
        (
            each.records[0].sequence_number,
            each.records[-1].sequence_number,
            each.condition,
            max(1, each.attempts),
            each.function_error,
        )
        for each in simulator.on_failure.given_up
    ]
    assert (run.seen, list(run.given_up)) == (seen, given_up)


@pytest.mark.parametrize("run", [run for run in RECORDED if run.given_up], ids=lambda run: run.name)
def test_recorded_destination(run: Recorded) -> None:
    """What is written to the destination has the recorded fields, S3's also the records, and no others."""
    simulator, _ = simulate(run)
    ((first, last, condition, count, error),) = run.given_up
    sent, objects = simulator.on_failure.sent, simulator.on_failure.objects
    assert (["sqs"] * len(sent) + ["s3"] * len(objects)) == [run.settings["destination"]]
    record = json.loads(sent[0] if sent else next(iter(objects.values())))
    payload = record.pop("payload", None)
    assert bool(objects) is (payload is not None)
    if payload is not None:
        assert [str(first)] == [each["kinesis"]["sequenceNumber"] for each in payload["Records"]]
    response = record.pop("responseContext", None)
    expected = {"statusCode": 200, "executedVersion": "$LATEST", "functionError": error}
    assert (None if condition == "RecordAgeExceeded" else expected) == response
    request = record.pop("requestContext")
    assert {"requestId", "functionArn", "condition", "approximateInvokeCount"} == request.keys()
    assert (condition, count) == (request["condition"], request["approximateInvokeCount"])
    info = record.pop("KinesisBatchInfo")
    times = {"approximateArrivalOfFirstRecord", "approximateArrivalOfLastRecord"}
    assert {"shardId", "startSequenceNumber", "endSequenceNumber", "batchSize", "streamArn"} | times == info.keys()
    assert (str(first), str(last)) == (info["startSequenceNumber"], info["endSequenceNumber"])
    assert ("shardId-000000000000", last - first + 1) == (info["shardId"], info["batchSize"])
    assert {"version", "timestamp"} == record.keys()
