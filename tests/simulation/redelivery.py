"""A batch that is delivered, with functions that are killed on the way, until nothing is left to deliver.

What was killed gave no answer, so the next delivery begins where it began, and holds as many records as the plan says:
the same, fewer (a bisect), more (a batch that was filled up). An answer moves the checkpoint.

A table or a bucket is compared as it is. A stream cannot take an entry back, so what was put twice lies there twice:
there the first of each event is compared, key by key, and what `process` makes of the whole.
"""

from __future__ import annotations

from collections import defaultdict
from copy import replace
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import orjson

from pipeline.core.records import read
from pipeline.model import MARKER
from pipeline.testing.mapping import Context, FunctionDied
from pipeline.testing.mapping.cloud import Cloud, Results
from pipeline.testing.mapping.crashes import CrashPoint, Fuse, crash_points
from pipeline.testing.mapping.fault_kinds import CallFault
from pipeline.testing.mapping.troubles import TROUBLES
from tests.simulation.batches import LEFT, REFUSED, stages
from tests.simulation.seen import event_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from pipeline.model import LambdaRecord
    from pipeline.testing.mapping.faults import Around
    from pipeline.testing.mapping.troubles import Call
    from tests.simulation.batches import Batch

# Enough for several tries of a call, before the reserve of the consumer begins.
TIMEOUT_SECONDS = 8.0
ALL = 10_000


class Plan(NamedTuple):
    """Deliveries: how many records each has (after the last, all), which are killed where, and by when trouble ends.

    Args:
        sizes: in records.
        deaths: None lets one live.
        stuck: how many deliveries meet what cannot be written.
    """

    sizes: tuple[int, ...]
    deaths: tuple[CrashPoint | None, ...] = ()
    stuck: int = 0


@dataclass
class Run:
    """What happened.

    Args:
        calls: how many each delivery made.
        acknowledged: how many records each answer acknowledged, but for those that acknowledged none.
        late: how many calls the dead made.
        dangling: references that were on the stream before what they lead to was left.
    """

    cloud: Cloud
    calls: list[int] = field(default_factory=list)
    acknowledged: list[int] = field(default_factory=list)
    late: int = 0
    dangling: list[str] = field(default_factory=list)


def deliver(batch: Batch, plan: Plan, seed: int = 0) -> Run:
    """Deliver the records of a batch as planned."""
    fuse, run = Fuse(), Run(Cloud(seed))
    cloud, checkpoint = run.cloud, 0
    cloud.table.invalid = frozenset({f"event#{REFUSED}"})
    cloud.s3.buckets["claims"] = dict(LEFT)
    with cloud:
        while checkpoint < len(batch.records):
            number = len(run.calls)
            fuse.arm(plan.deaths[number] if number < len(plan.deaths) else None)
            cloud.around = _stuck(batch.stuck, fuse) if number < plan.stuck else fuse
            size = plan.sizes[number] if number < len(plan.sizes) else ALL
            done = _invoke(batch.function, batch.records[checkpoint : checkpoint + size], cloud)
            checkpoint += done
            run.calls.append(fuse.calls)
            run.acknowledged += [done] if done else []
            run.dangling += dangling(cloud)
    run.late = fuse.late
    return run


def _invoke(function: str, records: Sequence[LambdaRecord], cloud: Cloud) -> int:
    """How many records were acknowledged."""
    clock = cloud.clock
    clock.deadline_at = clock.now() + TIMEOUT_SECONDS
    try:
        answer = cloud.handler(stages()[function])({"Records": records}, Context(clock, clock.deadline_at))
    except FunctionDied:
        return 0
    finally:
        clock.deadline_at = None
    named = [failure["itemIdentifier"] for failure in answer["batchItemFailures"]]
    numbers = [each.position.sequence_number for each in read({"Records": records})]
    return numbers.index(*named) if named else len(records)


def _stuck(part: str, fuse: Fuse) -> Around:
    """Throttles what has this in its key or name; of several entries of a stream, only those."""

    def around(call: Call) -> Any:  # noqa: ANN401 - what the call answers
        # As Python, where data are bytes, and as JSON, which items are written in already.
        if part in str(call.arguments) or part.encode() in orjson.dumps(call.arguments, default=str):
            return fuse(replace(call, operation=partial(_refuse, part, call)))
        return fuse(call)

    return around


def _refuse(part: str, call: Call, **_: object) -> Any:  # noqa: ANN401 - the same
    if "Records" not in call.arguments:
        return TROUBLES[CallFault.THROTTLED](call)
    entries = call.arguments["Records"]
    others = [entry for entry in entries if part not in entry["PartitionKey"]]
    accepted = iter(call.do(Records=others)["Records"] if others else ())
    refused = {"ErrorCode": "ProvisionedThroughputExceededException", "ErrorMessage": "told to"}
    answers = [refused if part in entry["PartitionKey"] else next(accepted) for entry in entries]
    return {"FailedRecordCount": len(entries) - len(others), "Records": answers}


# what is left ---------------------------------------------------------------------------------------------------------


class State(NamedTuple):
    """All that is there in the end.

    Args:
        results: the table, the archive and the dead letters, as they are.
        events: those on the stream, by partition key, each where it came first.
        processed: what `process` makes of the stream: items and lines, but for positions.
    """

    results: Results
    events: Mapping[str, list[dict[str, Any]]]
    processed: tuple[list[Any], list[Any]]


def dangling(cloud: Cloud) -> list[str]:
    """The references on the stream that lead to nothing."""
    references = [event_of(record).get("dataref", "") for record in cloud.stream.records()]
    return [each for each in references if each and each.removeprefix("s3://claims/") not in cloud.s3.buckets["claims"]]


def state_of(cloud: Cloud) -> State:
    """What is there now."""
    by_key: defaultdict[str, dict[str, dict[str, Any]]] = defaultdict(dict)
    for record in cloud.stream.records():
        event = event_of(record)
        by_key[record.key].setdefault(event["id"], event)
    return State(cloud.results(), {key: [*events.values()] for key, events in by_key.items()}, _processed(cloud))


def _processed(cloud: Cloud) -> tuple[list[Any], list[Any]]:
    records = [record.original for record in cloud.stream.records()]
    if not records:
        return [], []
    with Cloud() as downstream:
        downstream.s3.buckets["claims"] = cloud.s3.buckets["claims"]
        _invoke("process", records, downstream)
    results = downstream.results()
    items = [{**item, MARKER: None, "expires_at": None} for _, item in sorted(results.items.items())]
    lines = {line["id"]: {**line, "position": None} for line in results.lines()}
    return items, sorted(lines.values(), key=lambda line: line["id"])


_faultless: Final[dict[tuple[str, tuple[int, ...]], State]] = {}


def faultless(batch: Batch, sizes: tuple[int, ...]) -> State:
    """What is there when all goes well, and the batches have these sizes."""
    if (batch.name, sizes) not in _faultless:
        _faultless[batch.name, sizes] = state_of(deliver(batch, Plan(sizes)).cloud)
    return _faultless[batch.name, sizes]


def broken(batch: Batch, plan: Plan, seed: int = 0) -> list[str]:
    """What is not as it is when all goes well and every answer acknowledges the same records.

    Other answers make other objects, so the lines are compared a second time with those of one large batch.
    """
    run = deliver(batch, plan, seed)
    expected, actual = faultless(batch, tuple(run.acknowledged)), state_of(run.cloud)
    found = [f"{what}: {is_so!r}, not {must_be!r}" for what, must_be, is_so in _differences(expected, actual)]
    whole = faultless(batch, (ALL,)).results
    if (whole.items, whole.lines(), whole.dead_letters) != (
        actual.results.items,
        actual.results.lines(),
        actual.results.dead_letters,
    ):
        found.append("not what one batch of all records leaves")
    found += [f"moved back: {each}" for each in run.cloud.moved_back()]
    if run.late:
        found.append(f"{run.late} calls of the dead")
    found += [f"leads to nothing: {each}" for each in run.dangling]
    return [f"{batch.name}, seed {seed}, {plan}: {each}" for each in found]


def _differences(expected: State, actual: State) -> Iterator[tuple[str, Any, Any]]:
    for what in Results._fields:
        yield from _different(what, getattr(expected.results, what), getattr(actual.results, what))
    yield from _different("stream", expected.events, actual.events)
    if expected.processed != actual.processed:
        yield "processed", expected.processed, actual.processed


def _different(what: str, expected: Mapping[Any, Any], actual: Mapping[Any, Any]) -> Iterator[tuple[str, Any, Any]]:
    for key in expected.keys() | actual.keys():
        if expected.get(key) != actual.get(key):
            yield f"{what} {key}", expected.get(key), actual.get(key)


# every place where a function can be killed ---------------------------------------------------------------------------


def single_deaths(batch: Batch, seed: int = 0) -> Iterator[Plan]:
    """Killed once, at every place: when all goes well, in trouble, and after an answer that named a record."""
    size = batch.size
    for point in crash_points(deliver(batch, Plan((size,)), seed).calls[0]):
        yield from (Plan((size, again), (point,)) for again in _sizes(size))
    troubled = deliver(batch, Plan((size,), stuck=1), seed)
    for point in crash_points(troubled.calls[0]):
        yield from (Plan((size, again), (point,), stuck=2) for again in _sizes(size))
    rest = size - troubled.acknowledged[0]
    for following in (rest, rest + 2):
        calls = deliver(batch, Plan((size, following), stuck=1), seed).calls[1]
        for point in crash_points(calls):
            yield from (Plan((size, following, again), (None, point), stuck=1) for again in _sizes(rest))


def double_deaths(batch: Batch, seed: int = 0) -> Iterator[Plan]:
    """Killed at every place, and once more at every place."""
    size = batch.size
    for first in crash_points(deliver(batch, Plan((size,)), seed).calls[0]):
        for again in _sizes(size):
            calls = deliver(batch, Plan((size, again), (first,)), seed).calls[1]
            for second in crash_points(calls):
                yield from (Plan((size, again, third), (first, second)) for third in _sizes(size))


def _sizes(size: int) -> Sequence[int]:
    """The same again; a half and a single one, as bisects make them; and more, when others have come."""
    return sorted({size, (size + 1) // 2, 1, size + 2})
