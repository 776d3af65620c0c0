"""The rules of an event source mapping, each a test. Records are numbered from 1, and batches are runs of numbers."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pytest

from pipeline.testing.mapping import (
    EXHAUSTED,
    TOO_OLD,
    Clock,
    EventSourceMapping,
    KinesisSource,
    Outcome,
    Restless,
    Simulator,
    Source,
    TableSource,
    Throttled,
    Unproven,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from pipeline.testing.mapping import Context

ONE_TO_SIX = [1, 2, 3, 4, 5, 6]
DESTINATION: dict[str, Any] = {"destination": "s3"}


@dataclass
class Run:
    """A mapping over a stream; `answer` gets the numbers of a batch, and answers or raises."""

    answer: Callable[[list[int]], Any]
    settings: dict[str, Any] = field(default_factory=dict)
    source: Source | None = None
    seen: list[list[int]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.clock = self.source.clock if self.source else Clock()
        self.source = self.source or KinesisSource(self.clock, next_number=1)
        self.simulator = Simulator(
            self.source, EventSourceMapping(**self.settings), self.handle, self.clock, most_invocations=500
        )

    @property
    def stream(self) -> KinesisSource:
        assert isinstance(self.source, KinesisSource)
        return self.source

    def handle(self, event: Mapping[str, Any], _: Context) -> Any:  # noqa: ANN401 - anything can be answered
        self.seen.append([number_of(record) for record in event["Records"]])
        return self.answer(self.seen[-1])

    def given_up(self) -> list[tuple[list[int], str, int]]:
        return [
            ([record.sequence_number for record in each.records], each.condition, each.attempts)
            for each in self.simulator.on_failure.given_up
        ]


def number_of(record: Mapping[str, Any]) -> int:
    return int(record["kinesis"]["sequenceNumber"] if "kinesis" in record else record["dynamodb"]["SequenceNumber"])


def run_six(answer: Callable[[list[int]], Any], **settings: Any) -> Run:  # noqa: ANN401 - settings of any type
    run = Run(answer, settings)
    for _ in ONE_TO_SIX:
        run.stream.put("key", b"x")
    run.simulator.run()
    return run


def names(*numbers: int) -> dict[str, Any]:
    return {"batchItemFailures": [{"itemIdentifier": str(number)} for number in numbers]}


def names_poison(*poison: int) -> Callable[[list[int]], Any]:
    return lambda batch: names(*(number for number in poison if number in batch))


def raises_for(*poison: int) -> Callable[[list[int]], Any]:
    def answer(batch: list[int]) -> None:
        if any(number in batch for number in poison):
            raise RuntimeError("told to")

    return answer


def once(first: Callable[[list[int]], Any]) -> Callable[[list[int]], Any]:
    """The first batch is answered so, all others are acknowledged."""
    answers = [first]
    return lambda batch: answers.pop()(batch) if answers else None


# A1: partial failure --------------------------------------------------------------------------------------------------


def test_lowest_number_wins() -> None:
    """Rule 1: of several failures the lowest counts, as a number, and all from it on is delivered again."""
    assert [ONE_TO_SIX, [3, 4, 5, 6]] == run_six(once(lambda _: names(5, 3, 4))).seen
    run = Run(once(lambda _: names(10, 9)), source=KinesisSource(Clock(), next_number=8))
    for _ in range(4):
        run.stream.put("key", b"x")
    run.simulator.run()
    assert [[8, 9, 10, 11], [9, 10, 11]] == run.seen


@pytest.mark.parametrize("answer", ["", [], None, {}, names(), {"batchItemFailures": None}])
def test_success(answer: object) -> None:
    """Rule 4: what looks empty acknowledges the batch, also what a forgotten return gives."""
    assert [ONE_TO_SIX] == run_six(lambda _: answer).seen


@pytest.mark.parametrize("failure", [{"itemIdentifier": ""}, {"itemIdentifier": None}, {"foo": "3"}, {}, "3", None])
def test_whole_batch_fails(failure: object) -> None:
    """Rule 5: without an identifier the whole batch failed, whatever else is named."""
    answer = {"batchItemFailures": [*names(3)["batchItemFailures"], failure]}
    assert [ONE_TO_SIX, ONE_TO_SIX] == run_six(once(lambda _: answer)).seen


@pytest.mark.parametrize(("fails", "seen"), [(True, [ONE_TO_SIX] * 2), (False, [ONE_TO_SIX])])
def test_foreign_identifier(fails: bool, seen: list[list[int]]) -> None:  # noqa: FBT001 - a row of a table
    """Rule 5, not proven: an identifier that is not in a batch of several fails it, or is overlooked."""
    unproven = Unproven(foreign_identifier_fails=fails)
    assert seen == run_six(once(lambda _: names(99)), unproven=unproven).seen


@pytest.mark.parametrize("answer", [{"failedItems": ["3"]}, ["3"], "3", 1])
@pytest.mark.parametrize(("fails", "seen"), [(True, [ONE_TO_SIX] * 2), (False, [ONE_TO_SIX])])
def test_wrong_key(answer: object, fails: bool, seen: list[list[int]]) -> None:  # noqa: FBT001 - a row of a table
    """Rule 5, not proven: an answer without the one key fails the batch, or is success."""
    assert seen == run_six(once(lambda _: answer), unproven=Unproven(wrong_key_fails=fails)).seen


def test_failures_must_be_reported() -> None:
    """Rule 6: without ReportBatchItemFailures an answer that names failures is success."""
    assert [ONE_TO_SIX] == run_six(lambda _: names(3), reports_item_failures=False).seen


@pytest.mark.parametrize(("answer", "error"), [(names_poison(1), None), (raises_for(1), "Unhandled")])
def test_partial_failure_is_no_function_error(answer: Callable[[list[int]], Any], error: str | None) -> None:
    """Rule 7: the destination tells an exception from an answer that named failures."""
    run = run_six(answer, batch_size=1, maximum_retry_attempts=0, **DESTINATION)
    (body,) = run.simulator.on_failure.objects.values()
    expected = {"statusCode": 200, "executedVersion": "$LATEST", "functionError": error}
    assert expected == json.loads(body)["responseContext"]


def test_bisect_on_error() -> None:
    """Rule 8: a batch that raises is halved, and halved again, until the poison is alone; no retry is used up."""
    run = run_six(raises_for(3), bisects_on_error=True, maximum_retry_attempts=1)
    assert [ONE_TO_SIX, [1, 2, 3], [1], [2, 3], [2], [3], [3], [4, 5, 6]] == run.seen
    assert [([3], EXHAUSTED, 2)] == run.given_up()


def test_bisect_at_the_number() -> None:
    """Rule 8: with both settings a batch is cut at the number that was named, and only the rest comes again."""
    run = run_six(once(names_poison(4)), bisects_on_error=True)
    assert [ONE_TO_SIX, [4, 5, 6]] == run.seen


def test_cutting_uses_no_retry() -> None:
    """Rule 8: a failure that moves on costs no retry with bisect, even where progress resets nothing."""
    settings = {"maximum_retry_attempts": 0, "unproven": Unproven(progress_resets_retries=False)}

    def second(batch: list[int]) -> Any:  # noqa: ANN401 - JSON
        return names(*batch[1:2])

    run = run_six(second, bisects_on_error=True, **settings)
    assert ([ONE_TO_SIX[place:] for place in range(6)], []) == (run.seen, run.given_up())
    run = run_six(second, **settings)
    assert ([ONE_TO_SIX], [(ONE_TO_SIX[1:], EXHAUSTED, 1)]) == (run.seen, run.given_up())


@pytest.mark.parametrize(
    ("isolates", "given_up", "after"),
    [(False, [3, 4, 5, 6], []), (True, [3], [[4, 5, 6]])],
)
def test_poison_takes_its_neighbours(isolates: bool, given_up: list[int], after: list[list[int]]) -> None:  # noqa: FBT001 - a row of a table
    """Rule 9, not proven with bisect: the rest of the batch is given up with the poison, or the poison alone."""
    unproven = Unproven(isolates_poison=isolates, progress_resets_retries=False)
    settings = {"maximum_retry_attempts": 2, "unproven": unproven, "bisects_on_error": True}
    run = run_six(names_poison(3), **settings)
    assert ([ONE_TO_SIX, *[[3, 4, 5, 6]] * 3, *after], [(given_up, EXHAUSTED, 3)]) == (run.seen, run.given_up())


@pytest.mark.parametrize(("resets", "times", "count"), [(True, 3, 3), (False, 2, 3)])
def test_progress(resets: bool, times: int, count: int) -> None:  # noqa: FBT001 - a row of a table
    """Rule 10, not proven: a failure further on starts counting anew, or goes on counting."""
    unproven = Unproven(progress_resets_retries=resets)
    run = run_six(names_poison(3), maximum_retry_attempts=2, unproven=unproven)
    assert ([ONE_TO_SIX, *[[3, 4, 5, 6]] * times], [([3, 4, 5, 6], EXHAUSTED, count)]) == (run.seen, run.given_up())


@pytest.mark.parametrize("retries", [0, 1, 2, 3])
def test_retries(retries: int) -> None:
    """Rule 10: there is one invocation more than retries, then the batch is given up and the shard moves on."""
    run = run_six(raises_for(1), batch_size=3, maximum_retry_attempts=retries)
    assert ([[1, 2, 3]] * (retries + 1) + [[4, 5, 6]]) == run.seen
    assert [([1, 2, 3], EXHAUSTED, retries + 1)] == run.given_up()


def test_throttles_are_no_attempts() -> None:
    """Rule 10: where the function was not reached, nothing is counted."""
    throttles = [Throttled()] * 5

    def answer(_: list[int]) -> None:
        if throttles:
            raise throttles.pop()

    run = run_six(answer, maximum_retry_attempts=0)
    outcomes = [invocation.outcome for invocation in run.simulator.invocations]
    assert ([Outcome.THROTTLED] * 5 + [Outcome.SUCCEEDED], []) == (outcomes, run.given_up())


def test_too_old() -> None:
    """Rule 11: what is too old goes to the destination, also while it is retried; the rest of its batch goes on."""
    run = Run(raises_for(2), {"maximum_record_age_seconds": 60, **DESTINATION})
    for age in (1, 61, 30):
        run.stream.put("key", b"x")
        run.clock.spend(age)
    run.simulator.run()
    assert [([1, 2], TOO_OLD, 0)] == run.given_up()
    assert [[3]] == run.seen
    first, *_ = run.simulator.on_failure.objects.values()
    assert ("responseContext" in json.loads(first), json.loads(first)["requestContext"]["approximateInvokeCount"]) == (
        False,
        1,
    )


def test_no_limits() -> None:
    """Rule 12: by default one bad record blocks its shard for ever."""
    with pytest.raises(Restless, match="500 invocations"):
        run_six(raises_for(1))


def test_timeout_is_an_error() -> None:
    """Rule 13: a function that needs too long is ended, and its batch failed as with an exception."""
    run = Run(lambda _: run.clock.spend(2 if len(run.seen) > 1 else 4), {"timeout_seconds": 3})
    run.stream.put("key", b"x")
    started_at = run.clock.now()
    run.simulator.run()
    assert [Outcome.TIMED_OUT, Outcome.SUCCEEDED] == [each.outcome for each in run.simulator.invocations]
    assert run.clock.now() == started_at + 3 + 0.25 + 2


def test_remaining_time() -> None:
    """Rule 13: the context tells how many milliseconds are left, on the virtual clock."""
    left: list[int] = []
    clock = Clock()

    def handle(_: object, context: Context) -> None:
        left.append(context.get_remaining_time_in_millis())
        clock.spend(1.5)
        left.append(context.get_remaining_time_in_millis())

    source = KinesisSource(clock)
    source.put("key", b"x")
    Simulator(source, EventSourceMapping(timeout_seconds=10), handle, clock).run()
    assert [10_000, 8_500] == left


# A2: on-failure destination -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("as_text", [False, True])
def test_s3_destination(as_text: bool) -> None:  # noqa: FBT001 - a row of a table
    """Rule 14: S3 gets the records as they were delivered, under a name made of mapping, shard and time."""
    unproven = Unproven(payload_is_text=as_text)
    run = run_six(raises_for(2), maximum_retry_attempts=0, batch_size=2, unproven=unproven, **DESTINATION)
    ((key, body),) = run.simulator.on_failure.objects.items()
    assert key.startswith("aws/lambda/8d0a1b5e-0000-4000-8000-000000000001/shardId-000000000000/2025/11/24/2025-11-24T")
    record = json.loads(body)
    payload = json.loads(record["payload"]) if as_text else record["payload"]
    assert {"Records": [each.original for each in run.stream.records()[:2]]} == payload
    assert ("1", "2", 2) == tuple(
        record["KinesisBatchInfo"][name] for name in ("startSequenceNumber", "endSequenceNumber", "batchSize")
    )


def test_sqs_destination_has_no_records() -> None:
    """Rule 14: SQS gets where the records lie, and not the records."""
    run = run_six(raises_for(2), maximum_retry_attempts=0, destination="sqs")
    (body,) = run.simulator.on_failure.sent
    assert ("payload" in json.loads(body), {}) == (False, run.simulator.on_failure.objects)


def test_table_destination() -> None:
    """Rule 14: for a table's stream the field has another name, and its times no milliseconds."""
    run = Run(raises_for(1), {"maximum_retry_attempts": 0, **DESTINATION}, TableSource(Clock(), next_number=1))
    assert isinstance(run.source, TableSource)
    run.source.put({"order_id": {"S": "1"}}, after={"order_id": {"S": "1"}})
    run.simulator.run()
    (body,) = run.simulator.on_failure.objects.values()
    info = json.loads(body)["DDBStreamBatchInfo"]
    assert ("2025-11-24T16:00:00Z", "1") == (info["approximateArrivalOfFirstRecord"], info["startSequenceNumber"])


def test_no_destination() -> None:
    """Without a destination what is given up is gone, but the simulator knows of it."""
    run = run_six(raises_for(1), maximum_retry_attempts=0)
    assert ([], {}) == (run.simulator.on_failure.sent, run.simulator.on_failure.objects)
    assert ONE_TO_SIX == [record.sequence_number for record in run.simulator.records_given_up()]


# A3: order and parallelism --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("factor", [1, 2, 10])
def test_order_per_key(factor: int) -> None:
    """Rule 17: whatever the ParallelizationFactor, the records of a key are first delivered in order, in one lane."""
    run = Run(once(raises_for(*range(1, 60))), {"parallelization_factor": factor, "batch_size": 7})
    keys = {run.stream.put(f"key-{number % 9}", b"x").sequence_number: number % 9 for number in range(60)}
    run.simulator.run()
    delivered = list(dict.fromkeys(number for batch in run.seen for number in batch))
    for key in range(9):
        mine = [number for number in delivered if keys[number] == key]
        assert sorted(mine) == mine
    assert (sorted(keys), min(factor, 7) <= len({each.lane for each in run.simulator.invocations}) <= factor) == (
        sorted(delivered),
        True,
    )


def test_parent_before_child() -> None:
    """Rule 20: nothing of a child is delivered before all of its parents is done with."""
    run = Run(once(raises_for(1)), source=KinesisSource(Clock(), next_number=1, shard_count=2))
    source = run.stream
    everything = [source.put(f"key-{number}", b"x") for number in range(20)]
    source.split("shardId-000000000000")
    everything += [source.put(f"key-{number}", b"x") for number in range(20)]
    source.merge("shardId-000000000003", "shardId-000000000001")
    everything += [source.put(f"key-{number}", b"x") for number in range(20)]
    run.simulator.run()
    delivered = [number for batch in run.seen for number in batch]
    first = list(dict.fromkeys(delivered))
    for number in range(20):
        mine = [record.sequence_number for record in everything if record.key == f"key-{number}"]
        assert mine == [each for each in first if each in mine]
    shards = list(dict.fromkeys(each.shard[-1] for each in run.simulator.invocations))
    assert {"0", "1", "2", "3", "4"} == set(shards)
    assert shards.index("0") < min(shards.index("2"), shards.index("3"))
    assert shards.index("4") > max(shards.index("1"), shards.index("3"))


# batches, windows, restarts -------------------------------------------------------------------------------------------


def test_window() -> None:
    """A batch is gathered until it is full or the window is over."""
    run = Run(lambda _: None, {"batch_size": 3, "window_seconds": 10})
    started_at = run.clock.now()
    for number in range(5):
        run.stream.put("key", b"x")
        run.simulator.run(until=started_at + 2 * number)
    assert [[1, 2, 3]] == run.seen
    run.simulator.run()
    assert ([[1, 2, 3], [4, 5]], started_at + 14) == (run.seen, run.clock.now())


def test_six_megabytes() -> None:
    """A batch holds 6 MB as base64; a record that no batch can hold is given up without an invocation."""
    run = Run(lambda _: None)
    for size in (2, 2, 2, 5, 1):
        run.stream.put("key", bytes(size * 1_000_000))
    run.simulator.run()
    assert ([[1, 2], [3], [5]], [([4], EXHAUSTED, 0)]) == (run.seen, run.given_up())


def test_refill() -> None:
    """Not proven: what is left of a batch comes again alone, or with what is newer."""
    for refills, seen in [(False, [[1, 2, 3], [3], [4, 5, 6]]), (True, [[1, 2, 3], [3, 4, 5], [6]])]:
        run = run_six(once(names_poison(3)), batch_size=3, unproven=Unproven(refills=refills))
        assert seen == run.seen


def test_restart() -> None:
    """A mapping that begins anew repeats from the checkpoint, or from the horizon, and goes on."""
    run = run_six(lambda _: None, batch_size=4)
    assert [[1, 2, 3, 4], [5, 6]] == run.seen
    run.simulator.restart()
    run.simulator.run()
    assert [[1, 2, 3, 4], [5, 6]] == run.seen
    run.simulator.restart(from_horizon=True)
    run.simulator.run()
    assert [[1, 2, 3, 4], [5, 6]] * 2 == run.seen


def test_restart_at_the_checkpoint() -> None:
    """The checkpoint is before the first record that any lane has not done with: what others did comes again."""
    run = Run(raises_for(1), {"parallelization_factor": 2, "batch_size": 1})
    for number in range(4):
        run.stream.put(f"key-{number}", b"x")
    run.simulator.run(until=run.clock.now() + 0.1)
    assert {1} < {number for batch in run.seen for number in batch}
    run.answer = lambda _: None
    run.seen.clear()
    run.simulator.restart()
    run.simulator.run()
    assert [[1], [2], [3], [4]] == sorted(run.seen)


def test_latest() -> None:
    """A mapping that starts at the latest record delivers what is put after it was made, in any shard."""
    source = KinesisSource(Clock(), next_number=1)
    source.put("key", b"x")
    run = Run(lambda _: None, {"starting_position": "LATEST"}, source)
    source.put("key", b"x")
    source.split("shardId-000000000000")
    source.put("key", b"x")
    run.simulator.run()
    assert [[2], [3]] == run.seen


def test_retention() -> None:
    """What is older than the retention can no longer be delivered."""
    run = Run(lambda _: None)
    run.stream.put("key", b"x")
    run.clock.spend(run.stream.retention_seconds + 1)
    run.stream.put("key", b"x")
    run.simulator.run()
    assert ([[2]], [1]) == (run.seen, [record.sequence_number for record in run.stream.trimmed])


def test_filtered() -> None:
    """What no pattern matches is not delivered, and does not hold the checkpoint back."""
    run = Run(lambda _: None, {"filters": ({"partitionKey": ["good"]},)})
    for key in ("bad", "good", "bad"):
        run.stream.put(key, b"x")
    run.simulator.run()
    run.simulator.restart()
    run.simulator.run()
    assert ([[2]], [1, 3]) == (run.seen, [record.sequence_number for record in run.simulator.filtered])


def test_events_are_copies() -> None:
    """What a handler does to its event is not seen by the next delivery."""

    def answer(event: Mapping[str, Any], _: Context) -> Any:  # noqa: ANN401 - JSON
        seen.append(event["Records"][0].pop("eventID"))
        return names(1) if len(seen) == 1 else None

    seen: list[str] = []
    source = KinesisSource(Clock(), next_number=1)
    source.put("key", b"x")
    Simulator(source, EventSourceMapping(), answer, source.clock).run()
    assert ["shardId-000000000000:1"] * 2 == seen


def test_same_seed_same_run() -> None:
    """Nothing of a run is left to the machine."""

    def run() -> list[list[int]]:
        run = Run(once(raises_for(1, 2, 3)), {"parallelization_factor": 10, "batch_size": 2})
        for number in range(30):
            run.stream.put(f"key-{number}", b"x")
        run.simulator.run()
        return run.seen

    assert run() == run()
